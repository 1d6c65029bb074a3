/**
 * Photographs every screen of the console, signed in through the sandbox's real account page.
 *
 *   node e2e/screens/shoot.ts                      all screens, 1280×860 and 400×800, light and dark
 *   node e2e/screens/shoot.ts live desk-thread     only those whose names begin like that
 *   node e2e/screens/shoot.ts live --size narrow --theme dark
 *   node e2e/screens/shoot.ts --axe                also reports what axe finds on each; exits with 1 if anything
 *   node e2e/screens/shoot.ts --list               the names
 *
 * The pictures are `.parley/screens/{name}.{size}.{theme}.png`. It uses the world that `world.ts` keeps running, or starts
 * one for its own time from the last build of the console (CONSOLE_DIR for another). CHROMIUM_PATH names another browser
 * than /usr/bin/chromium.
 */
/// <reference lib="dom" />
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium, type Browser, type Page } from 'playwright';
import { screens, type Screen } from './screens.ts';
import { signIn } from './sign-in.ts';
import { outputFolder, startWorld, worldFile, type World } from './world.ts';

const sizes = { wide: { width: 1280, height: 860 }, narrow: { width: 400, height: 800 } } as const;
const themes = ['light', 'dark'] as const;
type Size = keyof typeof sizes;
type Theme = (typeof themes)[number];

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { size: { type: 'string' }, theme: { type: 'string' }, axe: { type: 'boolean', default: false }, list: { type: 'boolean', default: false } },
  });
  const wanted = screens.filter(({ name }) => positionals.length === 0 || positionals.some((start) => name.startsWith(start)));
  if (values.list || wanted.length === 0) {
    console.log(screens.map(({ name }) => name).join('\n'));
    return;
  }
  mkdirSync(outputFolder, { recursive: true });
  const world = (await runningWorld()) ?? (await startWorld());
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  let complaints = 0;
  try {
    for (const size of Object.keys(sizes) as Size[]) {
      if (values.size !== undefined && values.size !== size) continue;
      for (const theme of themes) {
        if (values.theme !== undefined && values.theme !== theme) continue;
        complaints += await shootAll(browser, world, wanted, size, theme, values.axe);
      }
    }
  } finally {
    await browser.close();
    await world.close();
  }
  if (complaints > 0) process.exitCode = 1;
}

/** One window per person, as they would have it. @returns how many complaints there were */
async function shootAll(browser: Browser, world: World, wanted: readonly Screen[], size: Size, theme: Theme, axe: boolean): Promise<number> {
  let complaints = 0;
  for (const who of new Set(wanted.map((screen) => screen.who))) {
    const context = await browser.newContext({ viewport: sizes[size], colorScheme: theme, locale: 'en-GB', timezoneId: 'Europe/Berlin', reducedMotion: 'reduce' });
    const page = await context.newPage();
    page.on('pageerror', (error) => console.log(`  ! ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error') console.log(`  ! ${message.text()}`);
    });
    if (who !== undefined) await signIn(page, world.url, who);
    for (const screen of wanted.filter((each) => each.who === who)) {
      const file = `${screen.name}.${size}.${theme}.png`;
      try {
        await page.goto(world.url + screen.path(world.conversations));
        await page.locator(screen.ready ?? 'main, nav[aria-label="Places"]').first().waitFor({ timeout: 10_000 });
        await settled(page);
        await screen.then?.(page, size);
        await settled(page);
      } catch (error) {
        complaints += 1;
        console.log(`  ! ${screen.name}: ${(error as Error).message.split('\n').slice(0, 3).join(' ')}`);
      }
      await page.screenshot({ path: join(outputFolder, file), animations: 'disabled' });
      const found = axe ? await axeComplaints(page) : [];
      complaints += found.length;
      console.log([file, ...found.map((line) => `  axe ${line}`)].join('\n'));
    }
    await context.close();
  }
  return complaints;
}

/** Until nothing on the page says that it is being fetched, and it has been painted. */
async function settled(page: Page): Promise<void> {
  await page.waitForFunction(() => ![...document.querySelectorAll('[role="status"]')].some((each) => each.textContent?.startsWith('Fetching')), undefined, { timeout: 10_000 });
  await page.waitForLoadState('networkidle', { timeout: 2_000 }).catch(() => undefined);
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

async function axeComplaints(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const axe = (window as unknown as { axe: { run(options: object): Promise<{ violations: { id: string; help: string; nodes: { target: unknown[]; failureSummary?: string }[] }[] }> } }).axe;
    const { violations } = await axe.run({ resultTypes: ['violations'] });
    return violations.flatMap(({ id, help, nodes }) => nodes.slice(0, 4).map(({ target, failureSummary }) => `${id}: ${help} at ${target.join(' ')} (${failureSummary?.split('\n')[1]?.trim() ?? ''})`));
  });
}

async function runningWorld(): Promise<World | undefined> {
  try {
    const { url, sandbox, conversations } = JSON.parse(readFileSync(worldFile, 'utf8')) as World;
    if (!(await fetch(`${url}/healthz`)).ok) return undefined;
    console.log(`Using the world at ${url}`);
    return { url, sandbox, conversations, close: async () => undefined };
  } catch {
    return undefined;
  }
}

await main();
