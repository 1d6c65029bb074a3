import { writeSync } from 'node:fs';
import { forbidRealTime } from './real-time.ts';
import { runSeed, type Result } from './run.ts';

/** `node worker.ts FROM COUNT`: runs seeds and writes a line of JSON for each that broke a promise, and one with the sums last. */
const [from = 1, count = 1] = process.argv.slice(2).map(Number);
forbidRealTime();
// Refusals are everyday here, and nobody reads where they came from.
Error.stackTraceLimit = 0;

const sums = new Map<string, number>();
let steps = 0;
for (let seed = from; seed < from + count; seed++) {
  const result = await runSeed(seed);
  steps += result.steps;
  for (const [what, n] of result.counts) sums.set(what, (sums.get(what) ?? 0) + n);
  if (result.violation !== undefined) say({ broken: result });
}
say({ seeds: count, steps, counts: Object.fromEntries(sums) });
process.exit(0);

function say(line: Line): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

export type Line = { broken: Pick<Result, 'seed' | 'hash' | 'violation'> } | Sums;
export type Sums = { seeds: number; steps: number; counts: Record<string, number> };
