/**
 * What the store costs per message when a desk uses it: 64 conversations in hand, each turn one `head` and one `commit` of one
 * entry, and every 50 ms the delivery marks, one commit without entries per two messages.
 * `node bench/desk.ts [seconds] [src/index.ts …]`: several entry files are compared with each other; they take turns in one
 * process, because the speed of a machine drifts. The least of all slices says most. The last line is JSON.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Entry } from '@parley/contracts';
import { blank, evolve, type Store, type Stores } from '@parley/core';
import type * as Adapters from '../src/index.ts';
import { idOf, start } from '../src/suite/fixtures.ts';

const seconds = Number(process.argv[2] ?? 8);
const files = process.argv.length > 3 ? process.argv.slice(3) : [join(import.meta.dirname, '../src/index.ts')];
const prefilled = 2_000;
const open = 64;
const slice = 500;
const ana = { id: 'c0170500-0000-4000-8000-000000000101', name: 'Ana Ruiz' };
const text = 'My card was declined in the shop this morning and I do not know why, can you have a look at it please? '
  .repeat(2)
  .slice(0, 200);

type Lap = { messages: number; cpu: number; wall: number; logBytes: number; p50: number; index: number };
type Run = { name: string; directory: string; stores: Stores; store: Store; laps: Lap[] };

const root = await mkdtemp(join(tmpdir(), 'parley-bench-'));
const runs: Run[] = [];
for (const [n, file] of files.entries()) {
  const { sqliteStores } = (await import(pathToFileURL(resolve(file)).href)) as typeof Adapters;
  const directory = join(root, String(n));
  const key = randomBytes(32);
  const stores = sqliteStores({ directory, keys: { key: async () => key } });
  const store = await stores.open('contoso');
  await fill(store);
  await settle(store);
  runs.push({ name: file, directory, stores, store, laps: [] });
}

const rounds = Math.max(3, Math.round((seconds * 1000) / slice / runs.length));
for (let round = 0; round <= rounds; round++)
  for (const run of round % 2 ? runs.toReversed() : runs) {
    const logged = await written();
    const lap = await load(run.store);
    const logBytes = (await written()) - logged;
    // What runs behind the commits is done here, so that it disturbs no other lap, and counted by itself.
    const index = await settle(run.store);
    if (round > 0) run.laps.push({ ...lap, logBytes, index });
  }

const report = runs.map(({ name, laps }) => {
  const of = (pick: (lap: Lap) => number, share: number) => {
    const sorted = laps.map(pick).toSorted((a, b) => a - b);
    return Math.round(sorted[Math.floor(sorted.length * share)]! * 10) / 10;
  };
  const cpu = (lap: Lap) => lap.cpu / lap.messages;
  return {
    name: name.slice(-30),
    cpuMicrosMin: of(cpu, 0),
    cpuMicrosMedian: of(cpu, 0.5),
    logBytes: of((lap) => lap.logBytes / lap.messages, 0.5),
    perSecond: of((lap) => (lap.messages / lap.wall) * 1000, 0.5),
    p50Micros: of((lap) => lap.p50 * 1000, 0.5),
    indexMicros: of((lap) => lap.index / lap.messages, 0.5),
  };
});
for (const run of runs) await run.stores.close();
await rm(root, { recursive: true });
console.table(report);
console.log(JSON.stringify({ prefilled, open, node: process.version, report }));

async function fill(store: Store): Promise<void> {
  for (let from = 0; from < prefilled; from += 200)
    await Promise.all(Array.from({ length: 200 }, (_, k) => make(store, from + k, 10)));
  await Promise.all(Array.from({ length: open }, (_, lane) => make(store, prefilled + lane, 3)));
}

async function make(store: Store, n: number, lines: number): Promise<void> {
  const head = blank({
    id: idOf(n),
    channel: 'directline',
    channelConversation: `dl-${n}-abcdefghijkl`,
    bot: { id: 'c0170500-0000-4000-8000-0000000000c1', name: 'BankX assistant' },
    user: { id: `dl_user_${n}`, name: 'Sam Doe', language: 'en' },
    now: start + n,
  });
  const entries = Array.from({ length: lines }, (_, k) => said(k + 1, `u:${k}`, k % 2 === 0));
  const next = entries.reduce(evolve, head);
  await store.commit(
    0,
    {
      ...next,
      version: 1,
      holder: { state: 'assigned', since: start + n, queue: 'cards', consultant: ana },
      handoff: {
        n: 1,
        queue: 'cards',
        reason: 'asked for a person',
        requestedAt: start,
        requestedSeq: 2,
        acceptedAt: start,
        acceptedBy: ana,
        heldBy: [ana.id],
      },
      delivery: { outSeq: lines, deliveredSeq: lines, seenSeq: 0 },
    },
    entries,
  );
}

function said(seq: number, id: string, byUser: boolean): Entry {
  return {
    seq,
    id,
    at: Date.now(),
    epoch: 0,
    by: byUser ? { type: 'user', name: 'Sam Doe' } : { type: 'person', ...ana },
    kind: 'message',
    text,
  };
}

/** CPU in µs of what is left to do. */
async function settle(store: Store): Promise<number> {
  const cpu = process.cpuUsage();
  await store.search({ text: 'nothing has this', limit: 1 });
  const used = process.cpuUsage(cpu);
  return used.user + used.system;
}

async function load(store: Store) {
  const laps: number[] = [];
  const marks = new Map<string, number>();
  let ended = false;
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const marking = (async () => {
    while (!ended) {
      await after(50);
      const batch = [...marks];
      marks.clear();
      await Promise.all(batch.map(([id, seq]) => mark(store, id, seq)));
    }
  })();
  await Promise.all(
    Array.from({ length: open }, async (_, lane) => {
      const id = idOf(prefilled + lane);
      for (let n = 0; performance.now() - begun < slice; n++) {
        // The network between two messages: otherwise every batch would hold all lanes.
        await after(Math.random() * 6);
        const from = performance.now();
        for (;;) {
          const head = (await store.head(id))!;
          const entry = said(head.seq + 1, `u:${Math.random().toString(36)}-${'x'.repeat(20)}`, n % 2 === 0);
          const next = { ...evolve(head, entry), version: head.version + 1 };
          if ((await store.commit(head.version, next, [entry])) !== 'committed') continue;
          if (n % 2) marks.set(id, entry.seq);
          break;
        }
        laps.push(performance.now() - from);
      }
    }),
  );
  ended = true;
  await marking;
  const used = process.cpuUsage(cpu);
  laps.sort((a, b) => a - b);
  return {
    messages: laps.length,
    wall: performance.now() - begun,
    cpu: used.user + used.system,
    p50: laps[laps.length >> 1]!,
  };
}

async function mark(store: Store, id: string, seq: number): Promise<void> {
  for (;;) {
    const head = (await store.head(id))!;
    const delivery = { ...head.delivery, deliveredSeq: Math.min(seq, head.seq) };
    if ((await store.commit(head.version, { ...head, version: head.version + 1, delivery }, [])) !== 'conflict') return;
  }
}

/** Bytes that the process has written; counted on Linux only. */
async function written(): Promise<number> {
  const io = await readFile('/proc/self/io', 'utf8').catch(() => '');
  return Number(/^wchar: (\d+)/m.exec(io)?.[1] ?? 0);
}
