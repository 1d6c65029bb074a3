import { setTimeout as pause } from 'node:timers/promises';
import { isOutbound, paths, type ConversationView, type Entry } from '@parley/contracts';
import { entryIdOf, type OutboxItem } from '@parley/client';
import { Seeded } from '../disk/seeded.ts';
import { BotSide, Console, type Recovery } from './actors.ts';
import type { Direction, FaultProxy, Toxic } from './proxy.ts';
import { startRig, type Rig } from './rig.ts';

export const links = ['browser', 'calls', 'callbacks'] as const;
export type Link = (typeof links)[number];

export type Scenario = { seed: number; link: Link; direction: Direction; kind: Toxic['kind'] };

export type Verdict = {
  violations: string[];
  /** How often the line did harm. */
  bites: number;
  recovery: Recovery;
  /** From healing until all was right, in ms. */
  settled: number;
};

/**
 * One conversation from the bot to a consultant, to a colleague and on, while a line is at fault for a while. Then the line
 * heals, and everything must be right by itself: what was acknowledged is stored once and in order, screens equal a fresh
 * read, and the bot's side has heard all of it in order.
 *
 * @param settings of the desk, for faults of its own
 */
export async function play(scenario: Scenario, settings: Record<string, string> = {}): Promise<Verdict> {
  const random = new Seeded(scenario.seed);
  const recovery: Recovery = { sockets: 0, gaps: 0, repeated: 0 };
  const rig = await startRig(random, settings);
  const proxy: FaultProxy = rig[scenario.link];
  const signIn = (name: string) => new Console(rig, `${name}@contoso.example`, recovery);
  const [ana, lukas] = [signIn('ana'), signIn('lukas')];
  const consoles = [ana, lukas, signIn('marta')];
  const bot = new BotSide(rig, recovery);
  try {
    for (const console of consoles) console.start();
    await bot.says('user', 'my card is gone');
    await bot.says('bot', 'shall I block it?');
    const { conversation: id } = await bot.escalates();
    await until('all consoles are live', async () => (consoles.every(({ live }) => live) ? [] : ['not yet']));
    await ana.desk.command(id, 'claim', {});
    for (const console of [ana, consoles[2]!]) console.opens(id);
    await until('the conversation is open', async () =>
      ana.desk.conversation(id).getSnapshot().status === 'ready' ? [] : ['not yet'],
    );

    const transfers = random.chance(0.6);
    const work = Promise.all([
      says(bot, random),
      consults(ana, id, random).then(async () => {
        if (transfers) await handsOver(rig, ana, lukas, id, random);
      }),
    ]);
    await pause(random.between(20, 200));
    proxy.poison(scenario.direction, toxicOf(scenario.kind, random));
    await pause(random.between(100, 400));
    // The supervisor's page is loaded again.
    const late = consoles.pop()!;
    await late.desk.stop();
    const loaded = signIn('marta');
    consoles.push(loaded);
    loaded.start();
    loaded.opens(id);
    await Promise.race([work, pause(random.between(400, 1_200))]);
    proxy.heal();
    const healed = performance.now();
    await work;
    await bot.says('user', 'last words');
    const holder = transfers ? lukas : ana;
    holder.sends(id, 'reply', 'goodbye');

    const wrong = await until('all is right', () => judge(rig, id, bot, consoles), patience).then(
      () => [],
      (error: Error) => [error.message],
    );
    return {
      violations: [...wrong, ...rig.receiver.violations, ...rig.complaints],
      bites: proxy.bites,
      recovery,
      settled: performance.now() - healed,
    };
  } finally {
    proxy.heal();
    for (const console of consoles) await console.desk.stop();
    await rig.close();
  }
}

