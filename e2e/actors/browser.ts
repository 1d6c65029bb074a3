import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions } from 'playwright';

/** @throws in words when there is no Chromium */
export async function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: browserPath(), args: flags });
}

/** A browser of its own that keeps what it keeps in a folder, and finds it there the next time. */
export async function openProfile(directory: string, options: BrowserContextOptions = {}): Promise<BrowserContext> {
  return chromium.launchPersistentContext(directory, {
    ...options,
    executablePath: browserPath(),
    args: [...flags, '--hide-crash-restore-bubble'],
  });
}

const flags = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];

function browserPath(): string {
  const named = process.env['CHROMIUM_PATH'];
  if (named) return named;
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const found = (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find(isExecutable);
  if (found === undefined)
    throw new Error(
      'The browser tests need Chromium and none is on the PATH: install chromium, or name one with CHROMIUM_PATH.',
    );
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
