import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ActivityTypes } from 'botbuilder';
import type { DeskStandIn, Fault } from './desk-stand-in.ts';
import { startDeskStandIn } from './desk-stand-in.ts';
import type { BotStandIn, Logic } from './bot-stand-in.ts';
import { startBot } from './bot-stand-in.ts';

const until = vi.waitFor;
let desk: DeskStandIn;
let bot: BotStandIn;

beforeEach(async () => {
  desk = await startDeskStandIn();
});
afterEach(async () => {
  await bot.close();
  await desk.close();
});

const texts = () => desk.turns.map((turn) => turn.text);
const postsTo = (path: string) => desk.calls.filter((call) => call.path === path && call.method === 'POST').length;

describe('while the bot holds the floor', () => {
  test('turns of user and bot are recorded in order, in few calls, under the ids of the channel', async () => {
    bot = await startBot(desk);
    for (const word of ['one', 'two', 'three']) await bot.says(word, `id-${word}`);
    await until(() =>
      expect(texts()).toEqual(['one', 'You said one', 'two', 'You said two', 'three', 'You said three']),
    );
    expect(postsTo('/v1/bot/turns')).toBeLessThanOrEqual(3);
    expect(desk.turns.map((turn) => turn.id)).toEqual([
      'id-one',
      bot.channel.activeQueue[0]?.id,
      'id-two',
      bot.channel.activeQueue[1]?.id,
      'id-three',
      bot.channel.activeQueue[2]?.id,
    ]);
  });

  test('D16 a desk that is down neither slows nor fails a bot turn, and gets everything in order when it is back', async () => {
    bot = await startBot(desk);
    let down = true;
    desk.fault = () => (down ? { kind: 'reset' } : undefined);
    const started = performance.now();
    for (let n = 0; n < 20; n += 1) await bot.says(`line ${n}`);
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(bot.channel.texts()).toHaveLength(20);
    down = false;
    await until(() => expect(texts()).toHaveLength(40), 5_000);
    expect(texts().filter((text) => !text.startsWith('You'))).toEqual(
      Array.from({ length: 20 }, (_, n) => `line ${n}`),
    );
  });

  test('D16 a desk that hangs costs a turn no more than the limit for asking who holds the floor, once', async () => {
    bot = await startBot(desk, undefined, { timeouts: { floor: 100 } });
    const over = Promise.withResolvers<void>();
    desk.fault = () => ({ kind: 'slow', until: over.promise });
    const started = performance.now();
    for (let n = 0; n < 5; n += 1) await bot.says(`line ${n}`);
    expect(performance.now() - started).toBeLessThan(600);
    over.resolve();
  });

  test('the queue is bounded: the oldest lines go first, counted and logged once', async () => {
    bot = await startBot(desk, undefined, { recording: { delayMs: 20, capacity: 10 } });
    desk.fault = () => ({ kind: 'reset' });
    for (let n = 0; n < 20; n += 1) await bot.says(`line ${n}`);
    expect(bot.parley.stats().dropped).toBeGreaterThanOrEqual(20);
    expect(bot.parley.stats().waiting).toBeLessThanOrEqual(110);
    expect(bot.logs.filter((log) => log.message.includes('dropped'))).toHaveLength(1);
  });

  test('a refused token is replaced once and the call repeated', async () => {
    bot = await startBot(desk);
    await bot.says('one');
    await until(() => expect(texts()).toHaveLength(2));
    desk.revokeTokens();
    await bot.says('two');
    await until(() => expect(texts()).toHaveLength(4));
    expect(desk.tokensIssued()).toBe(2);
  });

  test('callers that come at once share one token request', async () => {
    bot = await startBot(desk);
    await Promise.all(Array.from({ length: 20 }, (_, n) => bot.says('hello', `id-${n}`, `conversation-${n}`)));
    await until(() => expect(desk.turns).toHaveLength(40));
    expect(desk.tokensIssued()).toBe(1);
  });

  test('429 with Retry-After is obeyed', async () => {
    bot = await startBot(desk);
    const seen: number[] = [];
    desk.fault = ({ path, count }): Fault | undefined => {
      if (path !== '/v1/bot/turns') return undefined;
      seen.push(performance.now());
      return count === 1
        ? { kind: 'status', status: 429, code: 'rate-limited', headers: { 'retry-after': '1' } }
        : undefined;
    };
    await bot.says('one');
    await until(() => expect(texts()).toHaveLength(2), 5_000);
    expect(seen[1]! - seen[0]!).toBeGreaterThanOrEqual(990);
  });

  test('D18 a lost answer does not double a line', async () => {
    bot = await startBot(desk);
    desk.fault = ({ path, count }) => (path === '/v1/bot/turns' && count === 1 ? { kind: 'lost' } : undefined);
    await bot.says('one');
    await until(() => expect(postsTo('/v1/bot/turns')).toBe(1), 5_000);
    expect(texts()).toEqual(['one', 'You said one']);
  });

  test('a message the channel repeats is answered once, unless the bot failed', async () => {
    let failing = false;
    bot = await startBot(desk, async (context) => {
      if (failing) throw new Error('The bot has a bug');
      await context.sendActivity('an answer');
    });
    await bot.says('one', 'same');
    await bot.says('one', 'same');
    expect(bot.channel.texts()).toEqual(['an answer']);
    failing = true;
    await expect(bot.says('two', 'other')).rejects.toThrow();
    failing = false;
    await bot.says('two', 'other');
    expect(bot.channel.texts()).toEqual(['an answer', 'an answer']);
  });

  test('one line the desk cannot take does not take the others with it', async () => {
    bot = await startBot(desk, undefined, { recording: { delayMs: 100 } });
    desk.fault = ({ path }) =>
      path === '/v1/bot/turns' && desk.calls.filter((call) => call.path === path).length < 1
        ? { kind: 'status', status: 400, code: 'validation' }
        : undefined;
    await bot.says('one');
    await until(() => expect(texts()).toHaveLength(2), 5_000);
  });

  test('text with control characters and broken surrogates is made fit for the desk', async () => {
    bot = await startBot(desk, async () => undefined);
    await bot.says('a\u0000b\ud800c\r\nd');
    await until(() => expect(texts()).toEqual(['ab\ufffdc\nd']));
  });
});

