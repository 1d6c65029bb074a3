import { parseArgs } from 'node:util';
import { Seeded, seedOf } from '../disk/seeded.ts';
import { toxicKinds, type Direction } from './proxy.ts';
import { links, play, type Scenario, type Verdict } from './scenario.ts';

/**
 * `pnpm prove net`: faults of the network between browsers, the desk and the bot.
 * `--seeds N` plays the whole grid of toxics, directions and links N times; without it a dozen and a half of scenarios.
 * `--seed N` where to begin, `--only TOXIC/DIRECTION/LINK` one scenario, `--each` a line for each.
 */
export async function prove(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args: args[0] === '--' ? args.slice(1) : args,
    options: {
      seed: { type: 'string' },
      seeds: { type: 'string' },
      only: { type: 'string' },
      each: { type: 'boolean' },
    },
  });
  const seed = Number(values.seed ?? 1);
  const scenarios =
    values.only !== undefined
      ? [named(values.only, seed)]
      : values.seeds === undefined
        ? dozen(seed)
        : Array.from({ length: Number(values.seeds) }, (_, n) => grid(seed + n)).flat();
  const { violations, line } = await playAll(scenarios, {
    whole: values.only === undefined,
    ...(values.each ? { told: (line: string) => void process.stdout.write(`${line}\n`) } : {}),
  });
  for (const violation of violations.slice(0, 20)) process.stdout.write(`VIOLATION ${violation}\n`);
  process.stdout.write(`${line}\n`);
  return violations.length === 0 ? 0 : 1;
}

/** A few scenarios in which every toxic, direction and link occurs. */
export function dozen(seed: number): Scenario[] {
  const random = new Seeded(seedOf(seed, 'dozen'));
  // The consoles have the most to lose.
  const places = random.shuffled(toxicKinds).flatMap((kind, i) => {
    const other = links[1 + (i % 2)]!;
    return i < 5
      ? [
          { kind, link: 'browser' as const },
          { kind, link: other },
        ]
      : [{ kind, link: i % 2 ? other : ('browser' as const) }];
  });
  return places.map(({ kind, link }, i) => ({
    seed,
    kind,
    link,
    direction: (i % 2 === 0) === random.chance(0.5) ? 'up' : 'down',
  }));
}

export function grid(seed: number): Scenario[] {
  return links.flatMap((link) =>
    (['up', 'down'] as const).flatMap((direction) => toxicKinds.map((kind) => ({ seed, kind, link, direction }))),
  );
}

/**
 * @param options.whole whether each toxic must have done harm, and clients must have had something to recover from
 * @param options.told of each scenario that has ended
 */
export async function playAll(
  scenarios: readonly Scenario[],
  { whole, told = () => undefined }: { whole: boolean; told?: (line: string) => void },
): Promise<{ violations: string[]; line: string }> {
  const violations: string[] = [];
  const harm = new Map<string, number>();
  const total = { sockets: 0, gaps: 0, repeated: 0 };
  let slowest = 0;
  const waiting = [...scenarios];
  const worker = async () => {
    for (let scenario = waiting.shift(); scenario; scenario = waiting.shift()) {
      const { kind, direction, link, seed } = scenario;
      const name = `${kind}/${direction}/${link}`;
      const verdict = await playInTime({ ...scenario, seed: seedOf(seed, name) });
      told(`${name} seed=${seed} harm=${verdict.bites} recovery=${Math.round(verdict.settled)}ms`);
      for (const what of verdict.violations)
        violations.push(`${name}: ${what}\n  again: pnpm prove net --only ${name} --seed ${seed}`);
      harm.set(kind, (harm.get(kind) ?? 0) + verdict.bites);
      total.sockets += verdict.recovery.sockets;
      total.gaps += verdict.recovery.gaps;
      total.repeated += verdict.recovery.repeated;
      slowest = Math.max(slowest, verdict.settled);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  if (whole) {
    for (const kind of toxicKinds) if (!harm.get(kind)) violations.push(`an empty run: ${kind} did no harm`);
    for (const [what, n] of Object.entries(total)) if (n === 0) violations.push(`an empty run: no ${what}`);
  }
  return {
    violations,
    line: [
      `net scenarios=${scenarios.length} violations=${violations.length}`,
      `harm(${[...harm].map(([kind, n]) => `${kind}=${n}`).join(' ')})`,
      `sockets replaced=${total.sockets} gaps filled=${total.gaps} requests repeated=${total.repeated}`,
      `slowest recovery=${(slowest / 1_000).toFixed(1)}s`,
    ].join(' '),
  };
}

/** A scenario that hangs is a violation too. */
async function playInTime(scenario: Scenario): Promise<Verdict> {
  const nothing = { bites: 0, recovery: { sockets: 0, gaps: 0, repeated: 0 }, settled: 0 };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Verdict>((resolve) => {
    timer = setTimeout(resolve, longest, { ...nothing, violations: ['it does not end'] });
  });
  const played = play(scenario).catch((error: unknown) => ({ ...nothing, violations: [String(error)] }));
  return Promise.race([played, late]).finally(() => clearTimeout(timer));
}

function named(name: string, seed: number): Scenario {
  const [kind, direction, link] = name.split('/');
  const scenario = grid(seed).find(
    (one) => one.kind === kind && one.direction === (direction as Direction) && one.link === link,
  );
  if (!scenario) throw new RangeError(`There is no scenario ${name}; they are called TOXIC/DIRECTION/LINK.`);
  return scenario;
}

/** Most of a scenario is waiting. */
const atOnce = 4;
/** A scenario takes a few seconds, in ms. */
const longest = 60_000;
