import fc from 'fast-check';
import { readNumbers, UsageError } from '../shared/options.ts';
import { summary } from '../shared/summary.ts';
import { allCommands } from './commands.ts';
import { Run } from './run.ts';
import { World } from './world.ts';

/** What must have happened at least once, so that a run that tries nothing fails. */
const commands = `userTurn botTurn escalate repeat reuse twin claim decline reply note transfer release close end rate
  presence pass restart reconnect look badToken stranger race`;
const interesting = commands.split(/\s+/).map((name) => `command ${name}`);
const outcomes = [
  'user turn stored',
  'user turn stored and opens',
  'bot turn stored',
  'bot turn suppressed',
  'bot turn stored as a notice',
  'escalate queued',
  'escalate again',
  'repeated',
  'id reused',
  'id of another client',
  'claim won',
  'claim lost',
  'claim uninvited',
  'declined',
  'reply stored',
  'reply suppressed',
  'reply refused',
  'transfer to a queue',
  'transfer to a person',
  'return done',
  'close done',
  'race won',
  'entry offered',
  'entry offer-expired',
  'entry requeued',
  'ended fallback',
  'ended returned',
  'ended closed',
  'looked',
  'looked in vain',
  'line cut',
  'restarted',
  'token refused',
  'stranger refused',
  'canary looked for',
];

/**
 * Random commands against the real desk with encrypted files and real HTTP, held against a small model of handoff.
 * `--runs N` sequences; `--seed S --path P` replays a failure; `--shrink 0` does not look for a shorter one.
 */
export async function prove(args: string[]): Promise<number> {
  const at = args.indexOf('--path');
  const path = at < 0 ? undefined : args[at + 1];
  let options;
  try {
    const rest = at < 0 ? args : args.toSpliced(at, 2);
    options = readNumbers('model', rest, { runs: 2_000, shrink: 1 });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message} [--path P]\n`);
    return 2;
  }
  const { violation, counts, missing } = await run({ ...options, ...(path === undefined ? {} : { path }) });
  for (const [what, times] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1))) console.log(`  ${what}: ${times}`);
  if (violation !== undefined) console.log(violation);
  if (violation === undefined && missing.length > 0) console.log(`Never happened: ${missing.join(', ')}`);
  const given = [...counts].filter(([what]) => what.startsWith('command ')).reduce((sum, [, times]) => sum + times, 0);
  console.log(
    summary({
      seed: options.seed,
      runs: options.runs,
      commands: given,
      entries: [...counts].filter(([what]) => what.startsWith('entry ')).reduce((sum, [, times]) => sum + times, 0),
      outcomes: outcomes.filter((what) => counts.has(what)).length,
      missing: missing.length,
      violations: violation === undefined ? 0 : 1,
    }),
  );
  return violation === undefined && missing.length === 0 ? 0 : 1;
}

export async function run(options: { runs: number; seed: number; path?: string; shrink?: number }) {
  const counts = new Map<string, number>();
  let violation: string | undefined;
  let n = 0;
  const world = await World.open();
  try {
    const property = fc.asyncProperty(
      fc.commands(allCommands, { maxCommands: 60, size: 'max' }),
      fc.boolean(),
      async (commands, abandon) => {
        const model = new Run(world, counts, `run-${(n += 1)}`);
        try {
          await fc.asyncModelRun(() => ({ model, real: world }), commands);
          await model.end(abandon);
        } finally {
          await model.tidy();
        }
      },
    );
    const { runs, seed, path, shrink = 1 } = options;
    const details = await fc.check(property, {
      numRuns: runs,
      seed,
      endOnFailure: shrink === 0,
      ...(path === undefined ? {} : { path }),
    });
    if (details.failed) {
      const error = details.errorInstance as Error | undefined;
      violation = [
        `✗ ${error?.message ?? 'a run failed'}`,
        `  after ${String(details.counterexample?.[0])}${details.counterexample?.[1] ? ', abandoned' : ''}`,
        `  Again with: pnpm prove model --seed ${seed} --runs ${runs} --path ${details.counterexamplePath ?? ''}`,
      ].join('\n');
    }
  } finally {
    await world.close();
  }
  const missing = [...interesting, ...outcomes].filter((what) => !counts.has(what));
  return { violation, counts, missing };
}
