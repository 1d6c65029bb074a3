import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { faultKinds } from './faults.ts';
import { forbidRealTime } from './real-time.ts';
import { runSeed } from './run.ts';
import type { Line, Sums } from './worker.ts';

const usage = `pnpm prove sim [--seeds N] [--from N] [--workers N]   runs N seeds (2000)
pnpm prove sim --seed N [--lines N]                   replays one, with the last N lines of its trace if it breaks a promise (80)
`;

/** Simulates whole desks with everything around them, under faults, in virtual time. The last line has the sums. */
export async function prove(args: string[]): Promise<number> {
  const options = {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '2000' },
    from: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
    lines: { type: 'string', default: '80' },
    trace: { type: 'boolean', default: false },
  } as const;
  let values;
  try {
    ({ values } = parseArgs({ args, options }));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${usage}`);
    return 2;
  }
  const numbers = [values.seeds, values.from, values.workers, values.lines, values.seed ?? '1'].map(Number);
  if (!numbers.every((n) => Number.isSafeInteger(n) && n > 0)) {
    process.stderr.write(usage);
    return 2;
  }
  const [seeds = 1, from = 1, workers = 1, lines = 1, seed = 1] = numbers;
  return values.seed === undefined ? runAll(from, seeds, workers) : replay(seed, lines, values.trace);
}

async function runAll(from: number, seeds: number, workers: number): Promise<number> {
  const total: Sums = { seeds: 0, steps: 0, counts: {} };
  let violations = 0;
  let next = from;
  const began = performance.now();

  async function work(): Promise<void> {
    while (next < from + seeds) {
      const first = next;
      const count = Math.min(chunk, Math.ceil(seeds / workers), from + seeds - first);
      next += count;
      let summed = false;
      for await (const line of linesOf([String(first), String(count)])) {
        const told = JSON.parse(line) as Line;
        if ('broken' in told) {
          violations++;
          const { seed, hash, violation } = told.broken;
          process.stdout.write(`seed ${seed} (${hash}) breaks ${violation}\n  replay: pnpm prove sim --seed ${seed}\n`);
        } else {
          summed = true;
          total.seeds += told.seeds;
          total.steps += told.steps;
          for (const [what, n] of Object.entries(told.counts)) total.counts[what] = (total.counts[what] ?? 0) + n;
        }
      }
      if (!summed) {
        violations++;
        process.stdout.write(`The seeds from ${first} to ${first + count - 1} ended without a result.\n`);
      }
    }
  }
  await Promise.all(Array.from({ length: workers }, work));

  const never = seeds >= 1_000 ? sometimes.filter((what) => !total.counts[what]) : [];
  for (const what of never) process.stdout.write(`never happened: ${what}\n`);
  const { steps: _, ...counts } = total.counts;
  const faults = faultKinds.reduce((sum, kind) => sum + (counts[`fault ${kind}`] ?? 0), 0);
  const each = Object.entries(counts)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([what, n]) => `${what.replaceAll(' ', '-')}=${n}`);
  const perSecond = (total.seeds / (performance.now() - began)) * 1_000;
  process.stdout.write(
    `seeds=${total.seeds} steps=${total.steps} violations=${violations} faults=${faults} per-second=${perSecond.toFixed(0)} never=${never.length} ${each.join(' ')}\n`,
  );
  return violations > 0 || never.length > 0 ? 1 : 0;
}

async function replay(seed: number, keep: number, always: boolean): Promise<number> {
  const lines: string[] = [];
  const giveBack = forbidRealTime();
  const trace = (line: string) => {
    lines.push(line);
    if (lines.length > 2 * keep) lines.splice(0, keep);
  };
  const { hash, steps, violation } = await runSeed(seed, trace).finally(giveBack);
  if (violation !== undefined || always) process.stdout.write(`${lines.slice(-keep).join('\n')}\n`);
  if (violation !== undefined) process.stdout.write(`seed ${seed} breaks ${violation}\n`);
  process.stdout.write(`seeds=1 steps=${steps} violations=${violation === undefined ? 0 : 1} hash=${hash}\n`);
  return violation === undefined ? 0 : 1;
}

/** Lines of a worker process. */
function linesOf(args: string[]): AsyncIterable<string> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'worker.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return createInterface({ input: child.stdout });
}

/** Seeds of one worker process, so that a leak cannot hide and a crash costs little. */
const chunk = 2_000;

/** What a thousand seeds must have met, or they have proved nothing. */
const sometimes = [
  ...faultKinds.map((kind) => `fault ${kind}`),
  'activity redelivered',
  'answered as repeated',
  'callback doubled',
  'callback failed after the effect',
  'callback failed before the effect',
  'callback repeated',
  'claim lost',
  'claim won',
  'command refused',
  'commit met conflict',
  'commit met repeated',
  'desk was told that the store is away',
  'ended by bot-did-not-take',
  'ended by consultant-gone',
  'ended by queue-deadline',
  'ended by user-left',
  'entry accepted',
  'entry closed',
  'entry handoff-requested',
  'entry message',
  'entry note',
  'entry offer-declined',
  'entry offer-expired',
  'entry offered',
  'entry rated',
  'entry requeued',
  'entry returned',
  'entry suppressed',
  'entry transferred',
  'entry user-left',
  'hours went by',
  'lane taken over',
  'line lost',
  'one process',
  'packet held',
  'packet lost',
  'packet refused',
  'page reloaded',
  'push doubled',
  'push lost',
  'push out of order',
  'request doubled',
  'screen left for good',
  'several processes',
  'store failed after the effect',
  'store failed before any effect',
  'suppressed line of bot',
  'suppressed line of person',
  'turn repeated',
  'turn stored',
  'turn suppressed',
  'unsynced writes lost',
];
