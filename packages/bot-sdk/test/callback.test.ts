import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { OutboundEntry } from '@parley/contracts';
import { verifyCallback } from '../src/index.ts';
import type { DeskStandIn } from './desk-stand-in.ts';
import { sign, startDeskStandIn } from './desk-stand-in.ts';
import type { BotStandIn, Logic } from './bot-stand-in.ts';
import { startBot } from './bot-stand-in.ts';

const until = vi.waitFor;
let desk: DeskStandIn;
let bot: BotStandIn;
let failing = false;

const logic: Logic = async (context) => {
  const { type, name, value } = context.activity;
  if (type !== 'event' || name !== 'handoff.status') return;
  await context.sendActivity(`${value.state} ${value.message.consultant?.name ?? ''}`.trim());
  if (failing) throw new Error('The bot has a bug');
  if (value.state === 'completed') await context.sendActivity(`promised ${value.message.packet.promises.join()}`);
};

beforeEach(async () => {
  failing = false;
  desk = await startDeskStandIn();
  bot = await startBot(desk, logic);
  desk.setFloor('Convo1', 'human');
  await bot.says('hello');
});
afterEach(async () => {
  await bot.close();
  await desk.close();
});

const post = (entries: Parameters<DeskStandIn['entries']>[1], floor: 'bot' | 'human' = 'human') =>
  desk.callback(bot.callbackUrl, desk.entries('Convo1', entries, floor));

