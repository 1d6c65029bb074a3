import { existsSync } from 'node:fs';
import { chromium } from 'playwright';
import type { Browser, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { contoso } from '../src/seed.ts';
import { startSandbox } from '../src/server.ts';
import type { Sandbox } from '../src/server.ts';
import { startBot } from './channels-support.ts';
import type { TestBot } from './channels-support.ts';

const chromiumPath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';

describe.skipIf(!existsSync(chromiumPath))(
  `The Teams chat page in Chromium (skipped without ${chromiumPath})`,
  { timeout: 60_000 },
  () => {
    let browser: Browser;
    let page: Page;
    let bot: TestBot;
    let sandbox: Sandbox;
    const troubles: string[] = [];

    beforeAll(async () => {
      browser = await chromium.launch({
        executablePath: chromiumPath,
        args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
      });
    }, 60_000);
    afterAll(() => browser?.close());

    beforeEach(async () => {
      bot = await startBot();
      sandbox = await startSandbox({ port: 0, messagingEndpoints: { [contoso.bot.appId]: bot.endpoint } });
      bot.connect(sandbox.url);
      page = await browser.newPage();
      troubles.length = 0;
      page.on('pageerror', (error) => troubles.push(error.message));
      page.on('console', (message) => message.type() === 'error' && troubles.push(message.text()));
    });
    afterEach(async () => {
      await page.close();
      await sandbox.close();
      await bot.close();
    });

    async function enter(name: string): Promise<void> {
      await page.goto(`${sandbox.url}/teams/`);
      await page.getByLabel('Your name').fill(name);
      await page.getByLabel('Bot').selectOption({ label: 'Contoso assistant' });
      await page.getByRole('button', { name: 'Open chat' }).click();
    }
    const message = (text: string) => page.getByRole('log').getByText(text, { exact: true });
    async function say(text: string): Promise<void> {
      await page.getByLabel('Message', { exact: true }).fill(text);
      await page.keyboard.press('Enter');
    }

    test('A person chats by name, reloads the page and finds the chat as it was', async () => {
      await enter('Dana Fox');
      await page.getByRole('heading', { name: 'Contoso assistant' }).waitFor();
      await say('<b>hello</b>');
      await message('You said: <b>hello</b>').waitFor();
      await page.getByText(/^Dana Fox · /).waitFor();
      await page.getByText(/^Contoso assistant · /).waitFor();
      await page.reload();
      await message('You said: <b>hello</b>').waitFor();
      expect(await page.getByRole('listitem').count()).toBe(2);
      expect(troubles).toEqual([]);
    });

    test('A button the bot offers is pressed, an edit replaces the text, and a silent bot is named', async () => {
      bot.does(async (context) => {
        if (context.activity.text === 'menu') {
          await context.sendActivity({
            type: 'message',
            text: 'Choose',
            suggestedActions: { to: [], actions: [{ type: 'imBack', title: 'Talk to a human', value: 'human' }] },
          });
        }
        if (context.activity.text === 'human') {
          const sent = await context.sendActivity('One moment');
          await context.updateActivity({ type: 'message', id: sent!.id, text: 'A human is coming' });
        }
      });
      await enter('Dana Fox');
      await say('menu');
      await page.getByRole('button', { name: 'Talk to a human' }).click();
      await message('A human is coming').waitFor();
      sandbox.channels.faults.dropDeliveries = 1;
      await say('anyone?');
      await page.getByText('The bot did not answer').waitFor();
      expect(troubles).toEqual([]);
    });
  },
);
