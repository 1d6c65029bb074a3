import { readNumbers, UsageError } from '../shared/options.ts';
import { complaint, summary } from '../shared/summary.ts';
import { race } from './race.ts';

/**
 * Claims, returns and transfers of the same conversations from four processes on one file, whose answers must be those
 * of one register. `pnpm prove races [--n N] [--seed N]`
 */
export async function prove(args: string[]): Promise<number> {
  let options: Record<'n' | 'seed', number>;
  try {
    options = readNumbers('races', args, { n: 10_000 });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
  const { n, seed } = options;
  const began = performance.now();
  const result = await race({ n, seed });
  const { doubleHolders, unlogged, backwards, unlinear, empty, answers } = result;
  const violations = [...doubleHolders, ...unlinear, ...backwards, ...unlogged, ...empty];
  if (violations.length > 0)
    process.stdout.write(`${complaint(violations, `pnpm prove races --n ${n} --seed ${seed}`)}\n`);
  process.stdout.write(
    `${summary({
      n,
      processes: 4,
      calls: result.calls,
      ...Object.fromEntries(Object.entries(answers).toSorted(([a], [b]) => (a < b ? -1 : 1))),
      'double-holders': doubleHolders.length,
      unlinear: unlinear.length,
      backwards: backwards.length,
      unlogged: unlogged.length,
      seed,
      seconds: (performance.now() - began) / 1_000,
    })}\n`,
  );
  return violations.length === 0 ? 0 : 1;
}