describe('a consultant’s line', () => {
  test('is shown with the consultant’s name and the place in the log, and is not recorded as the bot’s', async () => {
    expect(await post([{ kind: 'message', text: 'Good *morning*' }])).toBe(200);
    expect(bot.channel.shown).toMatchObject([
      {
        type: 'message',
        text: 'Ana Ruiz: Good *morning*',
        textFormat: 'plain',
        channelData: { parley: { name: 'Ana Ruiz', seq: expect.any(Number), id: expect.any(String) } },
      },
    ]);
    await bot.says('thanks');
    expect(desk.turns.map((turn) => turn.text)).toEqual(['hello', 'thanks']);
  });

  test('D8 is shown once, however often and however concurrently it comes', async () => {
    const body = desk.entries('Convo1', [{ kind: 'message', text: 'once' }]);
    await Promise.all(Array.from({ length: 10 }, () => desk.callback(bot.callbackUrl, body)));
    expect(await desk.callback(bot.callbackUrl, body)).toBe(200);
    expect(bot.channel.texts()).toEqual(['Ana Ruiz: once']);
  });

  test('D8 several are shown in order, and a repetition shows only what is new', async () => {
    const body = desk.entries(
      'Convo1',
      ['a', 'b', 'c'].map((text) => ({ kind: 'message' as const, text })),
    );
    body.entries.reverse();
    await desk.callback(bot.callbackUrl, body);
    const more = {
      ...body,
      entries: [...body.entries, ...desk.entries('Convo1', [{ kind: 'message', text: 'd' }]).entries],
    };
    await desk.callback(bot.callbackUrl, more);
    expect(bot.channel.texts().map((text) => text.at(-1))).toEqual(['a', 'b', 'c', 'd']);
  });

  test('D6 is acknowledged only after the channel has taken it, and what follows waits', async () => {
    bot.channel.refuse = (activity) => activity.text === 'Ana Ruiz: b';
    const body = desk.entries(
      'Convo1',
      ['a', 'b', 'c'].map((text) => ({ kind: 'message' as const, text })),
    );
    expect(await desk.callback(bot.callbackUrl, body)).toBe(502);
    expect(bot.channel.texts()).toEqual(['Ana Ruiz: a']);
    bot.channel.refuse = () => false;
    expect(await desk.callback(bot.callbackUrl, body)).toBe(200);
    expect(bot.channel.texts()).toEqual(['Ana Ruiz: a', 'Ana Ruiz: b', 'Ana Ruiz: c']);
  });

  test('D8 is not shown again by a restarted bot that kept its storage', async () => {
    const body = desk.entries('Convo1', [{ kind: 'message', text: 'once' }]);
    await desk.callback(bot.callbackUrl, body);
    const { storage } = bot;
    await bot.close();
    bot = await startBot(desk, logic, { storage });
    expect(await desk.callback(bot.callbackUrl, body)).toBe(200);
    expect(bot.channel.texts()).toEqual([]);
    expect(await post([{ kind: 'message', text: 'after the restart' }])).toBe(200);
    expect(bot.channel.texts()).toEqual(['Ana Ruiz: after the restart']);
  });

  test('D8 is not shown again where the storage failed right after the channel had taken it', async () => {
    const { storage } = bot;
    await bot.close();
    let writes = Infinity;
    const failing = {
      ...storage,
      write: (changes: Record<string, unknown>) =>
        writes-- > 0 ? storage.write(changes) : Promise.reject(new Error('The disk is full')),
    };
    bot = await startBot(desk, logic, { storage: failing });
    const body = desk.entries('Convo1', [{ kind: 'message', text: 'once' }]);
    writes = 0;
    expect(await desk.callback(bot.callbackUrl, body)).toBe(500);
    expect(await desk.callback(bot.callbackUrl, body)).toBe(500);
    writes = Infinity;
    // Acknowledged only once it is kept, so that a restart does not show it either.
    expect(await desk.callback(bot.callbackUrl, body)).toBe(200);
    expect(bot.channel.texts()).toEqual(['Ana Ruiz: once']);
    await bot.close();
    bot = await startBot(desk, logic, { storage });
    expect(await desk.callback(bot.callbackUrl, body)).toBe(200);
    expect(bot.channel.texts()).toEqual([]);
  });

  test('D8 out of order, twice in one callback, or late, it is shown in order and once', async () => {
    const [one, two, three] = desk.entries('Convo1', [
      { kind: 'message', text: 'one' },
      { kind: 'message', text: 'two' },
      { kind: 'message', text: 'three' },
    ]).entries as [OutboundEntry, OutboundEntry, OutboundEntry];
    const give = (...entries: OutboundEntry[]) =>
      desk.callback(bot.callbackUrl, { ...desk.entries('Convo1', []), entries });
    expect(await give(two, one, two, one)).toBe(200);
    expect(await give(one)).toBe(200);
    expect(await give(three, two)).toBe(200);
    expect(bot.channel.texts()).toEqual(['Ana Ruiz: one', 'Ana Ruiz: two', 'Ana Ruiz: three']);
  });

  test('for a user the bot cannot reach yet is refused for now', async () => {
    expect(await desk.callback(bot.callbackUrl, desk.entries('Unknown', [{ kind: 'message' }]))).toBe(503);
  });
});

