import { transitions } from '@parley/core';
import { readNumbers, UsageError } from '../shared/options.ts';
import { seeded } from '../shared/random.ts';
import { summary } from '../shared/summary.ts';
import { cases, type Case } from './cases.ts';
import { settled, type Screen } from './screen.ts';
import { Theatre } from './theatre.ts';

/** Taking a lane over needs a second process, and changes nothing that a screen shows. */
const elsewhere = new Set(['take-lane']);

/**
 * The cache invariant: for every command and every role, the old screen with the pushed events equals a fresh fetch.
 * Screens hear no keep-alives here, so that pushes alone must keep them right.
 */
export async function prove(args: string[]): Promise<number> {
  let options;
  try {
    options = readNumbers('cache', args, { rounds: 3 });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
  const counts = await run(options.rounds, options.seed);
  console.log(summary({ seed: options.seed, ...counts }));
  if (counts.violations > 0)
    console.log(`Again with: pnpm prove cache --rounds ${options.rounds} --seed ${options.seed}`);
  return counts.violations === 0 && counts.missing === 0 ? 0 : 1;
}

/** @param rounds how often every case is played; the seed decides their order */
export async function run(rounds: number, seed: number) {
  const random = seeded(seed);
  const missing = [...Object.keys(transitions), 'presence'].filter(
    (type) => !elsewhere.has(type) && !cases.some(({ command }) => command === type),
  );
  for (const type of missing) console.log(`No case has the command ${type}`);
  const counts = { cases: 0, commands: new Set(cases.map(({ command }) => command)).size, comparisons: 0, pushes: 0 };
  let violations = 0;

  for (let round = 0; round < rounds; round += 1) {
    // Most of the time is waiting for what the desk gathers before it pushes: several desks wait at once.
    const order = shuffled(cases, random.next);
    await Promise.all(
      Array.from({ length: desks }, (_, n) => perform(order.filter((__, index) => index % desks === n))),
    );
  }
  if (counts.pushes === 0) violations += 1;
  return { ...counts, missing: missing.length, violations };

  async function perform(part: readonly Case[]): Promise<void> {
    const theatre = await Theatre.open();
    const screens = await Promise.all(
      (['holder', 'consultant', 'supervisor', 'admin'] as const).map((role) => theatre.screen(role)),
    );
    try {
      for (const one of part) {
        try {
          const compared = await play(theatre, screens, one);
          counts.comparisons += compared;
        } catch (error) {
          violations += 1;
          console.log(`✗ ${one.command} by ${one.role}: ${one.name}\n${(error as Error).message}`);
        }
        counts.cases += 1;
      }
      counts.pushes += screens.reduce((sum, screen) => sum + screen.pushes(), 0);
    } finally {
      for (const screen of screens) await screen.stop();
      await theatre.close();
    }
  }
}

const desks = 4;

async function play(theatre: Theatre, screens: readonly Screen[], one: Case): Promise<number> {
  try {
    const id = await one.before(theatre);
    for (const screen of screens) screen.show(id);
    const before = await settled(screens, 'before it');
    await one.act(theatre, id);
    return before + (await settled(screens, 'after it'));
  } finally {
    for (const screen of screens) screen.hide();
    await theatre.tidy();
  }
}

function shuffled<T>(list: readonly T[], next: () => number): T[] {
  return list
    .map((one) => ({ one, at: next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);
}