describe('while a person holds the floor', () => {
  beforeEach(async () => {
    bot = await startBot(desk);
    desk.setFloor('Convo1', 'human');
  });

  test('D19 a user turn is one call, and the bot stays silent', async () => {
    await bot.says('one');
    const before = desk.calls.length;
    await bot.says('two');
    expect(desk.calls.length - before).toBe(1);
    expect(texts()).toEqual(['one', 'two']);
    expect(bot.heard).toEqual([]);
    expect(bot.channel.shown).toEqual([]);
  });

  test('D19 the answer `bot` gives the turn to the bot', async () => {
    await bot.says('one');
    desk.setFloor('Convo1', 'bot');
    await bot.says('two');
    expect(bot.channel.texts()).toEqual(['You said two']);
  });

  test('D18 an activity the channel repeats is stored once', async () => {
    await bot.says('one', 'same');
    await bot.says('one', 'same');
    expect(texts()).toEqual(['one']);
    expect(bot.heard).toEqual([]);
  });

  test('lines said at once arrive in their order', async () => {
    const words = Array.from({ length: 30 }, (_, n) => `word ${n}`);
    await Promise.all(words.map((word) => bot.says(word)));
    expect(texts()).toEqual(words);
  });

  test('D19 what the bot says all the same is not shown to the user, and shown to the desk as suppressed', async () => {
    await bot.says('one');
    const reference = await referenceOf(bot);
    await bot.channel.continueConversationAsync('app-id', reference, async (context: Parameters<Logic>[0]) => {
      await context.sendActivity('A late thought');
      await context.sendActivity({ type: ActivityTypes.Typing });
    });
    await until(() => expect(desk.turns.at(-1)).toMatchObject({ text: 'A late thought', suppressed: true }));
    expect(bot.channel.shown).toEqual([]);
  });

  test('typing of the user is told at most every two seconds and never reaches the bot', async () => {
    await bot.says('one');
    for (let n = 0; n < 5; n += 1) await bot.sends({ type: 'typing' });
    await until(() => expect(desk.signals).toHaveLength(1));
    expect(bot.heard).toEqual([]);
  });
});

