import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { StoreUnavailable, type Store, type Stores } from '@parley/core';
import { cosmosStores, type Charge, type CosmosOptions, type Retry } from '@parley/stores';
import { startEmulator, type Emulator } from '@parley/stores/emulator';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  after,
  ana,
  assigned,
  conversation,
  follow,
  idOf,
  ids,
  lukas,
  message,
  put,
  queued,
} from '../src/suite/fixtures.ts';
import { startProxy, type Fault, type Proxy } from './cosmos-proxy.ts';

let emulator: Emulator;
let proxy: Proxy;
let opened: Stores[] = [];
let databases = 0;
let database = '';
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.close());
beforeEach(async () => {
  proxy = await startProxy(emulator);
  database = `faults-${++databases}`;
});
afterEach(async () => {
  proxy.fault = () => undefined;
  await Promise.all(opened.map((stores) => stores.close()));
  opened = [];
  await proxy.close();
});

/** Another process: nothing is shared but Cosmos. */
function stores(over: Partial<CosmosOptions> = {}): Stores {
  const { key, ca } = emulator;
  const made = cosmosStores({
    endpoint: proxy.endpoint,
    key,
    ca,
    database,
    patience: { attempt: 500, deadline: 10_000 },
    ...over,
  });
  opened.push(made);
  return made;
}
const open = (over: Partial<CosmosOptions> = {}) => stores(over).open('contoso');
/** Where nothing is silent, a machine with much to do is no fault. */
const calm = { patience: {} };
/** Straight to Cosmos, after everything. */
const witness = () => open({ endpoint: emulator.endpoint, patience: {} });

/** Does this to the next request that fits. */
function onNext(fault: Fault, fits: (seen: { container: string; kind: string }) => boolean): void {
  let done = false;
  proxy.fault = (seen) => {
    if (done || !fits(seen)) return undefined;
    done = true;
    return fault;
  };
}
const isCommit = ({ container, kind }: { container: string; kind: string }) => container === 'log' && kind === 'batch';

