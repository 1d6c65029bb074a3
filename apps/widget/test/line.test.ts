import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { identityOf } from '../src/line/activity.ts';
import type { Activity } from '../src/line/activity.ts';
import { realClock } from '../src/line/clock.ts';
import { createDirectLine } from '../src/line/direct-line.ts';
import { createLine } from '../src/line/line.ts';
import type { Line } from '../src/line/line.ts';
import { createTokenService } from '../src/line/token-service.ts';
import { createTokens } from '../src/line/tokens.ts';
import type { Kept } from '../src/line/tokens.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

const eventually = <Value>(check: () => Value | Promise<Value>, timeout = 12_000) =>
  vi.waitFor(check, { timeout, interval: 20 });
let world: World;
const lines: Line[] = [];

beforeAll(async () => {
  world = await startWorld({ widgetDirectory: '/nonexistent' });
}, 60_000);
afterEach(() => {
  for (const line of lines.splice(0)) line.close('left');
});
afterAll(() => world.close());

/** The browser's network, with the faults a test asks for. */
function network() {
  const faults = { offline: false, loseAnswers: 0, replayAll: false, dead: new Set<string>(), posts: 0 };
  const fetch = async (url: string, init: RequestInit = {}): Promise<Response> => {
    if (faults.offline) throw new TypeError('Failed to fetch');
    const bury = (text: string) => [...faults.dead].reduce((all, token) => all.replaceAll(token, 'dead'), text);
    const headers = Object.fromEntries(
      Object.entries(init.headers ?? {}).map(([name, value]) => [name, bury(String(value))]),
    );
    const isPost = init.method === 'POST' && url.endsWith('/activities');
    if (isPost) faults.posts += 1;
    const address = faults.replayAll ? url.replace(/watermark=[^&]*/, 'watermark=') : url;
    const response = await globalThis.fetch(address, {
      ...init,
      headers: { ...headers, origin: world.deskUrl },
      ...(typeof init.body === 'string' && { body: bury(init.body) }),
    });
    if (isPost && faults.loseAnswers > 0) {
      faults.loseAnswers -= 1;
      throw new TypeError('Failed to fetch');
    }
    return response;
  };
  return { faults, fetch: fetch as typeof globalThis.fetch };
}

function open({
  kept,
  WebSocket = globalThis.WebSocket,
  client = 'contoso',
  random = () => Math.random() / 10,
}: { kept?: Kept; WebSocket?: typeof globalThis.WebSocket; client?: string; random?: () => number } = {}) {
  const { faults, fetch } = network();
  let latest = kept;
  const service = createTokenService({ tokenUrl: `${world.botUrl}/${client}/api/token`, fetch });
  const tokens = createTokens({
    service,
    clock: realClock,
    random: Math.random,
    onChange: (change) => (latest = change),
    ...(kept && { kept }),
  });
  const line = createLine({
    tokens,
    calls: createDirectLine(fetch),
    clock: realClock,
    random,
    locale: 'en',
    continued: kept !== undefined,
    WebSocket,
  });
  lines.push(line);
  const messages = () => line.heard().filter(({ activity }) => activity.type === 'message');
  return {
    line,
    faults,
    kept: () => latest!,
    messages,
    texts: () => messages().map(({ activity }) => activity.text),
    say: (text: string) => line.post({ type: 'message', text }),
  };
}

const isOnline = (line: Line) => eventually(() => expect(line.state().is).toBe('online'));
const hours = expect.stringContaining('Our branches');

