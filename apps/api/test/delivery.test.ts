import { describe, expect, test } from 'vitest';
import { failureOf, pauseAfter, pauses } from '../src/delivery-schedule.ts';
import { accepted, DeliveryWorld } from './delivery-world.ts';
import { settled } from './virtual-host.ts';

const hour = 3_600_000;

for (const kind of ['memory', 'sqlite'] as const)
  describe(`delivery by several processes on one store, ${kind}`, () => {
    test('D9 the lane is written once where one process serves', async () => {
      const world = await DeliveryWorld.on(kind);
      const a = await world.start('a');
      const talk = await accepted(a);
      await world.time.pass(1_000);
      const first = (await talk.head(a)).delivery.lane;
      for (let n = 1; n <= 20; n++) {
        await talk.reply(a, `line ${n}`);
        await world.time.pass(n * 10);
      }
      expect((await talk.head(a)).delivery.lane).toEqual(first);
      expect(world.shown()).toEqual(Array.from({ length: 20 }, (_, n) => `line ${n + 1}`));
    });

    test('D1 D9 what another process accepts meanwhile is sent by the one that delivers, one request at a time', async () => {
      const world = await DeliveryWorld.on(kind);
      const [a, b] = [await world.start('a'), await world.start('b')];
      const talk = await accepted(a);
      await world.time.pass(1_000);
      const busy = Promise.withResolvers<{ status: number }>();
      world.answer = () => busy.promise;
      await talk.reply(a, 'one');
      await talk.reply(b, 'two');
      await talk.reply(a, 'three');
      await talk.reply(b, 'four');
      expect(world.shown()).toEqual(['one']);
      world.answer = () => ({ status: 204 });
      busy.resolve({ status: 204 });
      // As long as a mark takes, and no sweep.
      await world.time.pass(100);
      expect(world.shown()).toEqual(['one', 'two', 'three', 'four']);
      expect(new Set(world.requests.slice(1).map(({ node }) => node))).toEqual(new Set(['a']));
      expect(world.crowd).toBe(1);
      const { delivery } = await talk.head(b);
      expect(delivery.deliveredSeq).toBe(delivery.outSeq);
    });

    test('D9 where nothing is undelivered, whoever accepts a line takes the lane in the same commit', async () => {
      const world = await DeliveryWorld.on(kind);
      const [a, b] = [await world.start('a'), await world.start('b')];
      const talk = await accepted(a);
      await world.time.pass(1_000);
      const before = await talk.head(a);
      await talk.reply(b, 'from b');
      const after = await talk.head(b);
      expect(after.version).toBe(before.version + 1);
      expect(after.delivery.lane!.n).toBe(before.delivery.lane!.n + 1);
      expect(world.requests.at(-1)).toMatchObject({ node: 'b' });
      expect(world.shown()).toEqual(['from b']);
    });

    test('D10 the lane of a process that died is taken over, in order and without a gap', async () => {
      const world = await DeliveryWorld.on(kind);
      const [a, b] = [await world.start('a'), await world.start('b')];
      const talk = await accepted(a);
      await world.time.pass(6_000);
      // The bot shows the line; its answer never arrives.
      world.answer = () => new Promise(() => undefined);
      await talk.reply(a, 'one');
      a.kill();
      world.answer = () => ({ status: 204 });
      await talk.reply(b, 'two');
      await world.time.pass(19_000);
      expect(world.requests.at(-1)!.node).toBe('a');
      await world.time.pass(30_000);
      expect(world.requests.at(-1)!.node).toBe('b');
      expect(world.shown()).toEqual(['one', 'two']);
      const { delivery } = await talk.head(b);
      expect(delivery.deliveredSeq).toBe(delivery.outSeq);
    });

    test('D10 who stops in order hands over at once', async () => {
      const world = await DeliveryWorld.on(kind);
      const [a, b] = [await world.start('a'), await world.start('b')];
      const talk = await accepted(a);
      await world.time.pass(6_000);
      world.answer = () => ({ status: 503 });
      await talk.reply(a, 'one');
      await world.time.pass(100);
      world.answer = () => ({ status: 204 });
      await a.close();
      await world.time.pass(6_000);
      expect(world.requests.at(-1)!.node).toBe('b');
      expect((await talk.head(b)).delivery).toMatchObject({ deliveredSeq: (await talk.head(b)).delivery.outSeq });
    });

    test('D9 a process that slept through its own replacement sends nothing, and what it says of its lane is refused', async () => {
      const world = await DeliveryWorld.on(kind);
      const [a, b] = [await world.start('a'), await world.start('b')];
      const talk = await accepted(a);
      await world.time.pass(6_000);
      world.answer = () => ({ status: 503 });
      await talk.reply(a, 'one');
      a.host.asleep = true;
      await world.time.pass(60_000);
      expect(world.requests.at(-1)!.node).toBe('b');
      const taken = (await talk.head(b)).delivery.lane!;
      world.requests.length = 0;
      a.host.asleep = false;
      await world.time.pass(10 * 60_000);
      expect(world.requests.map(({ node }) => node)).not.toContain('a');
      expect((await talk.head(b)).delivery.lane).toEqual(taken);
      for (const command of [
        { type: 'fail-delivery', of: 1, reason: 'down' },
        { type: 'delay-delivery', tries: 1, until: 1, reason: 'down' },
        { type: 'mark-delivered', seq: 99 },
      ] as const)
        expect(
          await a.desk.desk.execute(
            talk.id,
            { ...command, id: `x-${command.type}`, lane: taken.n - 1 },
            { type: 'desk' },
          ),
        ).toMatchObject({ ok: false, code: 'stale-lane' });
      expect([...a.failures, ...b.failures]).toEqual([]);
    });

    test('D9 a process that slept asks at once whether the lane is still its own, and need not wait for its next beat', async () => {
      const world = await DeliveryWorld.on(kind);
      const a = await world.start('a');
      const talk = await accepted(a);
      await world.time.pass(6_000);
      a.host.asleep = true;
      await world.time.pass(3_600_000);
      await talk.reply(a, 'awake');
      await settled();
      expect(world.shown()).toEqual(['awake']);
    });

    test('D3 a pause survives a restart with its tries, and is no longer than the schedule has it', async () => {
      const world = await DeliveryWorld.on(kind);
      const a = await world.start('a');
      const talk = await accepted(a);
      await world.time.pass(1_000);
      world.answer = () => ({ status: 500 });
      await talk.reply(a, 'one');
      // Tries at 0, 1, 3, 8, 23 and 83 s, and about every half minute more while the circuit asks.
      await world.time.pass(100_000);
      const { retry } = (await talk.head(a)).delivery;
      expect(retry).toMatchObject({ reason: 'The bot answered 500' });
      expect(retry!.tries).toBeGreaterThanOrEqual(3);
      await a.close();
      world.requests.length = 0;
      world.answer = () => ({ status: 204 });
      const b = await world.start('b');
      await settled();
      expect((await talk.head(b)).delivery.retry).toEqual(retry);
      await world.time.pass(pauses[retry!.tries - 1]! * 1.2 + 1_000);
      expect(world.requests).toHaveLength(1);
      expect((await talk.head(b)).delivery.retry).toBeUndefined();
    });
  });

