import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EventFactory } from 'botbuilder';
import type { TurnContext } from 'botbuilder';
import { handoffResult } from '../src/botbuilder.ts';
import type { DeskStandIn } from './desk-stand-in.ts';
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

/** Escalates when told to, says what came of it, and echoes otherwise. */
function escalating(value: unknown, transcript?: unknown, channelData?: object): Logic {
  return async (context) => {
    if (context.activity.type === 'event')
      return void (await context.sendActivity(
        `status ${context.activity.value.state} ${context.activity.value.message.reason}`,
      ));
    if (context.activity.text !== 'help') return void (await context.sendActivity(`You said ${context.activity.text}`));
    await context.sendActivity('One moment');
    const event = EventFactory.createHandoffInitiation(context, value);
    if (transcript !== undefined)
      event.attachments = [{ contentType: 'application/json', name: 'Transcript', content: transcript }];
    if (channelData) event.channelData = channelData;
    await context.sendActivity(event);
    await context.sendActivity('Wait a little');
  };
}

describe('handoff.initiate', () => {
  test('never reaches the channel, and the desk has every line in order before it', async () => {
    bot = await startBot(desk, escalating({ reason: 'Lost card', queue: 'cards' }), { recording: { delayMs: 60_000 } });
    await bot.says('hello');
    await bot.says('help', 'u-help');
    expect(bot.channel.shown.map((activity) => activity.type)).toEqual(['message', 'message', 'message']);
    expect(desk.handoffs).toMatchObject([{ id: 'handoff-u-help', queue: 'cards', packet: { reason: 'Lost card' } }]);
    expect(desk.turns.map((turn) => turn.text)).toEqual(['hello', 'You said hello', 'help', 'One moment']);
  });

  test('what the bot says about it in the same turn still reaches the user, and the desk as a notice', async () => {
    bot = await startBot(desk, escalating({ reason: 'Lost card' }));
    await bot.says('help');
    expect(bot.channel.texts()).toEqual(['One moment', 'Wait a little']);
    await until(() => expect(desk.turns.at(-1)).toMatchObject({ text: 'Wait a little', notice: true }));
    await bot.says('hello?');
    expect(bot.channel.texts()).toHaveLength(2);
  });

  test('the answer of the desk is at the bot’s hand', async () => {
    const answers: unknown[] = [];
    bot = await startBot(desk, async (context: TurnContext) => {
      await context.sendActivity(EventFactory.createHandoffInitiation(context, { reason: 'x' }));
      answers.push(handoffResult(context));
    });
    await bot.says('help');
    expect(answers).toMatchObject([{ ok: true, answer: { ahead: 2, available: 1, queue: 'general' } }]);
  });

  test('a queue the desk does not have is a hint only', async () => {
    bot = await startBot(desk, escalating({ Skill: 'Credit Cards' }));
    await bot.says('help');
    expect(desk.handoffs).toHaveLength(1);
    expect(desk.handoffs[0]).not.toHaveProperty('queue');
  });

  test('D18 a lost answer is made good under the same id, without a second handoff', async () => {
    bot = await startBot(desk, escalating({ reason: 'x' }));
    desk.fault = ({ path, count }) => (path === '/v1/bot/handoffs' && count === 1 ? { kind: 'lost' } : undefined);
    await bot.says('help', 'u1');
    expect(desk.handoffs.map((handoff) => handoff.id)).toEqual(['handoff-u1', 'handoff-u1']);
    expect(bot.channel.texts()).toEqual(['One moment', 'Wait a little']);
  });

  test('more waiting lines than one call takes arrive all the same, in order', async () => {
    bot = await startBot(desk, escalating({ reason: 'x' }), { recording: { delayMs: 60_000 } });
    const release = Promise.withResolvers<void>();
    await bot.says('line 0');
    desk.fault = ({ path, count }) =>
      path === '/v1/bot/turns' && count === 1 ? { kind: 'slow', until: release.promise } : undefined;
    for (let n = 1; n < 130; n += 1) await bot.says(`line ${n}`);
    release.resolve();
    await bot.says('help');
    await until(() => expect(desk.turns.filter(({ text }) => text.startsWith('line'))).toHaveLength(130));
    const spoken = desk.turns.map(({ text }) => text).filter((text) => text.startsWith('line'));
    expect(new Set(spoken).size).toBe(130);
    expect(desk.turns.some(({ suppressed }) => suppressed)).toBe(false);
  });

  test('a line the desk does not take does not cost the handoff', async () => {
    bot = await startBot(desk, escalating({ reason: 'x' }), { recording: { delayMs: 60_000 } });
    desk.fault = ({ path, count }) =>
      path === '/v1/bot/handoffs' && count === 1 ? { kind: 'status', status: 400, code: 'validation' } : undefined;
    await bot.says('help');
    expect(desk.handoffs).toHaveLength(1);
    expect(desk.handoffs[0]?.turns).toEqual([]);
  });

  test('D20 a desk that stays away fails the handoff in time, and the bot is told by an event', async () => {
    bot = await startBot(desk, escalating({ reason: 'x' }), { timeouts: { handoff: 300 } });
    await bot.says('hello');
    desk.fault = () => ({ kind: 'status', status: 503 });
    const started = performance.now();
    await bot.says('help');
    expect(performance.now() - started).toBeLessThan(2_000);
    // The last try is refused, or cut off by the deadline.
    expect(bot.channel.texts().slice(1)).toEqual([
      'One moment',
      'Wait a little',
      expect.stringMatching(/^status failed (overloaded|timeout)$/),
    ]);
    await bot.says('still there?');
    expect(bot.channel.texts().at(-1)).toBe('You said still there?');
    desk.fault = () => undefined;
    await until(() => expect(desk.turns.map((turn) => turn.text)).toContain('status failed overloaded'), 5_000);
    expect(desk.turns.map((turn) => turn.text).slice(0, 3)).toEqual(['hello', 'You said hello', 'help']);
  });

  test('a bot that has looked at the failure itself is not told again', async () => {
    bot = await startBot(
      desk,
      async (context: TurnContext) => {
        if (context.activity.type === 'event') return void (await context.sendActivity('told'));
        await context.sendActivity(EventFactory.createHandoffInitiation(context, { reason: 'x' }));
        const result = handoffResult(context);
        await context.sendActivity(result?.ok ? 'ok' : 'nobody can be reached');
      },
      { timeouts: { handoff: 200 } },
    );
    desk.fault = () => ({ kind: 'reset' });
    await bot.says('help');
    expect(bot.channel.texts()).toEqual(['nobody can be reached']);
  });

  test('D17 lines of the user during the handoff wait for its outcome and go to the person', async () => {
    const release = Promise.withResolvers<void>();
    bot = await startBot(desk, escalating({ reason: 'x' }));
    await bot.says('hello');
    desk.fault = ({ path }) => (path === '/v1/bot/handoffs' ? { kind: 'slow', until: release.promise } : undefined);
    const escalation = bot.says('help');
    await until(() => expect(bot.channel.texts()).toContain('One moment'));
    const impatient = bot.says('please hurry');
    release.resolve();
    await Promise.all([escalation, impatient]);
    expect(bot.channel.texts()).not.toContain('You said please hurry');
    await until(() => expect(desk.turns.map((turn) => turn.text)).toContain('please hurry'));
  });
});

