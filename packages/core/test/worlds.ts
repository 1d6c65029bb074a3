import type { Conversation, Entry, User } from '@parley/contracts';
import fc from 'fast-check';
import { blank, decide, type By, type Caller, type Command, type Decision, type Policy } from '../src/index.ts';

export const policy: Policy = {
  queues: [
    {
      id: 'cards',
      name: 'Cards',
      warnAfter: 30,
      dueAfter: 60,
      deadlineSeconds: 300,
      fallback: { to: 'queue', queue: 'general' },
    },
    { id: 'general', name: 'General', warnAfter: 30, dueAfter: 60, deadlineSeconds: 600, fallback: { to: 'bot' } },
    {
      id: 'complaints',
      name: 'Complaints',
      warnAfter: 30,
      dueAfter: 60,
      deadlineSeconds: 60,
      fallback: { to: 'close', outcome: 'call-back' },
    },
  ],
  defaultQueue: 'general',
  outcomes: [
    { id: 'solved', name: 'Solved' },
    { id: 'call-back', name: 'Call back' },
  ],
  offerSeconds: 30,
  goneSeconds: 90,
  takeBackSeconds: 60,
  uninvited: true,
  capacity: 4,
};

export const user: User = { id: 'u1', name: 'Jonas Weber' };
export const ana = consultant('00000000-0000-4000-8000-0000000000a1', 'Ana Ruiz');
export const lukas = consultant('00000000-0000-4000-8000-0000000000a2', 'Lukas Meyer');
export const marta: Caller = {
  ...consultant('00000000-0000-4000-8000-0000000000a3', 'Marta Silva'),
  roles: ['Supervisor'],
};
export const stranger: Caller = { ...consultant('00000000-0000-4000-8000-0000000000a4', 'Noor Haddad'), queues: [] };
export const bot: By = { type: 'bot', name: 'BankX assistant' };
export const human: By = { type: 'user', name: 'Jonas Weber' };
export const desk: By = { type: 'desk' };

export function fresh(): Conversation {
  return blank({
    id: 'c_00000000000000000000000000',
    channel: 'directline',
    channelConversation: 'x',
    bot: { id: 'bankx', name: 'BankX assistant' },
    user,
    now: 0,
  });
}

/** A conversation with its log, to which commands are given one after the other. */
export class World {
  head = fresh();
  log: Entry[] = [];
  /** What each command wrote, and how the delivery marks stood after it. */
  trace: { entries: Entry[]; delivery: Conversation['delivery'] }[] = [];
  now = 1_000;
  #ids = 0;

  give(by: By, command: Distribute<Command>): Decision {
    const id = `m${++this.#ids}`;
    const decision = decide(this.head, { id, ...command }, { by, now: this.now, policy });
    this.head = decision.conversation;
    this.log.push(...decision.entries);
    this.trace.push({ entries: decision.entries, delivery: this.head.delivery });
    return decision;
  }

  /** Brings it to a state by the shortest way. */
  static in(state: 'with-bot' | 'queued' | 'assigned' | 'closed'): World {
    const world = new World();
    world.give(human, { type: 'user-turn', text: 'hello', user });
    if (state === 'with-bot') return world;
    world.give(bot, { type: 'request-handoff', queue: 'cards', packet: { reason: 'asked for a person' }, user });
    if (state === 'queued') return world;
    world.give(ana, { type: 'claim' });
    if (state === 'assigned') return world;
    world.give(ana, { type: 'close', outcome: 'solved' });
    return world;
  }
}

type Distribute<C> = C extends Command ? Omit<C, 'id'> : never;

export const actors: By[] = [human, bot, desk, ana, lukas, marta, stranger];

const text = fc.constantFrom('hi', 'ok', 'the card', 'grüße ✓');
const commands: fc.Arbitrary<Distribute<Command>>[] = [
  text.map((said) => ({ type: 'user-turn', text: said, user })),
  fc.record({
    type: fc.constant('bot-turn' as const),
    text,
    announces: fc.option(fc.nat(30), { nil: undefined }),
  }) as never,
  fc
    .constantFrom('cards', 'general', 'complaints', 'nowhere')
    .map((queue) => ({ type: 'request-handoff', queue, packet: { reason: 'why' }, user })),
  fc.constantFrom(ana, lukas).map(({ id, name }) => ({ type: 'offer', to: { id, name } })),
  fc.constant({ type: 'claim' }),
  fc.constant({ type: 'decline', reason: 'busy' }),
  fc.record({ type: fc.constant('reply' as const), text, epoch: fc.nat(12) }),
  text.map((said) => ({ type: 'note', text: said })),
  fc
    .constantFrom({ queue: 'general' }, { queue: 'nowhere' }, { person: { id: lukas.id, name: lukas.name } })
    .map((to) => ({ type: 'transfer', to })),
  fc.constant({ type: 'return', packet: { comment: 'done' } }),
  fc.constantFrom('solved', 'unheard-of').map((outcome) => ({ type: 'close', outcome })),
  fc.constantFrom('user-left' as const, 'bot-ended' as const).map((reason) => ({ type: 'end', reason })),
  fc.integer({ min: 1, max: 5 }).map((score) => ({ type: 'rate', score })),
  fc.constant({ type: 'deadline' }),
  fc.nat(12).map((epoch) => ({ type: 'requeue', reason: 'consultant-gone', epoch })),
  fc.record({ type: fc.constant('mark-delivered' as const), seq: fc.nat(30), lane: fc.nat(3) }),
  fc.nat(30).map((seq) => ({ type: 'mark-seen', seq })),
  fc.record({
    type: fc.constant('fail-delivery' as const),
    of: fc.nat(30),
    reason: fc.constant('down'),
    lane: fc.nat(3),
  }),
  fc.record({
    type: fc.constant('delay-delivery' as const),
    tries: fc.integer({ min: 1, max: 13 }),
    until: fc.nat(100_000),
    reason: fc.constant('down'),
    lane: fc.nat(3),
  }),
  fc.nat(3).map((lane) => ({ type: 'take-lane', lane })),
  fc.constant({ type: 'retry-delivery' }),
];

/** Any command by anybody, after any time. */
export const steps = fc.array(
  fc.record({
    by: fc.constantFrom(...actors),
    command: fc.oneof(...commands),
    after: fc.constantFrom(0, 1_000, 31_000, 61_000, 700_000),
  }),
  { maxLength: 60 },
);

function consultant(id: string, name: string): Caller {
  return {
    type: 'person',
    id,
    name,
    roles: ['Consultant'],
    queues: ['cards', 'general', 'complaints'],
    load: 0,
    capacity: 4,
  };
}
