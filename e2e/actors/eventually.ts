import { expect } from 'playwright/test';

/** Milliseconds an actor waits for what must come: a busy machine is no failure. */
export const patience = 30_000;

/** Assertions about a page that wait until they hold. */
export const sees = expect.configure({ timeout: patience });

/** Repeats until nothing is thrown. */
export async function until(check: () => Promise<void>): Promise<void> {
  await expect(check).toPass({ timeout: patience, intervals: [50, 100, 250] });
}
