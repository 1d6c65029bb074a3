import { readNumbers, UsageError } from '../shared/options.ts';
import { complaint, summary } from '../shared/summary.ts';
import { flooding, type Result } from './flooding.ts';
import { percentile } from './load.ts';

/** Megabytes that a flood may cost. */
const mostMemory = 400;

/**
 * Five times what the desk can do, from bots that do not wait: refused, nothing acknowledged lost, and soon as before.
 * `pnpm prove overload [--seconds N] [--factor N] [--seed N]`
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
  const { seconds, factor, seed } = options;
  const began = performance.now();
  const result = await flooding({ ms: seconds * 1_000, factor, seed });
  const violations = violationsOf(result);
  if (violations.length > 0)
    process.stdout.write(
      `${complaint(violations, `pnpm prove overload --seconds ${seconds} --factor ${factor} --seed ${seed}`)}\n`,
    );
  const { capacity, flood, before, after, recovered, memory, lost, doubled, kept } = result;
  process.stdout.write(
    `${summary({
      'capacity-per-s': Math.round(capacity),
      'offered-per-s': Math.round(flood.sent / flood.seconds),
      sent: flood.sent,
      accepted: flood.accepted,
      refused: flood.refused,
      unanswered: flood.unanswered,
      odd: flood.odd.length,
      'p99-before-ms': before,
      'p99-flood-ms': percentile(flood.took, 0.99),
      'p99-after-ms': after,
      'recovered-s': recovered ?? 'never',
      'memory-mb': `${Math.round(memory.before)}/${Math.round(memory.most)}`,
      lost: lost.length,
      doubled: doubled.length,
      kept: kept.length,
      seed,
      seconds: (performance.now() - began) / 1_000,
    })}\n`,
  );
  return violations.length === 0 ? 0 : 1;
}

/** What of it must not be, and ways in which the run shows nothing. */
export function violationsOf({ flood, recovered, memory, lost, doubled, kept, after, before }: Result): string[] {
  const violations = [...lost, ...doubled, ...kept, ...flood.odd];
  if (flood.unanswered > 0) violations.push(`${flood.unanswered} requests got no answer`);
  if (recovered === undefined)
    violations.push(`After 30 s the 99th percentile is ${after} ms, before it was ${before}`);
  if (memory.most - memory.before > mostMemory)
    violations.push(`The process grew from ${memory.before} to ${memory.most} MB`);
  if (flood.refused === 0) violations.push('Nothing was refused, so this was no overload');
  if (flood.accepted === 0) violations.push('Nothing was accepted');
  return violations;
}

function readOptions(args: readonly string[]) {
  return readNumbers('overload', args, { seconds: 10, factor: 5 });
}
