import { readNumbers, UsageError } from '../shared/options.ts';
import { seeded } from '../shared/random.ts';
import { complaint, summary } from '../shared/summary.ts';
import { clock, offline, sleep } from './away.ts';
import { kill } from './kill.ts';
import { Findings } from './scenario.ts';
import { signInAgain } from './sign-in-again.ts';

/** `pnpm prove browser [--loops N] [--kills N] [--seed N]`: the console in Chromium, through everything a laptop does to it. */
export async function prove(args: string[]): Promise<number> {
  let options: Record<'loops' | 'kills' | 'seed', number>;
  try {
    options = readNumbers('browser', args, { loops: 3, kills: 5 });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
  const { violations, line } = await proveBrowser(options);
  if (violations.length > 0) {
    const { seed, loops, kills } = options;
    const again = `pnpm prove browser --seed ${seed} --loops ${loops} --kills ${kills}`;
    process.stdout.write(`${complaint(violations, again)}\n`);
  }
  process.stdout.write(`${line}\n`);
  return violations.length === 0 ? 0 : 1;
}

async function proveBrowser({ seed, loops, kills }: Record<'loops' | 'kills' | 'seed', number>) {
  const findings = new Findings();
  const random = seeded(seed);
  const parts: [string, () => Promise<void>][] = [['kill', () => kill(findings, random.split(), kills)]];
  for (let loop = 1; loop <= loops; loop++)
    parts.push(
      ['sleep', () => sleep(findings)],
      ['offline', () => offline(findings, random.split())],
      ['clock ahead', () => clock(findings, 1)],
      ['clock behind', () => clock(findings, -1)],
      ['sign-in window', () => signInAgain(findings, 'window')],
      ['sign-in here', () => signInAgain(findings, 'here')],
    );
  for (const [name, run] of parts) {
    // What an actor waited for in vain is a violation like any other.
    await run().catch((error: Error) =>
      findings.violations.push(`${name}: ${error.message.split('\n').slice(0, 12).join('\n  ')}`),
    );
  }
  for (const fault of ['kills', 'sleeps', 'offline', 'wrong-clocks', 'dead-sign-ins'])
    if ((findings.counts[fault] ?? 0) === 0) findings.violations.push(`an empty run: no ${fault}`);
  return {
    violations: findings.violations,
    line: summary({ seed, ...findings.counts, violations: findings.violations.length }),
  };
}