/** Everything that has to be true in the end. @returns what is not */
async function judge(rig: Rig, id: string, bot: BotSide, consoles: readonly Console[]): Promise<string[]> {
  const view = await rig.read<ConversationView>('marta@contoso.example', paths.conversation(id));
  if (!view) return ['the conversation is not there'];
  const { entries, conversation } = view;
  const wrong: string[] = [];
  if (entries.some(({ seq }, i) => seq !== i + 1)) wrong.push('the log has a gap');
  const stored = entries.map(({ id: entry }) => entry);
  if (new Set(stored).size !== stored.length) wrong.push('the log has an entry twice');

  const lines: [string, readonly string[]][] = [
    ['the user', bot.told],
    ...consoles.map((console): [string, readonly string[]] => {
      const failed = new Set(console.desk.outbox.items.getSnapshot().map(({ id: item }: OutboxItem) => item));
      return [console.email, console.sent.filter((item) => !failed.has(item)).map((item) => entryIdOf({ id: item }))];
    }),
  ];
  for (const [who, acknowledged] of lines) {
    const places = acknowledged.map((entry) => stored.indexOf(entry));
    const lost = places.filter((place) => place < 0).length;
    if (lost > 0) wrong.push(`${who}: ${lost} acknowledged and not stored`);
    if (places.some((place, i) => i > 0 && place <= places[i - 1]!))
      wrong.push(`${who}: out of order: ${places.join(' ')}`);
  }
  const texts = entries.flatMap((entry: Entry) => (entry.kind === 'message' ? [`${entry.by.type} ${entry.text}`] : []));
  if (new Set(texts).size !== texts.length) wrong.push('a line is stored twice');

  const outbound = entries.filter(isOutbound).map(({ seq }) => seq);
  const taken = (rig.receiver.taken.get(id) ?? []).map(({ seq }) => seq);
  if (outbound.join() !== taken.join())
    wrong.push(`the bot's side has ${taken.join(' ')} instead of ${outbound.join(' ')}`);
  if (conversation.delivery.deliveredSeq !== (outbound.at(-1) ?? 0)) wrong.push('the delivery marks are behind');
  for (const console of consoles) wrong.push(...(await console.staleness()));
  return wrong;
}

async function says(bot: BotSide, random: Seeded): Promise<void> {
  for (let n = 1; n <= 5; n++) {
    await pause(random.between(30, 220));
    await bot.says('user', `user line ${n}`);
  }
}

async function consults(ana: Console, id: string, random: Seeded): Promise<void> {
  for (let n = 1; n <= 5; n++) {
    await pause(random.between(30, 220));
    ana.desk.typing(id);
    ana.sends(id, n === 3 ? 'note' : 'reply', `Ana's line ${n}`);
    ana.desk.drafts.set(id, { text: `half a sentence ${n}`, mode: 'reply' });
  }
}

/** Ana gives it to Lukas once her own lines are through; both try until it is so. */
async function handsOver(rig: Rig, ana: Console, lukas: Console, id: string, random: Seeded): Promise<void> {
  const holder = () => ana.desk.conversation(id).getSnapshot().log?.head.holder;
  await until(
    'her lines are sent',
    async () => (ana.desk.outbox.items.getSnapshot().length === 0 ? [] : ['not yet']),
    patience,
  );
  await insist(
    () => ana.desk.command(id, 'transfer', { to: { person: people.lukas }, comment: 'please go on' }),
    () => {
      const now = holder();
      return now?.state !== 'assigned' || now.consultant.id !== people.ana;
    },
  );
  lukas.opens(id);
  await insist(
    () => lukas.desk.command(id, 'claim', {}),
    () => {
      const now = lukas.desk.conversation(id).getSnapshot().log?.head.holder;
      return now?.state === 'assigned' && now.consultant.id === people.lukas;
    },
  );
  for (let n = 1; n <= 2; n++) {
    await pause(random.between(30, 150));
    lukas.sends(id, 'reply', `Lukas's line ${n}`);
  }
}

/** Gives a command until it is known to have had its effect. */
async function insist(command: () => Promise<unknown>, done: () => boolean): Promise<void> {
  const end = performance.now() + patience;
  while (!done()) {
    await command().catch(() => undefined);
    if (done()) return;
    if (performance.now() > end) throw new Error('A command has no effect');
    await pause(100);
  }
}

/** Waits until nothing is wrong any more. @throws with what still is */
async function until(what: string, check: () => Promise<string[]>, ms = 10_000): Promise<void> {
  for (const end = performance.now() + ms; ;) {
    const wrong = await check();
    if (wrong.length === 0) return;
    if (performance.now() > end) throw new Error(`${ms} ms in vain until ${what}: ${wrong.join('; ').slice(0, 2_000)}`);
    await pause(50);
  }
}

function toxicOf(kind: Toxic['kind'], random: Seeded): Toxic {
  switch (kind) {
    case 'latency':
      return { kind, ms: random.between(100, 500), jitter: random.between(0, 100) };
    case 'bandwidth':
      return { kind, bytes: random.between(1_000, 8_000) };
    case 'slicer':
      return { kind, bytes: random.between(1, 40), ms: random.between(0, 2) };
    case 'slow-close':
      return { kind, ms: random.between(200, 800) };
    case 'timeout':
      return { kind, ms: random.chance(0.5) ? 0 : random.between(200, 800) };
    case 'reset-peer':
      return { kind, ms: random.between(0, 300) };
    case 'limit-data':
      return { kind, bytes: random.between(1, 3_000) };
    case 'cut':
      return { kind, bytes: random.between(1, 3_000) };
    default:
      return { kind };
  }
}

const people = {
  ana: 'c0170500-0000-4000-8000-000000000101',
  lukas: 'c0170500-0000-4000-8000-000000000102',
};

/** From healing until everything must be right, in ms. */
const patience = 15_000;