describe('the packet speaks the dialects of bots', () => {
  const packetOf = async (value: unknown, channelData?: object) => {
    bot = await startBot(desk, escalating(value, undefined, channelData));
    await bot.says('help');
    return { ...desk.handoffs[0]?.packet, queue: desk.handoffs[0]?.queue };
  };

  test('our own: everything has its place', async () => {
    const packet = {
      reason: 'Card lost',
      summary: 'Ms. Doe lost her card.',
      lastPhrase: 'my card is gone',
      topics: ['cards'],
      facts: [{ name: 'Card', value: '…1234', source: 'bot' }],
      tried: [{ what: 'Offered to block the card', outcome: 'declined' }],
    };
    expect(await packetOf({ ...packet, queue: 'cards' })).toEqual({ ...packet, queue: 'cards' });
  });

  test('Copilot Studio: va_ variables and the author’s own', async () => {
    const packet = await packetOf({
      va_Scope: 'bot',
      va_LastTopic: 'Lost card',
      va_Topics: ['Greeting', 'Lost card'],
      va_LastPhrases: 'my card is gone',
      va_AgentMessage: 'Card lost',
      va_BotId: 'b',
      CustomerTier: 'gold',
      Amount: 12,
    });
    expect(packet).toMatchObject({
      reason: 'Card lost',
      summary: 'Card lost',
      lastPhrase: 'my card is gone',
      topics: ['Greeting', 'Lost card'],
      facts: [
        { name: 'CustomerTier', value: 'gold' },
        { name: 'Amount', value: '12' },
      ],
    });
  });

  test('Dynamics 365: tags as JSON text, the words of the activity as summary', async () => {
    const packet = await packetOf(undefined, {
      tags: JSON.stringify({ type: 'Escalate', context: { BotHandoffTopic: 'CreditCard', IssueNumber: 7 } }),
    });
    expect(packet).toMatchObject({
      facts: [
        { name: 'BotHandoffTopic', value: 'CreditCard' },
        { name: 'IssueNumber', value: '7' },
      ],
    });
  });

  test('Bot Framework’s sample: a skill names the queue', async () => {
    expect(await packetOf({ Skill: 'Cards' })).toMatchObject({ queue: 'cards', reason: 'The bot asked for a person' });
  });

  test('nonsense is no obstacle to reaching a person', async () => {
    expect(
      await packetOf({
        reason: { a: 1 },
        facts: 7,
        tried: null,
        topics: [{}, 'x'.repeat(500)],
        summary: '\u0000',
        queue: '!!!',
        deep: { a: [1] },
      }),
    ).toMatchObject({
      reason: 'The bot asked for a person',
      topics: ['x'.repeat(100)],
    });
  });
});