describe('a line', () => {
  test('brings the bot’s greeting and answers, and marks the user’s own lines', async () => {
    const chat = open();
    await eventually(() => expect(chat.texts()).toHaveLength(1));
    await chat.say('When are you open?');
    await eventually(() =>
      expect(chat.texts()).toEqual([expect.stringContaining('Hello'), 'When are you open?', hours]),
    );
    expect(chat.messages().map(({ activity }) => activity.from?.role)).toEqual(['bot', 'user', 'bot']);
    expect(chat.messages()[1]?.activity.from?.id).toMatch(/^dl_/);
  });

  test('takes words before there is a conversation, and says them when there is one', async () => {
    const chat = open();
    await Promise.all([chat.say('opening hours 1'), chat.say('opening hours 2')]);
    await eventually(() =>
      expect(chat.texts().filter((text) => text?.startsWith('opening hours'))).toEqual([
        'opening hours 1',
        'opening hours 2',
      ]),
    );
  });

  test('keeps the order of what is said in one breath', async () => {
    const chat = open();
    const said = ['1', '2', '3', '4', '5'].map((number) => `opening hours ${number}`);
    await Promise.all(said.map((text) => chat.say(text)));
    await eventually(() => expect(chat.texts().filter((text) => text?.startsWith('opening hours'))).toEqual(said));
  });

  test('goes on, each line once, when sockets break', async () => {
    const chat = open();
    await isOnline(chat.line);
    for (const text of ['opening hours 1', 'opening hours 2', 'opening hours 3']) {
      world.sandbox.channels.breakSockets();
      await chat.say(text);
    }
    await eventually(() => expect(chat.texts()).toHaveLength(7));
    expect(chat.texts().filter((text) => text?.startsWith('opening hours'))).toEqual([
      'opening hours 1',
      'opening hours 2',
      'opening hours 3',
    ]);
  });

  test('shows a line once that the channel sends again', async () => {
    const chat = open();
    await chat.say('opening hours 1');
    await eventually(() => expect(chat.texts()).toHaveLength(3));
    chat.faults.replayAll = true;
    world.sandbox.channels.breakSockets();
    await eventually(() => expect(chat.line.state().is).toBe('away'));
    await isOnline(chat.line);
    chat.faults.replayAll = false;
    await chat.say('opening hours 2');
    await eventually(() => expect(chat.texts().at(-1)).toEqual(hours));
    expect(chat.texts()).toHaveLength(5);
  });

  test('goes on in the same conversation when its token has died, also after a night', async () => {
    const chat = open();
    await chat.say('opening hours 1');
    await eventually(() => expect(chat.texts()).toHaveLength(3));
    const before = chat.kept().grant;
    chat.faults.dead.add(before.token);
    world.sandbox.channels.breakSockets();
    await chat.say('opening hours 2');
    await eventually(() => expect(chat.texts()).toHaveLength(5));
    expect(chat.kept().grant).toMatchObject({ conversationId: before.conversationId, userId: before.userId });
    expect(chat.kept().grant.token).not.toBe(before.token);
    expect(new Set(chat.texts()).size).toBe(4);
  });

  test('tells on the next page what was said on the one before, and goes on', async () => {
    const first = open();
    await first.say('opening hours 1');
    await eventually(() => expect(first.texts()).toHaveLength(3));
    first.line.close('left');
    const second = open({ kept: first.kept() });
    await isOnline(second.line);
    expect(second.texts()).toEqual(first.texts());
    expect(second.messages().every(({ live }) => !live)).toBe(true);
    await second.say('opening hours 2');
    await eventually(() => expect(second.texts()).toHaveLength(5));
    expect(
      second
        .messages()
        .slice(3)
        .every(({ live }) => live),
    ).toBe(true);
    expect(second.line.heard().map(({ place }) => place)).toEqual(
      second.line
        .heard()
        .map(({ place }) => place)
        .toSorted((left, right) => left - right),
    );
  });

  test('does not say twice what arrived although its answer was lost', async () => {
    const chat = open();
    await isOnline(chat.line);
    chat.faults.loseAnswers = 1;
    await chat.say('opening hours 1');
    await chat.say('opening hours 2');
    await eventually(() => expect(chat.texts()).toHaveLength(5));
    expect(chat.faults.posts).toBe(2);
  });

  test('sends what was written offline, in order, once, when the network is back', async () => {
    const chat = open();
    await chat.say('opening hours 0');
    await eventually(() => expect(chat.texts()).toHaveLength(3));
    chat.faults.offline = true;
    world.sandbox.channels.breakSockets();
    await eventually(() => expect(chat.line.state().is).toBe('away'));
    const said = Promise.all([chat.say('opening hours 1'), chat.say('opening hours 2')]);
    chat.faults.offline = false;
    chat.line.wake();
    await said;
    await eventually(() =>
      expect(chat.texts().filter((text) => text?.startsWith('opening hours'))).toEqual([
        'opening hours 0',
        'opening hours 1',
        'opening hours 2',
      ]),
    );
    expect(chat.line.state().is).toBe('online');
  });

  test('notices a socket that is open and says nothing', async () => {
    const ears = { deaf: false };
    class HalfOpen extends WebSocket {
      override set onmessage(listener: (event: MessageEvent) => void) {
        this.addEventListener('message', (event) => ears.deaf || listener(event));
      }
    }
    const chat = open({ WebSocket: HalfOpen });
    await isOnline(chat.line);
    await eventually(() => expect(chat.texts()).toHaveLength(1));
    ears.deaf = true;
    await chat.say('opening hours');
    await eventually(() => expect(chat.texts()).toHaveLength(3));
    await eventually(() => expect(chat.line.state().is).toBe('away'));
    ears.deaf = false;
    await isOnline(chat.line);
  }, 30_000);

  test('asks for what was said where no socket gets through', async () => {
    class Walled extends WebSocket {
      constructor() {
        super('ws://127.0.0.1:9');
      }
    }
    const chat = open({ WebSocket: Walled });
    await isOnline(chat.line);
    await chat.say('opening hours');
    await eventually(() => expect(chat.texts()).toHaveLength(3));
  });

  test('ends when the service gives no token, and says nothing more', async () => {
    const chat = open({ client: 'nobody' });
    await eventually(() => expect(chat.line.state()).toEqual({ is: 'closed', why: 'gone' }));
    await expect(chat.say('hello')).rejects.toMatchObject({ code: 'gone' });
  });

  test('tries again to open while nobody answers', async () => {
    const chat = open();
    chat.faults.offline = true;
    await eventually(() =>
      expect(chat.line.state()).toMatchObject({ is: 'connecting', failing: { code: 'unreachable' } }),
    );
    chat.faults.offline = false;
    chat.line.wake();
    await isOnline(chat.line);
  });
});

describe('two activities are the same line', () => {
  const consultants = (id: string): Activity => ({
    type: 'message',
    id,
    text: 'Hi',
    from: { role: 'bot' },
    channelData: { parley: { seq: 4, id: 'desk-4', name: 'Ana' } },
  });
  const own = (id: string): Activity => ({
    type: 'message',
    id,
    text: 'Hi',
    from: { id: 'dl_u' },
    channelData: { clientActivityID: 'mine' },
  });

  test('when the desk says so, or the sender', () => {
    expect(identityOf(consultants('a'))).toBe(identityOf(consultants('b')));
    expect(identityOf(own('a'))).toBe(identityOf(own('b')));
  });
  test('not when a bot copies the sender’s data into its answer', () => {
    expect(identityOf({ ...own('b'), from: { id: 'bot', role: 'bot' }, replyToId: 'a' })).not.toBe(
      identityOf(own('a')),
    );
  });
});
