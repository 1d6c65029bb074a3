import { DeskWorld } from './desk-world.ts';
import { heal, letFaultsHappen } from './faults.ts';
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
  scheduler.trace = trace;
  const broken = () => truth.violation !== undefined;
  await world.open();
  world.until = plan.between(3_000, 12_000);
  letFaultsHappen(world);
  while (scheduler.time < world.until && !broken()) await scheduler.run(world.until, broken);

  world.winding = true;
  scheduler.note(() => '  HEALED');
  heal(world);
  // What was put off for minutes while hours went by comes first.
  if ((world.counts.get('hours went by') ?? 0) > 0) await scheduler.run(scheduler.time + 150_000, broken);
  const healedAt = scheduler.time;
  let left: string | undefined = 'the end was never looked for';
  for (let waited = 500; left !== undefined && waited <= patienceMs && !broken(); waited += lookMs) {
    await scheduler.run(healedAt + waited, broken);
    left = unsettled(world);
    scheduler.note(() => `  LOOK ${left}`);
    // Pauses of hours between tries: let them go by without counting every second of them.
    scheduler.lateness = waited > 120_000 ? 60_000 : 0;
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

const lookMs = 2_000;
const patienceMs = 240_000;
