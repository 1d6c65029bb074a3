/// <reference lib="dom" />
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Frame, Page } from 'playwright';
import type { AxeResults, RunOptions } from 'axe-core';
import { patience } from './eventually.ts';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const widths = [1280, 400];
const themes = ['light', 'dark'] as const;

/**
 * Looks at a page in both themes, wide and narrow. The page stays as it is: what is open stays open.
 * @param frame what to look at, where it is not the page itself
 * @returns what is serious or worse, in words
 */
export async function barriersOf(page: Page, screen: string, frame: Frame = page.mainFrame()): Promise<string[]> {
  const before = page.viewportSize();
  const found: string[] = [];
  for (const width of widths) {
    await page.setViewportSize({ width, height: 860 });
    for (const colorScheme of themes) {
      await page.emulateMedia({ colorScheme });
      await settled(page, colorScheme);
      for (const barrier of await look(frame)) found.push(`${screen}, ${width} px, ${colorScheme}: ${barrier}`);
    }
  }
  if (before) await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: 'light' });
  return found;
}

async function look(frame: Frame): Promise<string[]> {
  await frame.evaluate(source);
  return frame.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(context: Document, options: RunOptions): Promise<AxeResults> } };
    // Frames are looked at by themselves; axe would wait for its own answer from each.
    const { violations } = await axe.run(document, { resultTypes: ['violations'], iframes: false });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, help, nodes }) =>
        nodes.map(
          ({ target, failureSummary = '' }) =>
            `${id}: ${help} at ${target.join(' ')} (${failureSummary.split('\n')[1]?.trim() ?? ''})`,
        ),
      );
  });
}

/** Until the page has taken the theme, nothing is being fetched or moves, and it has been painted. */
async function settled(page: Page, theme: 'light' | 'dark'): Promise<void> {
  // The console takes the theme by a program of its own; other pages by their style alone.
  await page.waitForFunction((wanted) => (document.documentElement.dataset['theme'] ?? wanted) === wanted, theme, {
    timeout: patience,
  });
  await painted(page);
  await page.waitForFunction(
    () =>
      ![...document.querySelectorAll('[role="status"]')].some((each) => each.textContent?.startsWith('Fetching')) &&
      document.getAnimations().every(({ effect, playState }) => {
        const endless = effect?.getComputedTiming().iterations === Infinity;
        return endless || playState !== 'running';
      }),
    undefined,
    { timeout: patience },
  );
  await painted(page);
}

async function painted(page: Page): Promise<void> {
  await page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(undefined)))),
  );
}
