/**
 * What a durable commit of one message costs through the store port: `node bench/commit.ts [seconds] [memory|sqlcipher|aegis …]`.
 * Adapters and loads take turns, because disk speed drifts. Each commit is preceded by `find` and `head`, as the desk does it.
 * The last line is JSON.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Conversation } from '@parley/contracts';
import type { Store, Stores } from '@parley/core';
import { memoryStores, sqliteStores } from '@parley/stores';
import { after, assigned, conversation, idOf, message, start } from '../src/suite/fixtures.ts';

const seconds = Number(process.argv[2] ?? 5);
const names = process.argv.length > 3 ? process.argv.slice(3) : ['memory', 'sqlcipher', 'aegis'];
const conversations = 5_000;
const prefilled = 20;
const text = 'My card was declined in the shop this morning and I do not know why, can you have a look at it please? '
  .repeat(2)
  .slice(0, 200);

type Run = {
  name: string;
  stores: Stores;
  store: Store;
  results: Record<string, { commits: number; wall: number; cpu: number; index: number; laps: number[] }>;
};

const directory = await mkdtemp(join(tmpdir(), 'parley-bench-'));
const keys = { key: async () => randomBytes(32) };
const runs: Run[] = [];
for (const name of names) {
  const stores =
    name === 'memory'
      ? memoryStores()
      : sqliteStores({ directory: join(directory, name), keys, cipher: name as 'sqlcipher' | 'aegis' });
  const store = await stores.open('contoso');
  await fill(store);
  await indexing(store);
  runs.push({ name, stores, store, results: {} });
}

const slice = 250;
const rounds = Math.max(2, Math.round((seconds * 1000) / slice));
for (let round = 0; round <= rounds; round++)
  for (const run of round % 2 ? runs.toReversed() : runs)
    for (const flight of [1, 64]) {
      const lap = await load(run.store, flight, slice);
      // Indexing for search runs behind the commits. Done here, so that it disturbs no other lap, and counted by itself.
      const index = await indexing(run.store);
      if (round === 0) continue;
      const sum = (run.results[flight] ??= { commits: 0, wall: 0, cpu: 0, index: 0, laps: [] });
      sum.index += index;
      sum.commits += lap.commits;
      sum.wall += lap.wall;
      sum.cpu += lap.cpu;
      sum.laps.push(...lap.laps);
    }

const report = runs.flatMap(({ name, results }) =>
  Object.entries(results).map(([flight, { commits, wall, cpu, index, laps }]) => {
    laps.sort((a, b) => a - b);
    const at = (share: number) => Math.round((laps[Math.floor(laps.length * share)] ?? 0) * 1000);
    return {
      adapter: name,
      inFlight: Number(flight),
      commitsPerSecond: Math.round((commits / wall) * 1000),
      cpuMicros: Math.round((cpu / commits) * 10) / 10,
      indexMicros: Math.round((index / commits) * 10) / 10,
      p50Micros: at(0.5),
      p99Micros: at(0.99),
      maxMillis: Math.round((laps.at(-1) ?? 0) * 10) / 10,
    };
  }),
);
for (const run of runs) await run.stores.close();
await rm(directory, { recursive: true });
console.table(report);
console.log(JSON.stringify({ conversations, prefilled, node: process.version, report }));

async function fill(store: Store): Promise<void> {
  for (let from = 0; from < conversations; from += 250)
    await Promise.all(
      Array.from({ length: 250 }, (_, i) => {
        const n = from + i;
        return store.commit(
          0,
          full(n, prefilled),
          Array.from({ length: prefilled }, (_unused, k) => message(k + 1, text, `m-${n}-${k + 1}-${'x'.repeat(20)}`)),
        );
      }),
    );
}

function full(n: number, seq: number): Conversation {
  return conversation(n, {
    seq,
    holder: assigned(start + n),
    epoch: 3,
    handoff: {
      n: 1,
      queue: 'cards',
      reason: 'asked for a person',
      requestedAt: start,
      requestedSeq: 4,
      acceptedAt: start,
      acceptedBy: { id: 'c0170500-0000-4000-8000-000000000101', name: 'Ana Ruiz' },
      heldBy: ['c0170500-0000-4000-8000-000000000101'],
    },
    last: { text, by: 'user', at: start },
    userLines: ['hello there', 'I need help with my card', text],
  });
}

async function indexing(store: Store): Promise<number> {
  const cpu = process.cpuUsage();
  await store.search({ text: 'nothing has this', limit: 1 });
  const used = process.cpuUsage(cpu);
  return used.user + used.system;
}

async function load(store: Store, flight: number, duration: number) {
  const laps: number[] = [];
  const cpu = process.cpuUsage();
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: flight }, async (_, lane) => {
      while (performance.now() - begun < duration) {
        // Each lane has its own conversations, so that no two lanes meet on one.
        const n = lane + flight * Math.floor(Math.random() * Math.floor(conversations / flight));
        const from = performance.now();
        const id = `m-${Math.random().toString(36)}-${'x'.repeat(20)}`;
        if (await store.find(idOf(n), id)) throw new Error('found what was never stored');
        const head = (await store.head(idOf(n)))!;
        const outcome = await store.commit(head.version, after(head, 1), [message(head.seq + 1, text, id)]);
        if (outcome !== 'committed') throw new Error(outcome);
        laps.push(performance.now() - from);
      }
    }),
  );
  const used = process.cpuUsage(cpu);
  return { commits: laps.length, wall: performance.now() - begun, cpu: used.user + used.system, laps };
}
