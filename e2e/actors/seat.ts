import type { BrowserContext, Page } from 'playwright';
import type { Witness } from './witness.ts';

/** A browser with one window, and who watches it. */
export interface Seat {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly witness: Witness;
}
