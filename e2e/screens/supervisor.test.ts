import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { paths } from '@parley/contracts';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { axeComplaints, launchBrowser, settled } from './looking.ts';
import { screens } from './screens.ts';
import { signIn } from './sign-in.ts';
import { startWorld, type OwnWorld } from './world.ts';

const built = existsSync(
  `${process.env['CONSOLE_DIR'] ?? fileURLToPath(new URL('../../apps/console/dist', import.meta.url))}/index.html`,
);
const browserThere = existsSync(process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium');

describe.skipIf(!built || !browserThere)(
  'what a supervisor does (skipped without a built console and Chromium)',
  { timeout: 120_000 },
  () => {
    let world: OwnWorld;
    let browser: Browser;
    let page: Page;
    const id = (key: string) => world.conversations[`contoso/${key}`] as string;
    const rows = () => page.locator('[data-row]');
    const focusedRow = () => page.evaluate('document.activeElement?.dataset?.row');
    const search = () => new URL(page.url()).searchParams;
    const bot = async (path: string, body: object) => {
      const answer = await (await world.as({ bot: 'contoso' })).call('POST', path, body);
      expect(answer.status).toBeLessThan(300);
    };
    const says = (conversation: string, text: string) =>
      bot(paths.botTurns, {
        turns: [
          {
            channel: 'directline',
            conversation,
            id: randomUUID(),
            speaker: 'user',
            text,
            user: { id: `dl_${conversation}`, name: 'Nora Quist' },
          },
        ],
      });

    beforeAll(async () => {
      [world, browser] = await Promise.all([startWorld(), launchBrowser()]);
      page = await (await browser.newContext({ viewport: { width: 1280, height: 860 } })).newPage();
      await signIn(page, world.url, 'marta');
    }, 120_000);
    afterAll(async () => {
      await browser?.close();
      await world?.close();
    });

    test('J and K point, Enter opens, Escape goes back to the row', async () => {
      await page.goto(`${world.url}/contoso/live`);
      await rows().first().waitFor();
      await page.keyboard.press('j');
      const first = await rows().first().getAttribute('data-row');
      await expect.poll(focusedRow).toBe(first);
      await page.keyboard.press('j');
      const second = await rows().nth(1).getAttribute('data-row');
      await expect.poll(focusedRow).toBe(second);
      await page.keyboard.press('k');
      await expect.poll(focusedRow).toBe(first);
      await page.keyboard.press('Enter');
      await page.getByRole('log').waitFor();
      expect(search().get('c')).toBe(first);
      await page.keyboard.press('Escape');
      await expect.poll(() => search().get('c')).toBeNull();
      await expect(page.getByRole('log').count()).resolves.toBe(0);
    });

    test('what happens at the desk shows by itself: a new conversation, its lines, its wait in the queue', async () => {
      await page.goto(`${world.url}/contoso/live?queue=general`);
      const card = page.getByRole('button', { name: /^General/ });
      await card.waitFor();
      await expect.poll(() => card.getAttribute('aria-pressed')).toBe('true');
      const waiting = async () => Number(/(\d+) ?waiting/.exec((await card.innerText()).replaceAll('\n', ' '))?.[1]);
      const before = await waiting();
      const key = `live-${randomUUID().slice(0, 8)}`;
      await says(key, 'is anybody there');
      await bot(paths.botHandoffs, {
        channel: 'directline',
        conversation: key,
        id: randomUUID(),
        user: { id: `dl_${key}`, name: 'Nora Quist' },
        queue: 'general',
        packet: { reason: 'Asked for a person' },
      });
      const row = page.getByRole('link', { name: /Nora Quist/ });
      await row.waitFor();
      await expect.poll(waiting, { timeout: 10_000 }).toBe(before + 1);
      await says(key, 'hello hello hello');
      await expect.poll(() => row.innerText()).toContain('hello hello hello');

      await row.click();
      await page.getByRole('log').getByText('hello hello hello').waitFor();
      await says(key, 'and one more');
      await page.getByRole('log').getByText('and one more').waitFor();
      await bot(paths.botSignals, { channel: 'directline', conversation: key, kind: 'typing' });
      await page.getByText('Nora is typing…').waitFor();
    });

    test('a supervisor’s note leaves the conversation with who holds it', async () => {
      await page.goto(`${world.url}/contoso/live?c=${id('oskar')}`);
      const note = page.getByRole('textbox', { name: 'Note for the desk' });
      await note.fill('Refund the fee, please.');
      await note.press('Enter');
      await page.getByRole('log').getByText('Refund the fee, please.').waitFor();
      const head = (
        await (
          await world.as('marta')
        ).call<{ conversation: { holder: object } }>('GET', paths.conversation(id('oskar')))
      ).body.conversation;
      expect(head.holder).toMatchObject({ state: 'assigned', consultant: { name: 'Lukas Meyer' } });
    });

    test('taking over what waits opens it on the supervisor’s own desk', async () => {
      await page.goto(`${world.url}/contoso/live?c=${id('guest-4821')}`);
      await page.getByRole('button', { name: 'Accept', exact: true }).click();
      await page.waitForURL(`**/contoso/c/${id('guest-4821')}`);
      await page.getByRole('textbox', { name: /^Reply to/ }).waitFor();
    });

    test('a search stands in the address, marks its hits and is there again after a reload', async () => {
      await page.goto(`${world.url}/contoso/transcripts`);
      await page.getByRole('textbox', { name: 'Search what was said' }).fill('haushaltsbuch');
      await expect.poll(() => search().get('text')).toBe('haushaltsbuch');
      await expect.poll(() => rows().count()).toBe(1);
      expect(await page.locator('mark').allInnerTexts()).toContain('Haushaltsbuch');
      await page.reload();
      await expect.poll(() => rows().count()).toBe(1);
      expect(await page.getByRole('textbox', { name: 'Search what was said' }).inputValue()).toBe('haushaltsbuch');
      await page.getByRole('button', { name: 'Clear the search' }).click();
      await expect.poll(() => search().get('text')).toBeNull();
      await expect.poll(() => rows().count()).toBeGreaterThan(5);
    });

    test('filters narrow what the desk is asked for, and can be taken off again', async () => {
      await page.goto(`${world.url}/contoso/transcripts?outcome=not-solved`);
      await page.getByText(/^\d+ conversations?, newest first/).waitFor();
      expect(await page.getByText('Closed · Not solved').count()).toBe(await rows().count());
      await page.getByLabel('State').selectOption('queued');
      await page.getByText('Only closed conversations have an outcome.').waitFor();
      await page.getByLabel('Outcome').selectOption('');
      await expect.poll(() => search().get('outcome')).toBeNull();
      await page.getByLabel('To', { exact: true }).fill('2001-01-01');
      await page.getByText('No conversation fits these filters.').waitFor();
      await page.getByRole('button', { name: 'Show everything' }).click();
      await expect.poll(() => [...search().keys()]).toEqual([]);
    });

    test('“Load more” brings the rest, each conversation once', async () => {
      await page.goto(`${world.url}/contoso/transcripts`);
      await page.getByText('50+ conversations, newest first').waitFor();
      await rows().first().focus();
      await page.keyboard.press('End');
      await page.getByRole('button', { name: 'Load more' }).click();
      await page.getByText('That is all.').waitFor();
      const count = Number(/^(\d+) /.exec(await page.getByText(/conversations, newest first/).innerText())?.[1]);
      expect(count).toBeGreaterThan(50);
    });

    test.each([
      ['Text', /\.txt$/, /Mei-Lin Wu: The payment is the yearly fee/],
      ['JSON, everything', /\.json$/, /"format": "parley\/1"/],
      ['Bot Framework .transcript', /\.transcript$/, /"type": "message"/],
    ])('exports %s under the name the desk gives it', async (name, file, content) => {
      await page.goto(`${world.url}/contoso/transcripts?c=${id('passed-round')}`);
      await page.getByRole('button', { name: 'Export' }).click();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('menuitem', { name }).click(),
      ]);
      expect(download.suggestedFilename()).toMatch(file);
      expect(download.suggestedFilename()).toContain(id('passed-round'));
      expect(readFileSync(await download.path(), 'utf8')).toMatch(content);
    });

    test('a thread of 300 lines opens at its handoff, comes whole as one scrolls, and H goes back to the handoff', async () => {
      await page.goto(`${world.url}/contoso/transcripts?c=${id('long')}`);
      const log = page.getByRole('log');
      const handoff = log.getByText('150 disputed entries');
      await handoff.waitFor();
      await log.hover();
      await expect
        .poll(
          async () => {
            await page.mouse.wheel(0, -4_000);
            return log.getByText('Entry 1: wrong amount').count();
          },
          { timeout: 30_000, interval: 200 },
        )
        .toBe(1);
      expect(await handoff.count()).toBe(0);
      await page.keyboard.press('h');
      await handoff.waitFor();
      await expect.poll(() => handoff.isVisible()).toBe(true);
    });

    test('whoever does not supervise is told so, and nothing is asked for', async () => {
      const own = await (await browser.newContext()).newPage();
      await signIn(own, world.url, 'ana');
      const asked: string[] = [];
      own.on('request', (request) => asked.push(new URL(request.url()).pathname));
      await own.goto(`${world.url}/contoso/live`);
      await own.getByText('Only supervisors see every conversation of the desk.').waitFor();
      await own.goto(`${world.url}/contoso/transcripts`);
      await own.getByText('Only supervisors read what the desk has kept.').waitFor();
      expect(asked).not.toContain(paths.overview);
      expect(asked).not.toContain(paths.transcripts);
      await own.context().close();
    });

    for (const [theme, width] of [
      ['light', 1280],
      ['dark', 400],
    ] as const) {
      test(`axe has no complaint about any of the screens, ${theme} and ${width} pixels wide`, async () => {
        const own = await (
          await browser.newContext({ viewport: { width, height: 800 }, colorScheme: theme, reducedMotion: 'reduce' })
        ).newPage();
        await signIn(own, world.url, 'marta');
        const complaints: string[] = [];
        for (const screen of screens.filter(({ name, who }) => who === 'marta' && /^(live|transcript)/.test(name))) {
          await own.goto(world.url + screen.path(world.conversations));
          await own
            .locator(screen.ready ?? 'nav[aria-label="Places"]')
            .first()
            .waitFor();
          await settled(own);
          complaints.push(...(await axeComplaints(own)).map((line) => `${screen.name}: ${line}`));
          const overflow = await own.evaluate('document.documentElement.scrollWidth - innerWidth');
          if (Number(overflow) > 0) complaints.push(`${screen.name}: the page is ${String(overflow)} pixels too wide`);
        }
        expect(complaints).toEqual([]);
        await own.context().close();
      });
    }
  },
);
