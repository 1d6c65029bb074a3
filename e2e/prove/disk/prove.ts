import { parseArgs } from 'node:util';
import { fillAtEveryCommit } from './full.ts';
import { Part } from './tally.ts';
import { tearTails } from './torn.ts';
import { fillUnderADesk } from './whole-desk.ts';
import { countSyncs, failWrites, forbidWrites } from './writer.ts';

/**
 * `pnpm prove disk`: what a disk can do to an encrypted SQLite store (P1, P13).
 * `--cuts N` images after a power cut, `--commits N` commits on a full disk, `--seed N`, `--only PART`.
 */
export async function prove(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: 'string' },
      cuts: { type: 'string' },
      commits: { type: 'string' },
      only: { type: 'string' },
    },
  });
  const seed = Number(values.seed ?? 1);
  const outcome = await proveDisk({
    seed,
    cuts: Number(values.cuts ?? 3_000),
    commits: Number(values.commits ?? 2_000),
    ...(values.only === undefined ? {} : { only: values.only }),
  });
  for (const violation of outcome.violations.slice(0, 20)) process.stdout.write(`VIOLATION ${violation}\n`);
  if (outcome.violations.length > 0)
    process.stdout.write(
      `Again: pnpm prove disk ${['--seed', seed, ...args.filter((_, i) => args[i] !== '--seed' && args[i - 1] !== '--seed')].join(' ')}\n`,
    );
  process.stdout.write(`${outcome.line}\n`);
  return outcome.violations.length === 0 ? 0 : 1;
}

export async function proveDisk(options: {
  seed: number;
  cuts: number;
  commits: number;
  only?: string;
}): Promise<{ violations: string[]; line: string }> {
  const parts: Part[] = [];
  const run = async (name: string, work: (part: Part) => Promise<void>) => {
    if (options.only !== undefined && options.only !== name) return;
    const part = new Part(name);
    parts.push(part);
    // What nobody expected is a violation too.
    await work(part).catch((error: unknown) => part.violation(String(error)));
  };
  await run('torn', async (part) => {
    await tearTails(part, { seed: options.seed, cuts: options.cuts });
    part.mustHave('commits', 'cut off', 'zeros', 'noise', 'sectors', 'inside a commit');
  });
  await run('full', async (part) => {
    await fillAtEveryCommit(part, { seed: options.seed, commits: options.commits });
    part.mustHave('acknowledged', 'refused', 'recovered', 'opened anew');
  });
  await run('writes', (part) => failWrites(part, { seed: options.seed, times: Math.ceil(options.commits / 10) }));
  await run('read-only', (part) => forbidWrites(part, { seed: options.seed }));
  await run('synced', (part) => countSyncs(part, { seed: options.seed, commits: 40 }));
  await run('desk', async (part) => {
    await fillUnderADesk(part, { seed: options.seed, times: Math.ceil(options.commits / 500) });
    if (part.count('skipped: no prlimit') === 0) part.mustHave('refused', 'said not ready', 'recovered');
  });
  const violations = parts.flatMap((part) => part.violations);
  return {
    violations,
    line: `disk seed=${options.seed} violations=${violations.length} ${parts.map((part) => part.line).join(' ')}`,
  };
}