describe('delivery', () => {
  test('D2 the schedule is that of Standard Webhooks, about 75 hours, with jitter', () => {
    expect(pauses.reduce((sum, ms) => sum + ms) / hour).toBeCloseTo(75.6, 0);
    const failure = { reason: 'down' };
    expect(pauseAfter(7, failure, 0)!.ms).toBe(0.8 * 1_800_000);
    expect(pauseAfter(7, failure, 0.5)!.ms).toBe(1_800_000);
    expect(pauseAfter(pauses.length, failure, 0.5)).toMatchObject({ kept: true });
    expect(pauseAfter(pauses.length + 1, failure, 0.5)).toBeUndefined();
    expect([1, 2, 3].map((tries) => pauseAfter(tries, failure, 0.5)!.kept)).toEqual([false, false, true]);
  });

  test('D2 an answer that says when is heard, up to a day', () => {
    const soon = failureOf(503, '120', 0)!;
    expect(pauseAfter(1, soon, 0.5)).toMatchObject({ ms: 120_000, kept: true });
    const dated = failureOf(429, new Date(1_000_000).toUTCString(), 400_000)!;
    expect(pauseAfter(1, dated, 0.5)!.ms).toBe(600_000);
    expect(pauseAfter(1, failureOf(503, '999999999', 0)!, 0.5)!.ms).toBe(24 * hour);
    expect(failureOf(503, 'soon', 0)).not.toHaveProperty('retryAfterMs');
  });

  test('D2 what says that the request is wrong is tried again without haste, and 410 ends it', () => {
    for (const status of [400, 401, 403, 404, 413, 422])
      expect(pauseAfter(1, failureOf(status, undefined, 0)!, 0.5)).toMatchObject({ ms: 60_000, tries: 5 });
    for (const status of [408, 425, 429, 500, 502, 503, 302])
      expect(pauseAfter(1, failureOf(status, undefined, 0)!, 0.5)).toMatchObject({ ms: 1_000, tries: 1 });
    expect(pauseAfter(1, failureOf(410, undefined, 0)!, 0.5)).toBeUndefined();
  });

  test('D4 D5 a bot that takes no more callbacks fails the lines at once; another try goes on in order', async () => {
    const world = await DeliveryWorld.on('memory');
    const [a, b] = [await world.start('a'), await world.start('b')];
    const talk = await accepted(a);
    await world.time.pass(1_000);
    world.answer = () => ({ status: 410 });
    await talk.reply(a, 'one');
    await world.time.pass(100);
    await talk.reply(a, 'two');
    await world.time.pass(60_000);
    const failed = (await talk.head(a)).delivery;
    expect(failed.failed).toMatchObject({ reason: expect.stringContaining('410') as string });
    expect(world.requests.filter(({ body }) => body.entries.some((entry) => entry.kind === 'message'))).toHaveLength(1);
    const entries = await a.desk.store.entries(talk.id, { limit: 100 });
    expect(entries.filter((entry) => entry.kind === 'delivery-failed')).toHaveLength(1);

    world.answer = () => ({ status: 204 });
    await talk.retry(b);
    await world.time.pass(100);
    expect(world.requests.at(-1)!.node).toBe('b');
    expect(world.shown()).toEqual(['one', 'two']);
    expect((await talk.head(a)).delivery).not.toHaveProperty('failed');
  });

  test('D4 the last try fails the line', async () => {
    const world = await DeliveryWorld.on('memory');
    const a = await world.start('a');
    const talk = await accepted(a);
    await world.time.pass(1_000);
    world.answer = () => ({ status: 404 });
    await talk.reply(a, 'one');
    world.time.lateness = 300_000;
    await world.time.pass(60 * hour);
    expect((await talk.head(a)).delivery).toMatchObject({ retry: { reason: 'The bot answered 404' } });
    await world.time.pass(40 * hour);
    expect((await talk.head(a)).delivery).toMatchObject({ failed: { reason: 'The bot answered 404' } });
    expect((await talk.head(a)).delivery).not.toHaveProperty('retry');
  });

  test('D5 a line of the user ends a pause, and uses up no try', async () => {
    const world = await DeliveryWorld.on('memory');
    const a = await world.start('a');
    const talk = await accepted(a);
    await world.time.pass(1_000);
    world.answer = () => ({ status: 401 });
    await talk.reply(a, 'one');
    world.time.lateness = 60_000;
    await world.time.pass(3 * hour);
    world.time.lateness = 0;
    await world.time.pass(120_000);
    const { retry } = (await talk.head(a)).delivery;
    for (let n = 0; n < 20; n++) {
      await talk.says(a, `are you there? ${n}`);
      await world.time.pass(1_000);
    }
    expect((await talk.head(a)).delivery).toMatchObject({ retry: { tries: retry!.tries } });
    expect((await talk.head(a)).delivery).not.toHaveProperty('failed');
    world.answer = () => ({ status: 204 });
    await talk.says(a, 'hello?');
    await world.time.pass(1_000);
    expect(world.shown()).toEqual(['one']);
    expect((await talk.head(a)).delivery).not.toHaveProperty('retry');
  });

  test('D15 typing is told once, and is not in the way of what was said', async () => {
    const world = await DeliveryWorld.on('memory');
    const a = await world.start('a');
    const talk = await accepted(a);
    await world.time.pass(1_000);
    let told = 0;
    world.typing = () => {
      told += 1;
      return told === 1 ? { status: 503 } : new Promise(() => undefined);
    };
    const ana = { id: 'c0170500-0000-4000-8000-000000000101', name: 'Ana Ruiz' };
    a.desk.typing(await talk.head(a), ana);
    await world.time.pass(60_000);
    expect(told).toBe(1);
    a.desk.typing(await talk.head(a), ana);
    await talk.reply(a, 'one');
    await settled();
    expect(world.shown()).toEqual(['one']);
    await world.time.pass(100);
    expect((await talk.head(a)).delivery).toMatchObject({ deliveredSeq: (await talk.head(a)).delivery.outSeq });
  });

  test('D2 what is too large together goes one by one', async () => {
    const world = await DeliveryWorld.on('memory');
    const a = await world.start('a');
    const talk = await accepted(a);
    await world.time.pass(1_000);
    world.answer = () => ({ status: 503 });
    await talk.reply(a, 'one');
    await talk.reply(a, 'two');
    await talk.reply(a, 'three');
    world.answer = ({ entries }) => ({ status: entries.length > 1 ? 413 : 204 });
    await world.time.pass(5_000);
    expect(world.shown()).toEqual(['one', 'two', 'three']);
    expect((await talk.head(a)).delivery).toMatchObject({ deliveredSeq: (await talk.head(a)).delivery.outSeq });
  });

  test('D12 the ledger has the tries, the delivery and the sight of a line', async () => {
    const world = await DeliveryWorld.on('memory');
    const a = await world.start('a');
    const talk = await accepted(a);
    await world.time.pass(1_000);
    const begun = a.desk.host.now();
    world.answer = () => ({ status: 503 });
    await talk.reply(a, 'one');
    await world.time.pass(500);
    world.answer = () => ({ status: 204 });
    await world.time.pass(1_000);
    const { outSeq } = (await talk.head(a)).delivery;
    await a.desk.desk.execute(talk.id, { type: 'mark-seen', id: 'seen', seq: outSeq }, { type: 'user' });
    const known = await a.desk.ledger.of(talk.id, outSeq);
    expect(known.tries).toMatchObject([
      { at: begun, reason: 'The bot answered 503' },
      { at: begun + 1_000, took: 0 },
    ]);
    expect(known.seenAt).toBe(begun + 1_500);
    // Written in the background: another process knows it then.
    const b = await world.start('b');
    await world.time.pass(20_000);
    expect(await b.desk.ledger.of(talk.id, outSeq)).toEqual(known);
  });
});
