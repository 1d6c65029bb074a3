import { existsSync } from 'node:fs';
import { chromium } from 'playwright';
import type { Browser, BrowserContext, BrowserContextOptions, FrameLocator, Page } from 'playwright';
import type { World } from './world.ts';

const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';

/** Why there is no browser to test with; undefined when there is. */
export const noBrowser = existsSync(executablePath) ? undefined : `no Chromium at ${executablePath}; set CHROMIUM_PATH`;

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
}

export interface Visit {
  readonly context: BrowserContext;
  readonly page: Page;
  /** The chat page inside the panel. */
  readonly chat: FrameLocator;
  /** What the page's policy has refused, and what its scripts have thrown. */
  readonly complaints: string[];
}

/** Opens the demonstration page. */
export async function visit(
  browser: Browser,
  world: World,
  { path = '/', ...options }: BrowserContextOptions & { path?: string } = {},
): Promise<Visit> {
  const context = await browser.newContext(options);
  const complaints: string[] = [];
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || /Content Security Policy/.test(message.text())) complaints.push(message.text());
  });
  await page.goto(world.botUrl + path);
  return { context, page, chat: page.frameLocator('#parley iframe'), complaints };
}

export const launcherOf = (page: Page) => page.locator('#parley .launcher');
export const fieldOf = (chat: FrameLocator) => chat.locator('[data-id="webchat-sendbox-input"]');

export async function say(chat: FrameLocator, text: string): Promise<void> {
  await fieldOf(chat).fill(text);
  await fieldOf(chat).press('Enter');
}

/** What stands in the bubbles, in order. */
export function linesOf(chat: FrameLocator): Promise<string[]> {
  return chat.locator('.webchat__basic-transcript .webchat__bubble__content').allInnerTexts();
}