describe('when the desk is away while a person holds the floor', () => {
  test('D17 lines are kept, the bot stays silent, the user is told once, and all arrives in order', async () => {
    bot = await startBot(desk, undefined, { away: { afterMs: 50, text: 'Please wait' } });
    desk.setFloor('Convo1', 'human');
    await bot.says('one');
    let down = true;
    desk.fault = () => (down ? { kind: 'reset' } : undefined);
    await bot.says('two');
    await bot.says('three');
    await until(() => expect(bot.channel.texts()).toEqual(['Please wait']));
    await bot.says('four');
    down = false;
    await until(() => expect(texts()).toEqual(['one', 'two', 'three', 'four']), 5_000);
    expect(bot.heard).toEqual([]);
    expect(bot.channel.texts()).toEqual(['Please wait']);
  });

  test('D17 held lines survive a restart of the bot', async () => {
    bot = await startBot(desk, undefined, { away: { afterMs: 60_000 } });
    desk.setFloor('Convo1', 'human');
    await bot.says('one');
    desk.fault = () => ({ kind: 'reset' });
    await bot.says('two');
    const { storage } = bot;
    await bot.close();
    desk.fault = () => undefined;
    bot = await startBot(desk, undefined, { storage });
    await until(() => expect(texts()).toEqual(['one', 'two']), 5_000);
  });

  test('D19 a line that finds the floor with the bot again is answered by the bot', async () => {
    bot = await startBot(desk, undefined, { away: { afterMs: 60_000 } });
    desk.setFloor('Convo1', 'human');
    await bot.says('one');
    desk.fault = () => ({ kind: 'reset' });
    await bot.says('two');
    desk.setFloor('Convo1', 'bot');
    desk.fault = () => undefined;
    await until(() => expect(bot.channel.texts()).toEqual(['You said two']), 5_000);
  });
});

test('a restarted bot that knows nothing asks the desk who holds the floor', async () => {
  desk.setFloor('Convo1', 'human');
  bot = await startBot(desk);
  await bot.says('anybody there?');
  expect(bot.channel.shown).toEqual([]);
  expect(texts()).toEqual(['anybody there?']);
});

describe('events of the web chat', () => {
  beforeEach(async () => {
    bot = await startBot(desk);
    await bot.says('hello');
    bot.heard.length = 0;
  });

  test('receipts, ratings and leaving go to the desk and not to the bot', async () => {
    for (const seq of [1, 2, 3, 2]) await bot.sends({ type: 'event', name: 'parley/seen', value: { seq } });
    await bot.sends({ type: 'event', name: 'parley/rating', value: { score: 5, comment: 'Good' } });
    await bot.sends({ type: 'event', name: 'parley/left' });
    await until(() => {
      expect(desk.receipts.at(-1)).toMatchObject({ seenSeq: 3 });
      expect(desk.ratings).toMatchObject([{ score: 5, comment: 'Good' }]);
      expect(desk.endings).toMatchObject([{ reason: 'user-left' }]);
    });
    expect(bot.heard).toEqual([]);
  });

  test('a user who claims that a handoff was accepted is not believed', async () => {
    await bot.sends({ type: 'event', name: 'handoff.status', value: { state: 'accepted' } });
    expect(bot.heard).toEqual([]);
  });

  test('the end of the conversation reaches desk and bot', async () => {
    await bot.sends({ type: 'endOfConversation' });
    await until(() => expect(desk.endings).toMatchObject([{ reason: 'user-left' }]));
    expect(bot.heard).toMatchObject([{ type: 'endOfConversation' }]);
  });
});

async function referenceOf(stand: BotStandIn) {
  const found = await stand.storage.read(['parley/test/Convo1']);
  return (found['parley/test/Convo1'] as { reference: object }).reference as never;
}