describe('a transcript that comes along', () => {
  const lines = [
    {
      type: 'message',
      id: 't1',
      text: 'from before',
      from: { id: 'user1', role: 'user' },
      timestamp: '2026-01-01T10:00:00Z',
      unknown: true,
    },
    { type: 'trace', id: 't2', name: 'x' },
    { type: 'message', id: 't3', text: 'an answer', from: { id: 'bot', role: 'bot' } },
    { type: 'message', id: 't1', text: 'from before', from: { id: 'user1', role: 'user' } },
  ];

  test.each([
    ['{activities}', { activities: lines }],
    ['{transcript}', { transcript: lines }],
    ['a bare list', lines],
    ['JSON text', JSON.stringify({ activities: lines })],
  ])('in the shape of %s becomes turns before the handoff, each once', async (_shape, content) => {
    bot = await startBot(desk, escalating({ reason: 'x' }, content));
    await bot.says('help', 'u1');
    expect(
      desk.turns
        .map(({ id, speaker, text }) => [id.startsWith('t') || id === 'u1' ? id : '', speaker, text])
        .slice(0, 4),
    ).toEqual([
      ['t1', 'user', 'from before'],
      ['t3', 'bot', 'an answer'],
      ['u1', 'user', 'help'],
      ['', 'bot', 'One moment'],
    ]);
  });

  test('lines the desk has already are not doubled', async () => {
    bot = await startBot(
      desk,
      escalating(
        { reason: 'x' },
        { activities: [{ type: 'message', id: 'u0', text: 'hello', from: { role: 'user', id: 'user1' } }] },
      ),
    );
    await bot.says('hello', 'u0');
    await until(() => expect(desk.turns).toHaveLength(2));
    await bot.says('help');
    expect(desk.turns.filter((turn) => turn.text === 'hello')).toHaveLength(1);
  });
});
