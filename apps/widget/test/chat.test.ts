import { randomUUID } from 'node:crypto';
import AxeSource from 'axe-core';
import type { Browser, FrameLocator, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { fieldOf, launch, launcherOf, linesOf, noBrowser, say, visit } from './browser.ts';
import type { Visit } from './browser.ts';
import { buildWidget } from './build.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

const eventually = <Value>(check: () => Value | Promise<Value>) => vi.waitFor(check, { timeout: 15_000, interval: 50 });
const [ana, marta] = ['ana@contoso.example', 'marta@contoso.example'];
let widget: Awaited<ReturnType<typeof buildWidget>>;
let world: World;
let browser: Browser;
const visits: Visit[] = [];

if (noBrowser) console.warn(`The chat is not tested in a browser: ${noBrowser}`);

describe.skipIf(noBrowser !== undefined)('in Chromium', { timeout: 60_000 }, () => {
  beforeAll(async () => {
    widget = await buildWidget();
    world = await startWorld({ widgetDirectory: widget.directory });
    browser = await launch();
  }, 180_000);
  afterEach(async () => {
    for (const { context, complaints } of visits.splice(0)) {
      await context.close();
      expect(complaints).toEqual([]);
    }
  });
  afterAll(async () => {
    await browser.close();
    await world.close();
    await widget.remove();
  });

  async function come(options: Parameters<typeof visit>[2] = {}): Promise<Visit> {
    const one = await visit(browser, world, options);
    visits.push(one);
    return one;
  }

  async function open(options?: Parameters<typeof visit>[2]): Promise<Visit> {
    const one = await come(options);
    await launcherOf(one.page).click();
    await fieldOf(one.chat).waitFor();
    await hears(one.chat, /I am the assistant/);
    return one;
  }

  const hears = (chat: FrameLocator, text: RegExp) =>
    eventually(async () => expect((await linesOf(chat)).join('\n')).toMatch(text));
  const statusOf = (chat: FrameLocator) => chat.locator('header [role=status]').innerText();

  /** Brings the visitor to Ana, who says what is asked. */
  async function toAna({ chat }: Visit) {
    await say(chat, 'I want to talk to a person');
    await eventually(async () => expect(await statusOf(chat)).toMatch(/Waiting for a person/));
    const found = await eventually(
      async () => (await live()).find(({ holder }) => holder.state === 'queued') ?? expect.fail('not queued'),
    );
    await command(found.id, 'claim');
    await eventually(async () => expect(await statusOf(chat)).toBe('You are talking to Ana Ruiz'));
    const { epoch } = (await live()).find(({ id }) => id === found.id)!;
    return {
      id: found.id,
      replies: (text: string) => command(found.id, 'reply', { text, epoch }),
      returns: () => command(found.id, 'return', { packet: { promises: ['a call back'] } }),
    };
  }

  async function live(): Promise<{ id: string; epoch: number; holder: { state: string } }[]> {
    return (await world.as(marta, 'GET', '/v1/conversations?view=live')).body.items;
  }

  async function command(id: string, name: string, body: object = {}): Promise<void> {
    expect((await world.as(ana, 'POST', `/v1/conversations/${id}/${name}`, { id: randomUUID(), ...body })).status).toBe(
      200,
    );
  }

  const deskEntries = async (id: string) =>
    (await world.as(marta, 'GET', `/v1/conversations/${id}/entries?after=0`)).body.entries as {
      kind: string;
      score?: number;
      comment?: string;
    }[];

  test('nothing of the chat is loaded before it is opened', async () => {
    const { page, chat } = await come();
    await launcherOf(page).waitFor();
    expect(await page.locator('#parley iframe').count()).toBe(0);
    expect(page.frames()).toHaveLength(1);
    await page.getByRole('button', { name: 'Chat with us' }).click();
    await fieldOf(chat).waitFor();
  });

  test.each([
    ['a wide light screen', { viewport: { width: 1280, height: 900 } }],
    ['a narrow dark screen', { viewport: { width: 400, height: 800 }, colorScheme: 'dark' as const }],
  ])('the user asks, the assistant answers, and the conversation outlives a reload, on %s', async (_name, options) => {
    const { page, chat } = await open(options);
    await say(chat, 'What is my balance?');
    await hears(chat, /balance of your account/);
    const before = await linesOf(chat);
    await page.reload();
    await eventually(async () => expect(await linesOf(chat)).toEqual(before));
    await say(chat, 'When are you open?');
    await hears(chat, /Monday to Friday/);
  });

  test('a consultant’s lines carry their name, are reported as seen, and can be rated', async () => {
    const visitor = await open();
    const { chat } = visitor;
    const talk = await toAna(visitor);
    await talk.replies('Good morning');
    await talk.replies('How can I help?');
    await eventually(async () => expect((await linesOf(chat)).slice(-2)).toEqual(['Good morning', 'How can I help?']));
    expect(await chat.locator('.consultants .name [aria-hidden]').allInnerTexts()).toEqual(['Ana Ruiz']);
    await eventually(async () => {
      const { body } = await world.as(ana, 'GET', `/v1/conversations/${talk.id}`);
      const { seq } = body.entries.findLast(({ text }: { text?: string }) => text === 'How can I help?');
      expect(body.conversation.delivery.seenSeq).toBe(seq);
    });
    await say(chat, 'Thank you');
    await talk.returns();
    await eventually(async () => expect(await statusOf(chat)).toBe('Automated assistant'));
    await chat.getByRole('radio', { name: /4/ }).check({ force: true });
    await chat.getByRole('textbox', { name: /Anything to add/ }).fill('Quick');
    await chat.getByRole('button', { name: 'Send rating' }).click();
    await eventually(async () =>
      expect(await deskEntries(talk.id)).toContainEqual(
        expect.objectContaining({ kind: 'rated', score: 4, comment: 'Quick' }),
      ),
    );
    await visitor.page.reload();
    await hears(chat, /It.s me again/);
    expect(await chat.locator('.rating').count()).toBe(0);
  });

  test('answers to a closed panel are counted on the launcher, also on the site’s next page', async () => {
    const visitor = await open();
    const { page, chat } = visitor;
    const talk = await toAna(visitor);
    await fieldOf(chat).press('Escape');
    await eventually(async () =>
      expect(await page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.className)).toBe('launcher'),
    );
    await talk.replies('Are you there?');
    await eventually(async () =>
      expect(await launcherOf(page).getAttribute('aria-label')).toBe('Open chat, 1 new message'),
    );
    await page.goto(`${world.botUrl}/?next`);
    await eventually(async () =>
      expect(await launcherOf(page).getAttribute('aria-label')).toBe('Open chat, 1 new message'),
    );
    await talk.replies('Hello?');
    await eventually(async () => expect(await page.locator('#parley .badge').innerText()).toBe('2'));
    await launcherOf(page).click();
    await eventually(async () => expect(await launcherOf(page).getAttribute('aria-label')).toBe('Close chat'));
    expect((await linesOf(chat)).slice(-2)).toEqual(['Are you there?', 'Hello?']);
  });

  test('what is written offline is sent once when the network is back', async () => {
    const { context, page, chat, complaints } = await open();
    await context.setOffline(true);
    world.sandbox.channels.breakSockets();
    await chat.getByText('You are offline. Messages will go when you are back.').waitFor();
    await say(chat, 'When are you open?');
    await context.setOffline(false);
    await hears(chat, /Monday to Friday/);
    expect((await linesOf(chat)).filter((line) => line === 'When are you open?')).toHaveLength(1);
    expect(await page.locator('#parley .badge').isVisible()).toBe(false);
    // The browser reports each call that failed meanwhile.
    complaints.splice(0, complaints.length, ...complaints.filter((text) => !/ERR_INTERNET_DISCONNECTED/.test(text)));
  });

  test('the user ends the chat after being asked, the desk hears of it, and a new one is another', async () => {
    const visitor = await open();
    const { page, chat } = visitor;
    const talk = await toAna(visitor);
    await chat.getByRole('button', { name: 'More' }).click();
    await chat.getByRole('menuitem', { name: 'End chat' }).click();
    await chat.getByRole('dialog').getByRole('button', { name: 'Go on chatting' }).click();
    expect(await statusOf(chat)).toBe('You are talking to Ana Ruiz');
    await chat.getByRole('button', { name: 'More' }).press('ArrowDown');
    await chat.getByRole('menuitem', { name: 'Save as text' }).press('ArrowDown');
    await chat.getByRole('menuitem', { name: 'End chat' }).press('Enter');
    await chat.getByRole('dialog').getByRole('button', { name: 'End chat' }).click();
    await chat.getByText('You have ended the chat.').waitFor();
    await eventually(async () => expect((await deskEntries(talk.id)).at(-1)).toMatchObject({ kind: 'user-left' }));
    expect(await fieldOf(chat).count()).toBe(0);
    await chat.getByRole('button', { name: 'Start a new chat' }).click();
    await fieldOf(chat).waitFor();
    await eventually(async () => expect(await linesOf(chat)).toEqual([expect.stringMatching(/I am the assistant/)]));
    await page.reload();
    await eventually(async () => expect(await linesOf(chat)).toHaveLength(1));
  });

  test('a picture reaches the desk', async () => {
    const visitor = await open();
    const talk = await toAna(visitor);
    const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    const file = { name: 'photo.png', mimeType: 'image/png', buffer: Buffer.from(pixel, 'base64') };
    await visitor.chat.locator('input[type=file]').setInputFiles(file);
    await visitor.chat.locator('.webchat__send-button').click();
    await eventually(async () =>
      expect(await deskEntries(talk.id)).toContainEqual(
        expect.objectContaining({
          kind: 'message',
          attachments: [expect.objectContaining({ name: 'photo.png', contentType: 'image/png' })],
        }),
      ),
    );
    await talk.returns();
  });

  test('Fabrikam has a chat of its own', async () => {
    const { page, chat } = await come({ path: '/fabrikam/' });
    await launcherOf(page).click();
    await hears(chat, /assistant of Fabrikam Insurance/);
    expect(await chat.getByRole('heading', { level: 1 }).innerText()).toBe('Fabrikam assistant');
  });

  test('messages from elsewhere move nothing', async () => {
    const { page } = await open();
    await page.evaluate(() => {
      for (const parley of ['close', 'unread', 'ready']) window.postMessage({ parley, count: 9 }, '*');
    });
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
    expect(await launcherOf(page).getAttribute('aria-label')).toBe('Close chat');
  });

  describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
    test('axe finds nothing on the page, in the chat, its menu, its question and its rating', async () => {
      const visitor = await open({ viewport: { width: 1280, height: 900 }, colorScheme, reducedMotion: 'reduce' });
      const { page, chat } = visitor;
      expect(await axe(page)).toEqual([]);
      const talk = await toAna(visitor);
      await talk.replies('Good morning');
      await hears(chat, /Good morning/);
      await chat.getByRole('button', { name: 'More' }).click();
      expect(await axe(page)).toEqual([]);
      await chat.getByRole('menuitem', { name: 'End chat' }).click();
      expect(await axe(page)).toEqual([]);
      await chat.getByRole('dialog').getByRole('button', { name: 'Go on chatting' }).click();
      await talk.returns();
      await chat.getByRole('radio', { name: /5/ }).check({ force: true });
      expect(await axe(page)).toEqual([]);
    });
  });
});

/** What axe finds on the page and in the chat's frame. Nobody's name for it is looked up elsewhere. */
async function axe(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const frame of page.frames()) {
    await frame.evaluate(AxeSource.source);
    const problems = await frame.evaluate(async () => {
      const { axe } = window as unknown as {
        axe: {
          run(
            options: object,
          ): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }>;
        };
      };
      const { violations } = await axe.run({ iframes: false });
      return violations.flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary ?? ''}`),
      );
    });
    found.push(...problems);
  }
  return found;
}
