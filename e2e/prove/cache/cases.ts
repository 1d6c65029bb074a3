import { randomUUID } from 'node:crypto';
import { paths } from '@parley/contracts';
import type { Command } from '@parley/core';
import type { Theatre } from './theatre.ts';

/** One thing that happens to a conversation while everybody looks at it. */
export type Case = {
  name: string;
  /** Kind of command that it is; all kinds must occur. */
  command: Command['type'] | 'presence';
  /** Who gives it. */
  role: 'holder' | 'consultant' | 'supervisor' | 'bot' | 'desk';
  /** @returns the conversation, as it is before */
  before(theatre: Theatre): Promise<string>;
  act(theatre: Theatre, id: string): Promise<void>;
};

const talking = (t: Theatre) => t.withBot();
const waiting = (t: Theatre) => t.queued('cards');
const held = (t: Theatre) => t.assigned('cards');
const over = (t: Theatre) => t.closed('cards');
const states = { talking, waiting, held, over };

export const cases: readonly Case[] = [
  ...every(states).map(([state, before]) => ({
    name: `the user speaks (${state})`,
    command: 'user-turn' as const,
    role: 'bot' as const,
    before,
    act: async (t: Theatre, id: string) => void (await t.bot.say('user', t.channelOf(id), 'hello?')),
  })),
  ...every(states).map(([state, before]) => ({
    name: `the bot speaks (${state})`,
    command: 'bot-turn' as const,
    role: 'bot' as const,
    before,
    act: async (t: Theatre, id: string) => void (await t.bot.say('bot', t.channelOf(id), 'Anything else?')),
  })),
  ...every({ talking, over }).map(([state, before]) => ({
    name: `the bot asks for a person (${state})`,
    command: 'request-handoff' as const,
    role: 'bot' as const,
    before,
    act: async (t: Theatre, id: string) => void (await t.bot.escalate(t.channelOf(id), { queue: 'payments' })),
  })),
  ...every(states).map(([state, before]) => ({
    name: `the user leaves (${state})`,
    command: 'end' as const,
    role: 'bot' as const,
    before,
    act: (t: Theatre, id: string) => t.tell(paths.botEndings, id, { id: randomUUID(), reason: 'user-left' }),
  })),
  bot('the user rates', 'rate', over, (t, id) => t.tell(paths.botRatings, id, { id: randomUUID(), score: 4 })),
  bot('the user has seen it', 'mark-seen', held, async (t, id) => {
    await t.by('holder').command(id, 'reply', { text: 'Look here.', epoch: await t.epoch(id) });
    await t.real.api.desks.idle();
    await t.tell(paths.botReceipts, id, { seenSeq: (await t.head(id)).seq });
  }),

  person('takes it', 'claim', 'consultant', waiting),
  person('takes it', 'claim', 'supervisor', waiting),
  person('takes it uninvited', 'claim', 'supervisor', talking),
  person('takes what is offered', 'claim', 'holder', (t) => t.offered()),
  person('declines', 'decline', 'holder', (t) => t.offered(), { reason: 'lunch' }),
  ...(['holder', 'consultant', 'supervisor'] as const).map((role) =>
    person('writes a note', 'note', role, waiting, { text: 'A note.' }),
  ),
  person('writes a note', 'note', 'holder', held, { text: 'A note.' }),
  person('writes a note', 'note', 'supervisor', over, { text: 'A note.' }),
  {
    ...person('replies', 'reply', 'holder', held),
    act: async (t, id) => t.gives('holder', id, 'reply', { text: 'I am on it.', epoch: await t.epoch(id) }),
  },
  {
    ...person('replies under an epoch that has passed', 'reply', 'holder', held),
    act: async (t, id) => t.gives('holder', id, 'reply', { text: 'Too late.', epoch: 1 }, 409),
  },
  ...(['holder', 'supervisor'] as const).flatMap((role) => [
    person('transfers to a queue', 'transfer', role, held, { to: { queue: 'payments' }, comment: 'please' }),
    {
      ...person('transfers to a person', 'transfer', role, held),
      act: async (t: Theatre, id: string) => t.gives(role, id, 'transfer', { to: { person: t.idOf('other') } }),
    },
    person('gives it back', 'return', role, held, { packet: { outcome: 'done', promises: ['a call'] } }),
    person('closes', 'close', role, held, { outcome: 'resolved' }),
  ]),
  ...(['consultant', 'supervisor'] as const).flatMap((role) => [
    person('transfers what waits', 'transfer', role, waiting, { to: { queue: 'general' } }),
    person('gives back what waits', 'return', role, waiting, { packet: {} }),
    person('closes what waits', 'close', role, waiting, { outcome: 'resolved' }),
  ]),
  person('closes what the bot has', 'close', 'supervisor', talking, { outcome: 'resolved' }),

  desk('an offer is made', 'offer', waiting, (t) => ({ type: 'offer', id: randomUUID(), to: t.refOf('holder') })),
  desk('the consultant is gone', 'requeue', held, ({ last }) => ({
    type: 'requeue',
    id: randomUUID(),
    reason: 'consultant-gone',
    epoch: last.epoch,
  })),
  desk(
    'delivery fails for good',
    'fail-delivery',
    (t) => t.undelivered(),
    ({ last }) => ({
      type: 'fail-delivery',
      id: randomUUID(),
      of: last.seq,
      reason: 'The bot answered 410',
      lane: last.delivery.lane?.n ?? 0,
    }),
  ),
  desk(
    'a delivery is put off',
    'delay-delivery',
    (t) => t.undelivered(),
    ({ last }) => ({
      type: 'delay-delivery',
      id: randomUUID(),
      tries: 3,
      until: last.updatedAt + 5_000,
      reason: 'The bot answered 503',
      lane: last.delivery.lane?.n ?? 0,
    }),
  ),
  desk(
    'a failed delivery is tried again',
    'retry-delivery',
    (t) => t.failed(),
    () => ({ type: 'retry-delivery', id: randomUUID() }),
  ),
  {
    name: 'a reply is delivered',
    command: 'mark-delivered',
    role: 'desk',
    before: held,
    async act(t, id) {
      await t.gives('holder', id, 'reply', { text: 'There you are.', epoch: await t.epoch(id) });
      await t.delivered(id);
    },
  },
  {
    name: 'an offer lapses',
    command: 'deadline',
    role: 'desk',
    before: (t) => t.offered(),
    act: (t) => t.passes(46_000),
  },
  {
    name: 'a queue’s deadline passes',
    command: 'deadline',
    role: 'desk',
    before: waiting,
    act: (t) => t.passes(605_000),
  },
  ...(['holder', 'supervisor'] as const).map((role) => ({
    name: `becomes available and away again`,
    command: 'presence' as const,
    role,
    before: talking,
    act: async (t: Theatre) => {
      for (const state of ['available', 'away']) await t.by(role).call('PUT', paths.presence, { state });
    },
  })),
];

function bot(name: string, command: Command['type'], before: Case['before'], act: Case['act']): Case {
  return { name, command, role: 'bot', before, act };
}

function person(
  name: string,
  command: 'claim' | 'decline' | 'reply' | 'note' | 'transfer' | 'return' | 'close',
  role: 'holder' | 'consultant' | 'supervisor',
  before: Case['before'],
  body: object = {},
): Case {
  return { name, command, role, before, act: (t, id) => t.gives(role, id, command, body) };
}

function desk(
  name: string,
  command: Case['command'],
  before: Case['before'],
  make: (theatre: Theatre) => Command,
): Case {
  return {
    name,
    command,
    role: 'desk',
    before,
    async act(t, id) {
      t.last = await t.head(id);
      await t.does(id, make(t));
    },
  };
}

function every<T>(of: Record<string, T>): [string, T][] {
  return Object.entries(of);
}