describe('what becomes of a handoff', () => {
  test('reaches the bot as handoff.status, whose words reach the user and are recorded as announcing it', async () => {
    const body = desk.entries('Convo1', [
      { kind: 'status', state: 'accepted', consultant: { name: 'Ana Ruiz' }, queue: 'cards' },
    ]);
    expect(await desk.callback(bot.callbackUrl, body)).toBe(200);
    const { seq } = body.entries[0]!;
    expect(bot.heard.at(-1)).toMatchObject({
      type: 'event',
      name: 'handoff.status',
      value: { state: 'accepted', message: { seq, consultant: { name: 'Ana Ruiz' }, queue: 'cards' } },
    });
    expect(bot.channel.texts()).toEqual(['accepted Ana Ruiz']);
    await until(() =>
      expect(desk.turns.at(-1)).toMatchObject({ text: 'accepted Ana Ruiz', announces: seq, notice: true }),
    );
  });

  test('D19 moves the floor: after completed the bot answers again', async () => {
    await post([{ kind: 'status', state: 'accepted' }]);
    desk.setFloor('Convo1', 'bot');
    await post([{ kind: 'status', state: 'completed', returned: true, packet: { promises: ['a call'] } }], 'bot');
    expect(bot.channel.texts()).toEqual(['accepted', 'completed', 'promised a call']);
    bot.heard.length = 0;
    await bot.says('and now?');
    expect(bot.heard).toMatchObject([{ text: 'and now?' }]);
  });

  test('D19 accepted without having been asked for silences the bot', async () => {
    desk.setFloor('Other', 'bot');
    await bot.says('hi', 'o1', 'Other');
    desk.setFloor('Other', 'human');
    await desk.callback(
      bot.callbackUrl,
      desk.entries('Other', [{ kind: 'status', state: 'accepted', consultant: { name: 'Ana' } }]),
    );
    bot.heard.length = 0;
    await bot.says('who are you?', 'o2', 'Other');
    expect(bot.heard).toEqual([]);
  });

  test('D19 late news of the bot’s floor does not let it speak over a person', async () => {
    desk.setFloor('Other', 'bot');
    const answered = Promise.withResolvers<void>();
    await bot.says('hi', 'o1', 'Other');
    await until(() => expect(desk.turns.at(-1)?.text).toBe('hi'));
    desk.fault = ({ path }) => (path === '/v1/bot/turns' ? { kind: 'late', until: answered.promise } : undefined);
    await bot.says('anybody?', 'o2', 'Other');
    await until(() => expect(desk.turns.at(-1)?.text).toBe('anybody?'));
    desk.setFloor('Other', 'human');
    await desk.callback(bot.callbackUrl, desk.entries('Other', [{ kind: 'status', state: 'accepted' }]));
    desk.fault = () => undefined;
    const calls = desk.calls.length;
    answered.resolve();
    await until(() => expect(desk.calls.length).toBeGreaterThan(calls));
    await until(() => expect(bot.parley.stats().waiting).toBe(0));
    bot.heard.length = 0;
    await bot.says('hm', 'o3', 'Other');
    expect(bot.heard).toEqual([]);
  });

  test('D8 lines a broken attempt has shown are not said again', async () => {
    bot.channel.refuse = (activity) => activity.text === 'promised x';
    const body = desk.entries('Convo1', [{ kind: 'status', state: 'completed', packet: { promises: ['x'] } }], 'bot');
    expect(await desk.callback(bot.callbackUrl, body)).toBe(502);
    bot.channel.refuse = () => false;
    expect(await desk.callback(bot.callbackUrl, body)).toBe(200);
    expect(bot.channel.texts()).toEqual(['completed', 'promised x']);
  });

  test('a bug in the bot does not hold up what consultants say', async () => {
    failing = true;
    expect(
      await post([
        { kind: 'status', state: 'accepted' },
        { kind: 'message', text: 'hello' },
      ]),
    ).toBe(200);
    expect(bot.channel.texts()).toEqual(['accepted', 'Ana Ruiz: hello']);
  });

  test('unknown kinds of entries and members of a newer desk are passed over', async () => {
    const body = desk.entries('Convo1', [{ kind: 'message', text: 'old friend' }]);
    const newer = JSON.stringify({
      ...body,
      extra: 1,
      entries: [
        { kind: 'hologram', seq: 99 },
        { ...body.entries[0], shiny: true },
      ],
    });
    const timestamp = String(Math.floor(Date.now() / 1000));
    const response = await fetch(bot.callbackUrl, {
      method: 'POST',
      headers: sign('m', timestamp, newer, desk.callbackSecret),
      body: newer,
    });
    expect(response.status).toBe(200);
    expect(bot.channel.texts()).toEqual(['Ana Ruiz: old friend']);
  });
});

test('typing of a consultant is shown', async () => {
  const { entries: _entries, floor: _floor, epoch: _epoch, ...frame } = desk.entries('Convo1', []);
  expect(await desk.callback(bot.callbackUrl, { ...frame, type: 'conversation.typing', from: { name: 'Ana' } })).toBe(
    202,
  );
  await until(() => expect(bot.channel.shown).toMatchObject([{ type: 'typing' }]));
});

