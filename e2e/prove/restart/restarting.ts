import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { paths, type TurnsAnswer } from '@parley/contracts';
import type { Person } from '@parley/sandbox';
import { seeded, type Random } from '../shared/random.ts';
import { startRig, type Rig } from '../shared/rig.ts';
import { capacity, channel, fill, type Filled } from './fill.ts';
import { Screen } from './screen.ts';

/** One kill and what came after it, in milliseconds from the start of the next process. */
export type Round = {
  /** Readiness. */
  ready: number;
  /** The first page of a list was answered. */
  served: number;
  /** Every screen shows what a fresh fetch shows. */
  right: number;
  /** Lines acknowledged right before the kill. */
  last: number;
};

export type Result = { rounds: Round[]; wrong: string[] };

/** @returns how long a desk with so many open conversations is away when it is killed, as its consultants see it */
export async function restarting({
  conversations,
  consultants,
  rounds,
  seed,
}: {
  conversations: number;
  consultants: number;
  rounds: number;
  seed: number;
}): Promise<Result> {
  const random = seeded(seed);
  const rig = await startRig({ capacity });
  const result: Result = { rounds: [], wrong: [] };
  const people = Array.from({ length: consultants }, (_, n): Person => {
    const oid = `c0170500-0000-4000-8000-${String(1_000 + n).padStart(12, '0')}`;
    return { oid, name: `Consultant ${n}`, email: `consultant-${n}@contoso.example`, role: 'Consultant' };
  });
  const screens = people.map((person) => new Screen(rig, person));
  try {
    const filled = await fill({ data: rig.data, storeKey: rig.storeKey, people, conversations });
    let desk = await rig.start();
    await desk.up();
    for (const screen of screens) screen.start();
    await allRight(screens, result);
    await Promise.all(screens.map((screen) => screen.available()));
    await allRight(screens, result);

    for (let n = 0; n < rounds; n++) {
      const burst = talk(rig, filled, random, 200);
      // In the middle of it, so that some of it is acknowledged and nobody was told.
      while (burst.acknowledged < 100) await pause(1);
      await desk.kill();
      await burst.over;
      desk = await rig.start();
      const [ready, served] = await Promise.all([desk.up(), screens[0]!.served()]);
      const right = await allRight(screens, result);
      result.rounds.push({
        ready,
        served: served - desk.startedAt,
        right: right - desk.startedAt,
        last: burst.acknowledged,
      });
      await stillLive(rig, screens, filled, result);
    }
    return result;
  } finally {
    await Promise.all(screens.map((screen) => screen.stop()));
    await rig.close();
  }
}

/** Waits until every screen is as a fresh fetch. @returns when it was, by `performance.now()` */
async function allRight(screens: readonly Screen[], { wrong }: Result): Promise<number> {
  const end = performance.now() + 60_000;
  const pending = new Map(await Promise.all(screens.map(async (screen) => [screen, await screen.truth()] as const)));
  for (;;) {
    for (const [screen, truth] of pending) if (screen.wrong(truth) === undefined) pending.delete(screen);
    const now = performance.now();
    if (pending.size === 0) return now;
    if (now > end) {
      for (const [screen, truth] of pending) wrong.push(`${screen.person.name}: ${screen.wrong(truth)}`);
      return now;
    }
    await pause(10);
  }
}

/** A line in one conversation of each consultant has to come by itself. */
async function stillLive(rig: Rig, screens: readonly Screen[], filled: Filled, { wrong }: Result): Promise<void> {
  const end = performance.now() + 20_000;
  for (const screen of screens) {
    const { place, id } = filled.held.get(screen.person.oid)![0]!;
    const before = screen.lines(id);
    await say(rig, place);
    while (screen.lines(id) <= before) {
      if (performance.now() > end) {
        wrong.push(`${screen.person.name} is not told of a line after the restart`);
        return;
      }
      await pause(5);
    }
  }
}

/** Lines in many conversations at once; those that get no answer are given up. */
function talk(
  rig: Rig,
  filled: Filled,
  random: Random,
  lines: number,
): { acknowledged: number; over: Promise<unknown> } {
  const held = [...filled.held.values()].flat().map(({ place }) => place);
  const burst = { acknowledged: 0, over: Promise.resolve() as Promise<unknown> };
  burst.over = Promise.all(
    Array.from({ length: 20 }, async () => {
      for (let n = 0; n < lines; n++) {
        const place = random.pick(random.next() < 0.5 ? held : filled.waiting);
        if (!(await say(rig, place).catch(() => false))) return;
        burst.acknowledged += 1;
      }
    }),
  );
  return burst;
}

async function say(rig: Rig, conversation: string): Promise<boolean> {
  const turn = {
    channel,
    conversation,
    id: randomUUID(),
    speaker: 'user' as const,
    text: 'Are you still there?',
    user: { id: `dl_${conversation.slice('place-'.length)}`, name: 'Jonas Weber' },
  };
  const response = await fetch(rig.url + paths.botTurns, {
    method: 'POST',
    headers: { authorization: `Bearer ${await rig.botToken()}`, 'content-type': 'application/json' },
    body: JSON.stringify({ turns: [turn] }),
  });
  if (!response.ok) throw new Error(`A line was answered ${response.status} ${await response.text()}`);
  const { results } = (await response.json()) as TurnsAnswer;
  return results.every(({ outcome }) => outcome === 'stored');
}