describe('a commit', () => {
  const faults: Fault[] = [
    { status: 412 },
    { status: 429, pause: 30 },
    { status: 449, pause: 30 },
    { status: 503 },
    { status: 408 },
    'cut before',
    'cut after',
    'silent before',
    'silent after',
    'late',
    'inside',
    'bare',
  ];
  for (const fault of faults) {
    const name = typeof fault === 'object' ? `answered ${fault.status}` : fault;
    test(`S19 S20 has one effect and a true answer: ${name}`, async () => {
      const store = await open();
      const first = await put(store, 1, {}, ['a']);
      onNext(fault, isCommit);
      expect(await store.commit(1, after(first, 1), [message(2)])).toBe('committed');
      // A new conversation goes another way: what is not there has no ETag.
      onNext(fault, isCommit);
      expect(await store.commit(0, conversation(2, { seq: 1 }), [message(1)])).toBe('committed');
      // And one without entries has nothing but the head to tell it by.
      onNext(fault, isCommit);
      expect(await store.commit(2, after(first, 0, { version: 3, seq: 2 }), [])).toBe('committed');
      expect(proxy.faults.get(typeof fault === 'object' ? String(fault.status) : fault)).toBe(3);
      expect(await store.commit(1, after(first, 1), [message(2)])).toBe('conflict');
      const clean = await witness();
      expect((await clean.head(idOf(1)))?.version).toBe(3);
      expect(ids(await clean.entries(idOf(1), { limit: 9 }))).toEqual(['m-1', 'm-2']);
      expect(ids(await clean.entries(idOf(2), { limit: 9 }))).toEqual(['m-1']);
    });
  }

  test('S20 waits as long as the server says', async () => {
    const retries: Retry[] = [];
    const store = await open({ onRetry: (retry) => retries.push(retry) });
    for (const status of [429, 449] as const) {
      onNext({ status, pause: 400 }, isCommit);
      const began = performance.now();
      await put(store, status);
      expect(performance.now() - began).toBeGreaterThanOrEqual(399);
    }
    expect(retries).toEqual([429, 449].map((status) => ({ client: 'contoso', operation: 'commit', status })));
  });

  test('S20 whose answer was lost, with others on top of it, is still told from a lost race', async () => {
    const [mine, other] = [await open(), await open({ endpoint: emulator.endpoint })];
    const head = await put(mine, 1);
    // Its effect takes place, the answer does not come, and meanwhile others go on.
    let others: Promise<void> | undefined;
    proxy.fault = (seen) => {
      if (!isCommit(seen) || others) return undefined;
      others = (async () => {
        for (let version = 2; version < 6;) {
          if ((await other.head(head.id))!.version < version) continue;
          expect(await other.commit(version, { ...head, version: ++version }, [])).toBe('committed');
        }
      })();
      return 'silent after';
    };
    expect(await mine.commit(1, { ...head, version: 2 }, [])).toBe('committed');
    await others;
    expect(await mine.commit(1, { ...head, version: 2 }, [])).toBe('conflict');
    expect((await other.head(head.id))?.version).toBe(6);
  });

  test('S15 S20 that Cosmos never takes is an error, and all or nothing of it is there', async () => {
    const store = await open({ patience: { attempt: 2_000, deadline: 800 } });
    const head = await put(store, 1, {}, ['a']);
    for (const fault of ['cut before', 'bare', { status: 429, pause: 60_000 }] satisfies Fault[]) {
      proxy.fault = () => fault;
      await expect(store.commit(1, after(head, 1), [message(2)])).rejects.toThrow(StoreUnavailable);
      await expect(store.head(head.id)).rejects.toThrow(StoreUnavailable);
      await expect(store.audit({ at: 1, by: { type: 'desk', id: 'd' }, what: 'x' })).rejects.toThrow(StoreUnavailable);
      proxy.fault = () => undefined;
    }
    // Writing goes on by itself.
    expect(await store.commit(1, after(head, 1), [message(2)])).toBe('committed');
    expect(ids((await store.list({ states: ['with-bot'] }, { limit: 5 })).items)).toEqual([idOf(1)]);
    expect(await store.audits({ limit: 5 })).toEqual([]);
  });

  test('S4 of more than Cosmos takes at once is refused whole, with a reason', async () => {
    const store = await open();
    const text = '語'.repeat(16_000);
    const entries = Array.from({ length: 60 }, (_, i) => message(i + 1, text));
    await expect(store.commit(0, conversation(1, { seq: 60 }), entries)).rejects.toThrow(/2 MB/);
    expect(await store.head(idOf(1))).toBeUndefined();
    expect(await store.commit(0, conversation(1, { seq: 30 }), entries.slice(0, 30))).toBe('committed');
  });

  test('S3 S19 of more entries than a batch has places is whole or nothing, and its ids stay taken', async () => {
    const store = await open();
    const head = await put(store, 1, {}, ['a', 'b']);
    const many = Array.from({ length: 150 }, (_, i) => message(i + 3));
    expect(
      await store.commit(
        1,
        after(head, 150),
        [...many.slice(1), message(152, 'x', 'm-1')].map((entry, i) => ({ ...entry, seq: i + 3 })),
      ),
    ).toBe('repeated');
    expect(await store.commit(1, after(head, 150), many)).toBe('committed');
    expect(await store.commit(2, { ...head, version: 3, seq: 153 }, [message(153, 'x', 'm-77')])).toBe('repeated');
    expect(await store.commit(2, { ...head, version: 3, seq: 153 }, [message(153, 'x', 'm-2')])).toBe('repeated');
    // Another process knows nothing by heart.
    const other = await open();
    expect((await other.find(idOf(1), 'm-77'))?.seq).toBe(77);
    expect(await other.find(idOf(1), 'm-999')).toBeUndefined();
    expect(
      await other.commit(
        2,
        { ...head, version: 3, seq: 302 },
        many.map((entry, i) => ({ ...entry, seq: i + 153 })),
      ),
    ).toBe('repeated');
    expect(await other.commit(2, { ...head, version: 3, seq: 153 }, [message(153)])).toBe('committed');
    expect((await other.entries(idOf(1), { after: 70, limit: 10 })).map(({ seq }) => seq)).toEqual([
      71, 72, 73, 74, 75, 76, 77, 78, 79, 80,
    ]);
    expect((await other.entries(idOf(1), { before: 153, limit: 3 })).map(({ seq }) => seq)).toEqual([150, 151, 152]);
  });
});

