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
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser } from 'playwright';
import { axeComplaints, launchBrowser, settled } from './looking.ts';
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
    options: {
      size: { type: 'string' },
      theme: { type: 'string' },
      axe: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
    },
  });
  const wanted = screens.filter(
    ({ name }) => positionals.length === 0 || positionals.some((start) => name.startsWith(start)),
  );
  if (values.list || wanted.length === 0) {
    console.log(screens.map(({ name }) => name).join('\n'));
    return;
  }
  mkdirSync(outputFolder, { recursive: true });
  const world = (await runningWorld()) ?? (await startWorld());
  const browser = await launchBrowser();
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
async function shootAll(
  browser: Browser,
  world: World,
  wanted: readonly Screen[],
  size: Size,
  theme: Theme,
  axe: boolean,
): Promise<number> {
  let complaints = 0;
  for (const who of new Set(wanted.map((screen) => screen.who))) {
    const context = await browser.newContext({
      viewport: sizes[size],
      colorScheme: theme,
      locale: 'en-GB',
      timezoneId: 'Europe/Berlin',
      reducedMotion: 'reduce',
    });
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
        await page
          .locator(screen.ready ?? 'main, nav[aria-label="Places"]')
          .first()
          .waitFor({ timeout: 10_000 });
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