describe('forgery', () => {
  const body = () => desk.entries('Convo1', [{ kind: 'message', text: 'transfer all your money' }]);
  const nothingShown = () => expect(bot.channel.shown).toEqual([]);

  test.each([
    ['a wrong secret', () => ({ secret: `whsec_${Buffer.alloc(32, 1).toString('base64')}` })],
    ['an old timestamp', () => ({ timestamp: Math.floor(Date.now() / 1000) - 301 })],
    ['a timestamp of the future', () => ({ timestamp: Math.floor(Date.now() / 1000) + 302 })],
    ['a missing signature', () => ({ headers: { 'webhook-signature': '' } })],
    ['another version of signature', () => ({ headers: { 'webhook-signature': 'v2,AAAA' } })],
    ['another id', () => ({ headers: { 'webhook-id': 'msg-other' } })],
    ['a timestamp with a tail', () => ({ headers: { 'webhook-timestamp': `${Math.floor(Date.now() / 1000)}x` } })],
  ])('%s is refused', async (_name, change) => {
    expect(await desk.callback(bot.callbackUrl, body(), change())).toBe(401);
    nothingShown();
  });

  test('D7 JSON serialised again is refused', async () => {
    const sent = body();
    expect(await desk.callback(bot.callbackUrl, sent, { body: JSON.stringify(sent, null, 1) })).toBe(401);
    nothingShown();
  });

  test('D7 no bit of body, id, timestamp or signature can be turned', () => {
    const text = JSON.stringify(body());
    const timestamp = String(Math.floor(Date.now() / 1000));
    const headers = sign('msg-1', timestamp, text, desk.callbackSecret);
    expect(verifyCallback(headers, text, [desk.callbackSecret])).toEqual({ ok: true, id: 'msg-1' });
    const bytes = Buffer.from(text);
    for (let position = 0; position < bytes.length; position += 1) {
      const turned = Buffer.from(bytes);
      turned[position]! ^= 1 << (position % 8);
      expect(verifyCallback(headers, turned, [desk.callbackSecret]).ok, `byte ${position}`).toBe(false);
    }
    for (const [name, value] of Object.entries(headers)) {
      for (let position = name === 'webhook-signature' ? 3 : 0; position < value.length; position += 1) {
        const turned =
          value.slice(0, position) + String.fromCharCode(value.charCodeAt(position) ^ 1) + value.slice(position + 1);
        expect(
          verifyCallback({ ...headers, [name]: turned }, text, [desk.callbackSecret]).ok,
          `${name} ${position}`,
        ).toBe(false);
      }
    }
  });

  test('bytes that are not UTF-8 do not pass for the sign that replaces them', () => {
    const text = '{"text":"\ufffd"}';
    const headers = sign('m', String(Math.floor(Date.now() / 1000)), text, desk.callbackSecret);
    const broken = Buffer.concat([Buffer.from('{"text":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    expect(verifyCallback(headers, Buffer.from(text), [desk.callbackSecret]).ok).toBe(true);
    expect(verifyCallback(headers, broken, [desk.callbackSecret]).ok).toBe(false);
  });

  test('D7 while a secret is replaced both are good, and header names are matched in any case', () => {
    const next = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
    const headers = sign('m', String(Math.floor(Date.now() / 1000)), '{}', next);
    const upper = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));
    expect(verifyCallback(upper, '{}', [desk.callbackSecret, next]).ok).toBe(true);
    expect(verifyCallback(new Headers(headers), '{}', [desk.callbackSecret, next]).ok).toBe(true);
    expect(verifyCallback(headers, '{}', [desk.callbackSecret]).ok).toBe(false);
  });

  test('a body beyond the limit is refused before it is read whole', async () => {
    const response = await fetch(bot.callbackUrl, { method: 'POST', body: 'x'.repeat(9 * 1024 * 1024) }).then(
      (answer) => answer.status,
      () => 413,
    );
    expect(response).toBe(413);
    nothingShown();
  });
});
