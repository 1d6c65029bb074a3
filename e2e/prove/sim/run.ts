import { DeskWorld } from './desk-world.ts';
import { heal, letFaultsHappen, letSomeLeave, longMs } from './faults.ts';
import { unsettled } from './settled.ts';
import type { Counts } from './world.ts';

export type Result = {
  seed: number;
  steps: number;
  /** Of the whole history: equal for equal seeds. */
  hash: string;
  violation: string | undefined;
  counts: Counts;
};

/** One simulation: opening, faults and deeds for a while, then healing, and all must come right within bounded time. */
export async function runSeed(seed: number, trace?: (line: string) => void): Promise<Result> {
  const world = new DeskWorld(seed);
  const { scheduler, plan, truth } = world;
  if (trace) scheduler.trace = trace;
  const broken = () => truth.violation !== undefined;
  await world.open();
  world.until = plan.between(2_000, 9_000);
  letFaultsHappen(world);
  while (scheduler.time < world.until && !broken()) await scheduler.run(world.until, broken);

  world.winding = true;
  scheduler.note(() => '  HEALED');
  letSomeLeave(world);
  heal(world);
  // Timers that were put off for minutes while hours went by come first.
  if (world.counts.has('hours went by')) await scheduler.run(scheduler.time + longMs + 10_000, broken);
  let left = await settle(world, patienceMs);
  // Where the next try of a delivery is minutes or hours away, these go by first; then all must be well at once.
  for (let days = 0; left !== undefined && days < 4 && !broken() && nextTry(world) > patienceMs / 2; days++) {
    world.count('waited for the schedule');
    world.disturb(world.nodes, Infinity);
    scheduler.lateness = longMs;
    await scheduler.run(scheduler.time + nextTry(world) + 600_000, broken);
    scheduler.lateness = 0;
    await scheduler.run(scheduler.time + longMs + 10_000, broken);
    left = await settle(world, patienceMs);
  }
  if (left !== undefined) truth.fail('P6', `not settled ${patienceMs / 1000} s after the healing: ${left}`);
  truth.audit();
  world.count('steps', scheduler.steps);
  return {
    seed,
    steps: scheduler.steps,
    hash: (scheduler.hash >>> 0).toString(16).padStart(8, '0'),
    violation: truth.violation,
    counts: world.counts,
  };
}

/** @returns what is not settled in time */
async function settle(world: DeskWorld, patience: number): Promise<string | undefined> {
  const { scheduler, truth } = world;
  const until = scheduler.time + patience;
  for (;;) {
    const left = unsettled(world);
    scheduler.note(() => `  LOOK ${left}`);
    if (left === undefined || scheduler.time >= until || truth.violation !== undefined) return left;
    await scheduler.run(scheduler.time + lookMs, () => truth.violation !== undefined);
  }
}

/** Virtual ms until the last of the deliveries that wait is tried again, by the schedule of D2. */
function nextTry(world: DeskWorld): number {
  let last = 0;
  for (const { head } of world.truth.known.values())
    last = Math.max(last, pauses[(head.delivery.retry?.tries ?? 0) - 1] ?? 0);
  return last * 1_250;
}

/** Seconds after each failed try, without the jitter. */
const pauses = [1, 2, 5, 15, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

const lookMs = 2_000;
const patienceMs = 120_000;