describe('several processes', () => {
  test('S2 S16 S19 of many claims on one conversation one wins, and all see who', async () => {
    const processes = await Promise.all([open(calm), open(calm), open(calm)]);
    for (let n = 1; n <= 10; n++) {
      const head = await put(processes[0], n, { holder: queued(5) });
      const claims = await Promise.all(
        Array.from({ length: 12 }, (_, i) =>
          processes[i % 3]!.commit(1, after(head, 1, { holder: assigned(6, i % 2 ? ana : lukas) }), [
            message(1, `claim ${i}`, `claim-${i}`),
          ]),
        ),
      );
      expect(claims.filter((claim) => claim === 'committed')).toHaveLength(1);
      const won = claims.indexOf('committed');
      for (const store of processes) {
        expect((await store.entries(head.id, { limit: 5 }))[0]?.id).toBe(`claim-${won}`);
        expect((await store.head(head.id))?.version).toBe(2);
      }
    }
  });

  test('S13 number their audit records without a gap', async () => {
    const processes = await Promise.all([open(calm), open(calm), open(calm)]);
    const by = { type: 'desk' as const, id: 'd' };
    await Promise.all(Array.from({ length: 60 }, (_, i) => processes[i % 3]!.audit({ at: i, by, what: `w${i}` })));
    const records = await processes[0].audits({ limit: 100 });
    expect(records.map(({ n }) => n)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    expect(new Set(records.map(({ what }) => what)).size).toBe(60);
    for (const k of [0, 1, 2]) {
      const mine = records.filter(({ at }) => at % 3 === k).map(({ at }) => at);
      expect(mine).toEqual(mine.toSorted((a, b) => a - b));
    }
  });

  for (const fault of ['cut after', 'silent after', 'late'] satisfies Fault[])
    test(`S13 S20 write an audit record once: ${fault}`, async () => {
      const store = await open();
      const record = { at: 1, by: { type: 'desk' as const, id: 'd' }, what: 'conversation.read' };
      await store.audit(record);
      onNext(fault, ({ container, kind }) => container === 'desk' && kind === 'batch');
      await store.audit(record);
      await store.audit(record);
      expect((await store.audits({ limit: 9 })).map(({ n }) => n)).toEqual([1, 2, 3]);
      await expect.poll(proxy.underWay).toBe(0);
      expect(await store.audits({ limit: 9 })).toHaveLength(3);
    });
});

describe('lists', () => {
  test('S11 show what a process has committed that was killed before they did', { timeout: 30_000 }, async () => {
    const watching = await open({ repairSeconds: 0.2 });
    const cursor = await watching.changeCursor();
    // Its batches to the lists are held up, so that its end comes in between.
    proxy.fault = ({ container, kind }) => (container === 'desk' && kind === 'batch' ? 'silent before' : undefined);
    const child = spawn(
      process.execPath,
      [
        new URL('children/cosmos-crash.ts', import.meta.url).pathname,
        proxy.endpoint,
        emulator.key,
        emulator.ca,
        database,
      ],
      { stdio: 'inherit' },
    );
    const [, signal] = (await once(child, 'exit')) as [number, string];
    expect(signal).toBe('SIGKILL');
    const projections = proxy.seen.length;
    proxy.fault = () => undefined;
    // One that opens sees it at once; one that has been open, soon.
    const fresh = await open();
    expect(ids((await fresh.list({ states: ['queued'] }, { limit: 9 })).items)).toEqual([1, 2, 3].map(idOf));
    expect((await fresh.search({ text: 'last words', limit: 9 })).items).toHaveLength(3);
    expect(ids(await fresh.due(5_000, 9))).toEqual([1, 2, 3].map(idOf));
    await expect
      .poll(async () => ids((await follow(watching, cursor, 10)).items).toSorted())
      .toEqual([1, 2, 3].map(idOf));
    expect(proxy.seen.length).toBeGreaterThan(projections);
  });

  test('S11 show what this process has committed, however long it takes to write them', async () => {
    const store = await open();
    onNext({ status: 429, pause: 300 }, ({ container, kind }) => container === 'desk' && kind === 'batch');
    await put(store, 1, { holder: queued(1) });
    expect(await store.count({ states: ['queued'] })).toBe(1);
    expect(proxy.faults.get('429')).toBe(1);
  });

  test('S11 S16 number changes without a gap, whichever process writes them', async () => {
    const processes = await Promise.all([open(calm), open(calm), open(calm)]);
    const numbers = Array.from({ length: 45 }, (_, i) => i + 1);
    await Promise.all(numbers.map((n) => put(processes[n % 3]!, n)));
    await Promise.all(processes.map((store) => store.count({ states: ['queued'] })));
    expect(await processes[0].changeCursor()).toBe('45');
    expect(ids((await follow(processes[1], '0', 1)).items).toSorted()).toEqual(numbers.map(idOf));
  });

  test('S11 that cannot be brought up to date say so, and catch up by themselves', async () => {
    const store = await open({ patience: { attempt: 2_000, deadline: 1_000 }, repairSeconds: 3_600 });
    proxy.fault = ({ container, kind }) => (container === 'desk' && kind === 'batch' ? { status: 503 } : undefined);
    const head = await put(store, 1, { holder: queued(1) }, ['a']);
    await expect(store.list({ states: ['queued'] }, { limit: 5 })).rejects.toThrow(StoreUnavailable);
    // The log itself is fine all the while.
    expect(await store.commit(1, after(head, 1), [message(2)])).toBe('committed');
    proxy.fault = () => undefined;
    const { items } = await store.list({ states: ['queued'] }, { limit: 5 });
    expect(items.map(({ version }) => version)).toEqual([2]);
    expect((await store.search({ text: 'a line', limit: 5 })).items).toHaveLength(1);
  });

  test('S11 never go back to an old head, whichever process writes last', async () => {
    const [slow, quick] = [await open(), await open({ endpoint: emulator.endpoint })];
    const head = await put(quick, 1, { holder: queued(1) });
    await quick.count({ states: ['queued'] });
    let held = 0;
    await slow.count({ states: ['queued'] });
    proxy.fault = ({ container, kind }) =>
      container === 'desk' && kind === 'batch' && held++ < 2 ? { status: 429, pause: 200 } : undefined;
    expect(await slow.commit(1, after(head, 0, { holder: assigned(2) }), [])).toBe('committed');
    await expect.poll(() => held).toBeGreaterThan(0);
    expect(await quick.commit(2, after(head, 0, { version: 3, holder: queued(3) }), [])).toBe('committed');
    expect((await quick.list({ states: ['queued'] }, { limit: 5 })).items[0]?.version).toBe(3);
    expect(await slow.count({ states: ['assigned'] })).toBe(0);
    expect((await slow.list({ states: ['queued'] }, { limit: 5 })).items[0]?.version).toBe(3);
    expect(held).toBeGreaterThan(1);
  });
});

describe('cost', () => {
  test('S21 of every answer is counted, a head is one point read, and long lists go on by continuation', async () => {
    const charges: Charge[] = [];
    const store = await open({ onCharge: (charge) => charges.push(charge), patience: {} });
    await put(store, 1, {}, ['a']);
    await store.count({ states: ['closed'] });
    proxy.seen.length = 0;
    await store.head(idOf(1));
    expect(proxy.seen.map(({ method, kind }) => `${method} ${kind}`)).toEqual(['GET other']);
    proxy.seen.length = 0;
    const head = (await store.head(idOf(1)))!;
    await store.commit(1, after(head, 1), [message(2)]);
    // One read, one batch: nothing is read again for the commit. (The batch to the lists goes elsewhere.)
    expect(proxy.seen.filter(({ container }) => container === 'log').map(({ kind }) => kind)).toEqual([
      'other',
      'batch',
    ]);
    await Promise.all(Array.from({ length: 1_001 }, (_, i) => store.putDocument('draft', `${i}`, i)));
    proxy.seen.length = 0;
    expect(await store.documents('draft')).toHaveLength(1_001);
    const pages = proxy.seen.filter(({ kind }) => kind === 'query');
    expect(pages.map(({ continued }) => continued)).toEqual([false, true]);
    await store.count({ states: ['closed'] });
    expect(charges.reduce((sum, { ru }) => sum + ru, 0)).toBe(proxy.charged());
    expect(new Set(charges.map(({ operation }) => operation))).toEqual(
      new Set(['open', 'repair', 'commit', 'project', 'head', 'putDocument', 'documents', 'count']),
    );
    expect(new Set(charges.map(({ client }) => client))).toEqual(new Set(['contoso']));
  });
});

describe('under any faults', () => {
  test(
    'S14 S16 S20 nothing acknowledged is lost, nothing is doubled, and every answer is true',
    { timeout: 900_000 },
    async () => {
      const kinds: Fault[] = [
        { status: 429 },
        { status: 449 },
        { status: 412 },
        { status: 503 },
        'cut before',
        'cut after',
        'silent before',
        'silent after',
        'late',
        'bare',
        'inside',
      ];
      const total = new Map<string, number>();
      const answers = new Map<string, number>();
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.record({ by: fc.nat(1), n: fc.integer({ min: 1, max: 3 }), entries: fc.nat(3), repeat: fc.nat(5) }),
            { minLength: 8, maxLength: 24 },
          ),
          fc.infiniteStream(
            fc.oneof(
              { weight: 2, arbitrary: fc.constant(undefined) },
              { weight: 1, arbitrary: fc.constantFrom(...kinds) },
            ),
          ),
          async (attempts, stream) => {
            database = `faults-${++databases}`;
            const over = { patience: { attempt: 500, deadline: 8_000 }, repairSeconds: 0.5 };
            const processes = await Promise.all([open(over), open(over)]);
            proxy.fault = (seen) => {
              const fault = stream.next().value;
              if (seen.container === 'other') return undefined;
              if ((fault === 'inside' || (typeof fault === 'object' && fault.status === 412)) && seen.kind !== 'batch')
                return undefined;
              return fault;
            };
            const done = await Promise.all(attempts.map((attempt, i) => run(processes[attempt.by]!, attempt, i)));
            proxy.fault = () => undefined;
            for (const { answer } of done) answers.set(answer, (answers.get(answer) ?? 0) + 1);
            await expect.poll(proxy.underWay, { timeout: 10_000 }).toBe(0);
            await judge(done, processes);
            await Promise.all(opened.splice(0).map((each) => each.close()));
          },
        ),
        { numRuns: Number(process.env['COSMOS_FAULT_RUNS'] ?? 4), endOnFailure: true },
      );
      for (const [kind, count] of proxy.faults) total.set(kind, count);
      for (const kind of kinds)
        expect(total.get(typeof kind === 'object' ? String(kind.status) : kind)).toBeGreaterThan(0);
      for (const answer of ['committed', 'conflict']) expect(answers.get(answer)).toBeGreaterThan(0);
    },
  );

  type Attempt = { n: number; entries: number; repeat: number };
  type Done = { id: string; version: number; names: string[]; answer: string; order: number };

  async function run(store: Store, { n, entries, repeat }: Attempt, i: number): Promise<Done> {
    const id = idOf(n);
    let names: string[] = [];
    let version = 0;
    try {
      const head = await store.head(id);
      const base = head ?? conversation(n, { version: 0 });
      version = base.version + 1;
      names = Array.from({ length: entries }, (_, k) =>
        repeat === 0 && k === 0 && base.seq > 0 ? `${n}-first` : `${i}-${k}`,
      );
      if (base.seq === 0 && entries > 0) names[0] = `${n}-first`;
      const list = names.map((name, k) => message(base.seq + k + 1, `said by ${i}`, name));
      const answer = await store.commit(
        base.version,
        {
          ...base,
          version,
          seq: base.seq + entries,
          updatedAt: base.updatedAt + i,
          last: { text: `by ${i}`, by: 'user', at: i },
        },
        list,
      );
      return { id, version, names, answer, order: i };
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      return { id, version, names, answer: 'unavailable', order: i };
    }
  }

  async function judge(done: Done[], processes: Store[]): Promise<void> {
    const clean = await witness();
    for (const n of [1, 2, 3]) {
      const id = idOf(n);
      const head = await clean.head(id);
      const mine = done.filter((one) => one.id === id);
      const entries = await clean.entries(id, { limit: 500 });
      expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: head?.seq ?? 0 }, (_, i) => i + 1));
      expect(new Set(ids(entries)).size).toBe(entries.length);
      const saidBy = (order: number) =>
        entries
          .filter((entry) => entry.kind === 'message' && entry.text === `said by ${order}`)
          .map((entry) => entry.id);
      const versions = new Set<number>();
      let unknown = 0;
      for (const { answer, names, order, version } of mine) {
        const there = saidBy(order);
        if (answer === 'committed') {
          expect(there, `${order} was acknowledged`).toEqual(names);
          expect(versions.has(version), `version ${version} once`).toBe(false);
          versions.add(version);
        } else if (answer === 'unavailable') {
          expect(there.length === 0 || there.length === names.length, `${order} is whole or absent`).toBe(true);
          unknown += 1;
        } else expect(there, `${order} was refused`).toEqual([]);
      }
      // Each version has one commit: those acknowledged, and of the rest only some whose end nobody was told.
      expect(head?.version ?? 0).toBeGreaterThanOrEqual(versions.size);
      expect(head?.version ?? 0).toBeLessThanOrEqual(versions.size + unknown);
    }
    // Lists and the change feed come to the same, in every process.
    const heads = (await Promise.all([1, 2, 3].map((n) => clean.head(idOf(n))))).filter((head) => head !== undefined);
    const byId = (list: readonly { id: string }[]) => list.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    for (const store of [clean, ...processes]) {
      await expect
        .poll(async () => byId((await store.list({ states: ['with-bot'] }, { limit: 10 })).items), { timeout: 20_000 })
        .toEqual(byId(heads));
      expect(byId((await follow(store, '0', 2)).items)).toEqual(byId(heads));
    }
  }
});
