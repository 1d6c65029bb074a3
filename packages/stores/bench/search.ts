/**
 * What a transcript search costs, and how long it holds up the event loop: `node bench/search.ts [conversations]`, 20 entries each.
 * The last line is JSON.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { TranscriptsQuery } from '@parley/contracts';
import { sqliteStores } from '@parley/stores';
import { conversation, message, start } from '../src/suite/fixtures.ts';

const conversations = Number(process.argv[2] ?? 10_000);
const directory = await mkdtemp(join(tmpdir(), 'parley-bench-'));
const key = randomBytes(32);
const stores = sqliteStores({ directory, keys: { key: async () => key } });
const store = await stores.open('contoso');

// Word frequencies as in language: few are everywhere, most are rare.
const vocabulary = Array.from(
  { length: 20_000 },
  (_, i) => `${String.fromCharCode(97 + (i % 26))}${(i * 7919).toString(36)}`,
);
const word = () => vocabulary[Math.floor(Math.random() ** 4 * vocabulary.length)]!;
for (let from = 0; from < conversations; from += 100)
  await Promise.all(
    Array.from({ length: 100 }, (_, i) => {
      const n = from + i;
      const entries = Array.from({ length: 20 }, (_unused, k) =>
        message(
          k + 1,
          `common ${Array.from({ length: 25 }, word).join(' ')}${k === 7 ? ` single${n}` : ''}`,
          `m-${n}-${k}`,
        ),
      );
      return store.commit(0, conversation(n, { seq: 20, updatedAt: start + n }), entries);
    }),
  );
const begun = performance.now();
const cpu = process.cpuUsage();
await store.search({ text: 'nothing', limit: 1 });
const used = process.cpuUsage(cpu);
const perEntry = (used.user + used.system) / conversations / 20;
console.log(`indexed in ${Math.round(performance.now() - begun)} ms, ${perEntry.toFixed(1)} µs of CPU an entry`);

const queries: [string, TranscriptsQuery][] = [
  ['none', {}],
  ['a word in one conversation', { text: `single${conversations >> 1}` }],
  ['a word in every entry', { text: 'common' }],
  ['a prefix of many words', { text: 'a0 com' }],
  ['two letters', { text: 'co' }],
  ['a common and a rare word', { text: `common single${conversations >> 1}` }],
  ['a filter that nothing passes', { channel: 'nowhere' }],
];
const report = [];
for (const [name, query] of queries) {
  const laps: number[] = [];
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  for (let i = 0; i < 7; i++) {
    const from = performance.now();
    await store.search({ ...query, limit: 50 });
    laps.push(performance.now() - from);
  }
  delay.disable();
  report.push({
    query: name,
    p50Millis: Math.round(laps.toSorted((a, b) => a - b)[3]! * 10) / 10,
    stallMillis: Math.round(delay.max / 1e5) / 10,
  });
}
await stores.close();
await rm(directory, { recursive: true });
console.table(report);
console.log(
  JSON.stringify({ conversations, entries: conversations * 20, indexMicros: Math.round(perEntry * 10) / 10, report }),
);
