import { setTimeout as pause } from 'node:timers/promises';
import { readNumbers, UsageError } from '../shared/options.ts';
import { seeded, type Random } from '../shared/random.ts';
import { startRig, type Rig } from '../shared/rig.ts';
import { complaint, summary } from '../shared/summary.ts';
import { judge, type Verdict } from './judge.ts';
import { World } from './world.ts';

/** Where a life ends: at a random moment, or at one the product names. Every second one is random. */
const points = [
  'random',
  'before-commit',
  'random',
  'after-commit',
  'after-acknowledgement',
  'after-delivery',
] as const;
type Point = (typeof points)[number];

export type Result = Verdict & {
  kills: Record<Point, number>;
  acknowledged: number;
  repeated: number;
  suppressed: number;
  /** Milliseconds from start to readiness, median. */
  restart: number;
  /** Milliseconds until everything had reached everybody after the last start. */
  settled: number;
  /** Ways in which the run shows nothing. */
  empty: string[];
};

/**
 * kill -9 of the real desk, again and again under load from real clients, which resume by themselves.
 * `pnpm prove kill [--loops N] [--users N] [--seed N]`
 */
export async function prove(args: string[]): Promise<number> {
  let options: ReturnType<typeof readOptions>;
  try {
    options = readOptions(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
  const { loops, users, seed } = options;
  const began = performance.now();
  const result = await killing({ loops, users, seed });
  const violations = [...result.lost, ...result.doubled, ...result.disordered, ...result.empty];
  if (violations.length > 0)
    process.stdout.write(
      `${complaint(violations, `pnpm prove kill --loops ${loops} --users ${users} --seed ${seed}`)}\n`,
    );
  const kills = Object.values(result.kills).reduce((sum, n) => sum + n, 0);
  process.stdout.write(
    `${summary({
      loops,
      kills,
      ...Object.fromEntries(Object.entries(result.kills).map(([point, n]) => [`at[${point}]`, n])),
      acknowledged: result.acknowledged,
      lost: result.lost.length,
      doubled: result.doubled.length,
      disordered: result.disordered.length,
      redelivered: result.redelivered,
      repeated: result.repeated,
      suppressed: result.suppressed,
      'restart-ms': Math.round(result.restart),
      'settled-ms': Math.round(result.settled),
      seed,
      seconds: (performance.now() - began) / 1_000,
    })}\n`,
  );
  return violations.length === 0 ? 0 : 1;
}

function readOptions(args: readonly string[]) {
  return readNumbers('kill', args, { loops: 60, users: 8 });
}

/** @returns what the clients' own logs tell of `loops` deaths */
export async function killing({ loops, users, seed }: { loops: number; users: number; seed: number }): Promise<Result> {
  const random = seeded(seed);
  const rig = await startRig();
  const kills: Result['kills'] = {
    random: 0,
    'before-commit': 0,
    'after-commit': 0,
    'after-acknowledgement': 0,
    'after-delivery': 0,
  };
  const starts: number[] = [];
  try {
    const first = await rig.start();
    await first.up();
    const world = new World(rig, random.split(), users);
    world.start();
    await until(() => world.journal.acknowledged.length > users * 10);
    await first.kill();
    for (let loop = 0; loop < loops; loop++)
      await liveAndDie(rig, points[loop % points.length]!, random, kills, starts);

    const last = await rig.start();
    await last.up();
    await world.quiet();
    const quiet = performance.now();
    const { transcripts, late } = await world.settled(45_000);
    const settled = performance.now() - quiet;
    await world.stop();
    const { acknowledged, repeated, suppressed } = world.journal;
    const verdict = judge({ transcripts, acknowledged, taken: rig.receiver.taken, screens: world.screens });
    verdict.lost.push(...late);
    verdict.disordered.push(...world.screens.flatMap(({ wrong }) => wrong));
    return {
      ...verdict,
      kills,
      acknowledged: acknowledged.length,
      repeated,
      suppressed,
      restart: median(starts),
      settled,
      empty: emptiness(loops, kills, { acknowledged: acknowledged.length, repeated, suppressed }, verdict),
    };
  } finally {
    await rig.close();
  }
}

/** One life of the desk on the same files, up to the moment that is its last. */
async function liveAndDie(
  rig: Rig,
  point: Point,
  random: Random,
  kills: Result['kills'],
  starts: number[],
): Promise<void> {
  const nth = random.whole(1, point === 'after-delivery' ? 30 : 90);
  const desk = await rig.start(point === 'random' ? {} : { PARLEY_FAILPOINT: `${point}:${nth}` });
  const ready = desk.ready();
  ready.then(
    (took) => took !== undefined && starts.push(took),
    () => undefined,
  );
  const patience = new AbortController();
  // One random death in four comes while it starts, the others under load.
  if (point !== 'random' || random.next() < 0.75) await Promise.race([ready, desk.ended]);
  const at = point === 'random' ? random.next() * 1_500 : patienceMs;
  const how = await Promise.race([
    desk.ended,
    pause(at, undefined, { signal: patience.signal }).then(
      () => undefined,
      () => undefined,
    ),
  ]);
  patience.abort();
  if (how === undefined) await desk.kill();
  await ready;
  const died = await desk.ended;
  if (died !== 'SIGKILL') throw new Error(`The desk ended with ${died}:\n${desk.lastWords()}`);
  kills[how === undefined ? 'random' : point] += 1;
}

/** How long a named moment may take to come. */
const patienceMs = 10_000;

/** A run in which nothing happened proves nothing. */
function emptiness(
  loops: number,
  kills: Result['kills'],
  journal: { acknowledged: number; repeated: number; suppressed: number },
  { redelivered }: Verdict,
): string[] {
  const empty = points.slice(0, loops).flatMap((point) => (kills[point] > 0 ? [] : [`Nothing was killed at ${point}`]));
  if (journal.acknowledged < loops * 5) empty.push(`Only ${journal.acknowledged} lines in ${loops} lives`);
  if (journal.repeated === 0) empty.push('No request was ever sent again');
  if (loops >= 60 && journal.suppressed === 0) empty.push('No bot ever spoke out of turn');
  if (loops >= 60 && redelivered === 0) empty.push('Nothing was ever delivered again');
  return empty;
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 30_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`In vain: ${condition.toString()}`);
    await pause(10);
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
