import { abilityNames, type Entry } from '@parley/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { abilities, decide, evolve, givers, marked, transitions, type Command, type Policy } from '../src/index.ts';
import { ana, bot, desk, fresh, human, lukas, marta, policy, steps, stranger, user, World } from './worlds.ts';

describe('the log', () => {
  test('H1 is numbered without gaps, and the head is the fold over it', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const world = new World();
        for (const { by, command, after } of all) {
          world.now += after;
          const before = world.head;
          const decision = world.give(by, command);
          expect(world.head.epoch).toBeGreaterThanOrEqual(before.epoch);
          // A change of holder raises the epoch, once per command at least.
          if (holderOf(before) !== holderOf(world.head)) expect(world.head.epoch).toBeGreaterThan(before.epoch);
          if (!decision.ok && decision.entries.length === 0) expect(world.head).toBe(before);
        }
        world.log.forEach((entry, n) => expect(entry.seq).toBe(n + 1));
        expect(new Set(world.log.map(({ id }) => id)).size).toBe(world.log.length);
        const {
          delivery: _,
          user: __,
          ...folded
        } = world.trace.reduce(
          (before, { entries, delivery }) => marked(entries.reduce(evolve, before), delivery),
          fresh(),
        );
        const { delivery, user: ___, ...head } = world.head;
        expect(folded).toEqual(head);
        expect(delivery.deliveredSeq).toBeLessThanOrEqual(world.head.seq);
        expect(delivery.seenSeq).toBeLessThanOrEqual(delivery.deliveredSeq);
      }),
      { numRuns: 2_000 },
    );
  });

  test('H2 no bot line stands between an acceptance and the end of it, but for announced notices', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const world = new World();
        for (const { by, command, after } of all) {
          world.now += after;
          world.give(by, command);
        }
        let holder: string | undefined;
        for (const entry of world.log) {
          if (entry.kind === 'accepted') holder = entry.consultant.id;
          if (ends(entry)) holder = undefined;
          if (entry.kind !== 'message') continue;
          if (entry.by.type === 'bot' && !entry.notice) expect(holder).toBeUndefined();
          if (entry.by.type === 'person') expect(entry.by.id).toBe(holder);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the table', () => {
  const samples: { [T in Command['type']]: Extract<Command, { type: T }> } = {
    'user-turn': { type: 'user-turn', id: 'x', text: 'hi', user },
    'bot-turn': { type: 'bot-turn', id: 'x', text: 'hi' },
    'request-handoff': { type: 'request-handoff', id: 'x', packet: { reason: 'why' }, user },
    offer: { type: 'offer', id: 'x', to: { id: ana.id, name: ana.name } },
    claim: { type: 'claim', id: 'x' },
    decline: { type: 'decline', id: 'x', reason: 'busy' },
    reply: { type: 'reply', id: 'x', text: 'hi', epoch: 2 },
    note: { type: 'note', id: 'x', text: 'hi' },
    transfer: { type: 'transfer', id: 'x', to: { queue: 'general' } },
    return: { type: 'return', id: 'x', packet: {} },
    close: { type: 'close', id: 'x', outcome: 'solved' },
    end: { type: 'end', id: 'x', reason: 'user-left' },
    rate: { type: 'rate', id: 'x', score: 5 },
    deadline: { type: 'deadline', id: 'x' },
    requeue: { type: 'requeue', id: 'x', reason: 'consultant-gone', epoch: 2 },
    'mark-delivered': { type: 'mark-delivered', id: 'x', seq: 1, lane: 0 },
    'mark-seen': { type: 'mark-seen', id: 'x', seq: 1 },
    'fail-delivery': { type: 'fail-delivery', id: 'x', of: 1, reason: 'down', lane: 0 },
    'delay-delivery': { type: 'delay-delivery', id: 'x', tries: 1, until: 9_000, reason: 'down', lane: 0 },
    'take-lane': { type: 'take-lane', id: 'x', lane: 0 },
    'retry-delivery': { type: 'retry-delivery', id: 'x' },
  };
  const speakers = {
    'user-turn': human,
    'bot-turn': bot,
    'request-handoff': bot,
    claim: ana,
    decline: ana,
    reply: ana,
    note: ana,
    transfer: ana,
    return: ana,
    close: ana,
    end: human,
    rate: human,
    'mark-seen': human,
  } as Record<string, typeof human>;

  for (const [type, row] of Object.entries(transitions)) {
    for (const [state, meets] of Object.entries(row)) {
      test(`H3 ${type} in ${state}: ${meets}`, () => {
        const world = World.in(state as 'queued');
        if (type === 'decline' && state === 'queued')
          world.give(desk, { type: 'offer', to: { id: ana.id, name: ana.name } });
        const speaker = speakers[type] ?? desk;
        // With the bot there is no holder yet: what people do there, supervisors do.
        const by = state === 'with-bot' && speaker === ana && meets === 'go' ? marta : speaker;
        const decision = decide(world.head, samples[type as Command['type']], { by, now: 5_000, policy });
        switch (meets) {
          case 'go':
            expect(decision.ok).toBe(true);
            break;
          case 'nothing':
            expect(decision).toMatchObject({ ok: true, nothing: true, entries: [] });
            break;
          case 'suppress':
            expect(decision.ok).toBe(false);
            expect(decision.entries.every(({ kind }) => kind === 'suppressed')).toBe(true);
            break;
          default:
            // A consultant may be refused for a reason that comes before the state: what one may not read does not exist.
            expect(decision).toMatchObject({ ok: false, entries: [] });
            if (by.type !== 'person') expect(decision).toMatchObject({ code: meets });
        }
      });
    }
  }
});

test('H14 nobody gives a command that is not theirs to give', () => {
  const everybody = { user: human, bot, desk, person: marta } as const;
  for (const [type, allowed] of Object.entries(givers)) {
    for (const [kind, by] of Object.entries(everybody)) {
      if ((allowed as readonly string[]).includes(kind)) continue;
      for (const state of ['with-bot', 'queued', 'assigned', 'closed'] as const) {
        const decision = decide(
          World.in(state).head,
          { type, id: 'x', text: 'x', packet: { reason: 'x' }, to: { queue: 'general' } } as never,
          { by, now: 5_000, policy },
        );
        expect(decision, `${type} by ${kind} in ${state}`).toMatchObject({ ok: false, code: 'forbidden', entries: [] });
      }
    }
  }
});

describe('claims', () => {
  test('H4 of two, one wins and the other is told who', () => {
    const world = World.in('queued');
    expect(world.give(ana, { type: 'claim' }).ok).toBe(true);
    expect(world.give(lukas, { type: 'claim' })).toMatchObject({
      ok: false,
      code: 'already-held',
      conversation: { holder: { consultant: { name: 'Ana Ruiz' } } },
    });
    expect(world.give(ana, { type: 'claim' })).toMatchObject({ ok: false, code: 'already-yours' });
  });

  test('H5 needs a queue one serves, a place, and no reservation for another', () => {
    const world = World.in('queued');
    expect(world.give(stranger, { type: 'claim' })).toMatchObject({ code: 'not-found' });
    expect(world.give({ ...ana, load: 4 }, { type: 'claim' })).toMatchObject({ code: 'at-capacity' });
    world.give(lukas, { type: 'transfer', to: { person: { id: lukas.id, name: lukas.name } } });
    expect(world.give(ana, { type: 'claim' })).toMatchObject({ code: 'reserved' });
    expect(world.give(lukas, { type: 'claim' }).ok).toBe(true);
  });
});

describe('the floor', () => {
  test('H6 a bot line after take-over is refused, kept and shown as suppressed', () => {
    const world = World.in('assigned');
    const decision = world.give(bot, { type: 'bot-turn', text: 'Anything else?' });
    expect(decision).toMatchObject({
      ok: false,
      code: 'human-holds',
      entries: [{ kind: 'suppressed', text: 'Anything else?', by: { type: 'bot' } }],
    });
    expect(world.head.last?.text).not.toBe('Anything else?');
  });

  test('H7 a reply written under an old epoch is refused and kept, also after coming back', () => {
    const world = World.in('assigned');
    const old = world.head.epoch;
    world.give(ana, { type: 'return', packet: {} });
    expect(world.give(ana, { type: 'reply', text: 'late', epoch: old })).toMatchObject({
      ok: false,
      code: 'with-bot',
      entries: [{ kind: 'suppressed', spokenUnder: old }],
    });
    world.give(bot, { type: 'request-handoff', packet: { reason: 'again' }, user });
    world.give(ana, { type: 'claim' });
    expect(world.give(ana, { type: 'reply', text: 'later', epoch: old })).toMatchObject({
      ok: false,
      code: 'stale-epoch',
    });
    expect(world.give(ana, { type: 'reply', text: 'now', epoch: world.head.epoch }).ok).toBe(true);
  });

  test('H8 who gave a conversation away and speaks late is told the holder and kept; who never held it leaves no trace', () => {
    const world = World.in('assigned');
    const { epoch } = world.head;
    world.give(ana, { type: 'transfer', to: { person: { id: lukas.id, name: lukas.name } } });
    world.give(lukas, { type: 'claim' });
    expect(world.give(ana, { type: 'reply', text: 'one more thing', epoch })).toMatchObject({
      code: 'not-holder',
      entries: [{ kind: 'suppressed' }],
    });
    expect(world.give(stranger, { type: 'reply', text: 'hello?', epoch })).toMatchObject({
      code: 'not-found',
      entries: [],
    });
  });

  test('H16 the bot’s words about the closing leave the conversation closed, with its outcome; any others open it', () => {
    const world = World.in('closed');
    const closing = world.head.seq;
    expect(world.give(bot, { type: 'bot-turn', text: 'That is finished.', announces: closing })).toMatchObject({
      ok: true,
      entries: [{ kind: 'message', notice: true }],
    });
    expect(world.head.holder).toMatchObject({ state: 'closed', outcome: 'solved' });
    world.give(bot, { type: 'bot-turn', text: 'Anything else?' });
    expect(world.head.holder.state).toBe('with-bot');
  });

  test('H9 a user who writes into a closed conversation opens it with the bot, and the next handoff is a new episode', () => {
    const world = World.in('closed');
    world.give(human, { type: 'user-turn', text: 'one more question', user });
    expect(world.head.holder.state).toBe('with-bot');
    world.give(bot, { type: 'request-handoff', packet: { reason: 'again' }, user });
    expect(world.head.handoff).toMatchObject({ n: 2, heldBy: [] });
    expect(world.head.handoff?.acceptedAt).toBeUndefined();
  });
});

test('H15 a line told later keeps its time, within what stands already and now', () => {
  const world = new World();
  world.now = 10_000;
  world.give(human, { type: 'user-turn', text: 'one', user, at: 4_000 });
  world.give(bot, { type: 'bot-turn', text: 'two', at: 3_000 });
  world.give(human, { type: 'user-turn', text: 'three', user, at: 99_000 });
  world.give(human, { type: 'user-turn', text: 'four', user });
  expect(world.log.map(({ at }) => at)).toEqual([4_000, 4_000, 10_000, 10_000]);
  expect(world.head).toMatchObject({ openedAt: 0, updatedAt: 10_000 });
});

describe('deadlines', () => {
  test('H10 an offer lapses, then the queue’s fallback applies', () => {
    const world = World.in('queued');
    world.give(desk, { type: 'offer', to: { id: ana.id, name: ana.name } });
    world.now += 30_000;
    world.give(desk, { type: 'deadline' });
    expect(world.head.holder).toMatchObject({ state: 'queued', queue: 'cards', passedBy: [ana.id] });
    world.now += 300_000;
    world.give(desk, { type: 'deadline' });
    expect(world.head.holder).toMatchObject({ state: 'queued', queue: 'general', passedBy: [] });
    world.now += 600_000;
    world.give(desk, { type: 'deadline' });
    expect(world.head.holder.state).toBe('with-bot');
    expect(world.log.at(-1)).toMatchObject({ kind: 'returned', fallback: 'queue-deadline' });
    expect(world.head.dueAt).toBeUndefined();
  });

  test('H11 every queued conversation has a moment at which the desk acts by itself', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const world = new World();
        for (const { by, command } of all) {
          world.give(by, command);
          const { holder } = world.head;
          const waits = holder.state === 'queued' || (holder.state === 'with-bot' && holder.pending !== undefined);
          expect(world.head.dueAt !== undefined).toBe(waits);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('a consultant who is gone', () => {
  test('H18 loses what they hold, under the floor it was judged by and no other', () => {
    const world = World.in('assigned');
    const { epoch } = world.head;
    world.give(human, { type: 'user-turn', text: 'are you there?', user });
    world.now += 90_000;
    expect(world.give(desk, { type: 'requeue', reason: 'consultant-gone', epoch })).toMatchObject({
      ok: true,
      entries: [{ kind: 'requeued', queue: 'cards', reason: 'consultant-gone', by: { type: 'desk' } }],
    });
    expect(world.head).toMatchObject({
      epoch: epoch + 1,
      holder: { state: 'queued', queue: 'cards', deadline: world.now + 300_000, passedBy: [] },
      unansweredSince: 1_000,
      handoff: { requestedAt: 1_000, heldBy: [ana.id] },
      delivery: { outSeq: world.head.seq },
    });
    // A second process that judged by the same floor comes too late, also where somebody else holds it by then.
    expect(world.give(desk, { type: 'requeue', reason: 'consultant-gone', epoch }).entries).toEqual([]);
    world.give(lukas, { type: 'claim' });
    expect(world.give(desk, { type: 'requeue', reason: 'consultant-gone', epoch }).entries).toEqual([]);
    expect(world.head.holder).toMatchObject({ state: 'assigned', consultant: { id: lukas.id } });
    expect(world.give(ana, { type: 'reply', text: 'back again', epoch })).toMatchObject({
      code: 'not-holder',
      entries: [{ kind: 'suppressed' }],
    });
  });
});

describe('a return the bot’s side has not received', () => {
  const returned = () => {
    const world = World.in('assigned');
    world.give(ana, { type: 'return', packet: {} });
    return { world, seq: world.head.seq };
  };

  test('H19 is pending until it is delivered, and then is the bot’s for good', () => {
    const { world, seq } = returned();
    expect(world.head.holder).toMatchObject({ pending: { seq, until: 61_000, queue: 'cards' } });
    expect(world.head.dueAt).toBe(61_000);
    world.give(desk, { type: 'mark-delivered', seq: seq - 1, lane: 0 });
    expect(world.head.holder).toHaveProperty('pending');
    world.give(desk, { type: 'mark-delivered', seq, lane: 0 });
    expect(world.head.holder).toEqual({ state: 'with-bot', since: 1_000 });
    expect(world.head.dueAt).toBeUndefined();
    world.now += 700_000;
    expect(world.give(desk, { type: 'deadline' }).entries).toEqual([]);
  });

  test('H19 is taken as received when the bot speaks', () => {
    const { world } = returned();
    world.give(human, { type: 'user-turn', text: 'when does it arrive?', user });
    expect(world.head.unansweredSince).toBe(1_000);
    world.give(bot, { type: 'bot-turn', text: 'On Thursday.' });
    expect(world.head.holder).toEqual({ state: 'with-bot', since: 1_000 });
    expect(world.head.unansweredSince).toBeUndefined();
    world.now += 700_000;
    expect(world.give(desk, { type: 'deadline' }).entries).toEqual([]);
  });

  test('H19 goes back to its queue at the deadline, once, in the same episode', () => {
    const { world, seq } = returned();
    world.give(human, { type: 'user-turn', text: 'hello?', user });
    world.now += 59_999;
    expect(world.give(desk, { type: 'deadline' }).entries).toEqual([]);
    world.now += 1;
    expect(world.give(desk, { type: 'deadline' }).entries).toMatchObject([
      { kind: 'requeued', queue: 'cards', reason: 'bot-did-not-take' },
    ]);
    expect(world.give(desk, { type: 'deadline' }).entries).toEqual([]);
    expect(world.head).toMatchObject({
      holder: { state: 'queued', queue: 'cards', deadline: world.now + 300_000 },
      handoff: { n: 1, requestedAt: 1_000 },
      unansweredSince: 1_000,
    });
    expect(world.head.handoff?.endedAt).toBeUndefined();
    // The bot hears late of both, in order; what it says then about them is kept and moves nothing.
    world.give(desk, { type: 'mark-delivered', seq: world.head.seq, lane: 0 });
    expect(world.give(bot, { type: 'bot-turn', text: 'It is me again.', announces: seq })).toMatchObject({
      ok: true,
      entries: [{ notice: true }],
    });
    expect(world.head.holder.state).toBe('queued');
  });

  test('H19 what the desk itself gives back is not taken back: it has been through its queues', () => {
    const world = World.in('queued');
    world.now += 300_000;
    world.give(desk, { type: 'deadline' });
    world.now += 600_000;
    world.give(desk, { type: 'deadline' });
    expect(world.head.holder).toEqual({ state: 'with-bot', since: world.now });
    expect(world.head.dueAt).toBeUndefined();
  });
});

test('H22 queues that fall back to one another end at the bot, after each of them once', () => {
  const round: Policy = {
    ...policy,
    queues: policy.queues.map((queue, n, all) => ({
      ...queue,
      fallback: { to: 'queue', queue: all[(n + 1) % all.length]!.id },
    })),
  };
  let head = World.in('queued').head;
  const visited: string[] = [];
  for (let n = 0; head.holder.state === 'queued'; n++) {
    expect(n).toBeLessThan(10);
    visited.push(head.holder.queue);
    head = decide(head, { type: 'deadline', id: `d${n}` }, { by: desk, now: head.dueAt!, policy: round }).conversation;
  }
  expect(visited).toEqual(['cards', 'general', 'complaints']);
  expect(head.holder.state).toBe('with-bot');
});

describe('abilities', () => {
  test('H12 say exactly what the command would answer', () => {
    const bodies: Record<string, object> = {
      decline: { reason: 'busy' },
      reply: { text: 'x' },
      note: { text: 'x' },
      transfer: { to: { queue: 'general' } },
      return: { packet: {} },
      close: { outcome: 'solved' },
    };
    fc.assert(
      fc.property(steps, fc.constantFrom(ana, lukas, marta, stranger), (all, caller) => {
        const world = new World();
        for (const { by, command, after } of all) {
          world.now += after;
          world.give(by, command);
        }
        const can = abilities(caller, world.head, policy);
        for (const name of abilityNames) {
          if (name === 'read' || name === 'export') continue;
          const command = {
            type: name,
            id: 'probe',
            ...bodies[name],
            ...(name === 'reply' ? { epoch: world.head.epoch } : {}),
          } as Command;
          const decision = decide(world.head, command, { by: caller, now: world.now, policy });
          expect(decision.ok ? 'yes' : decision.code, name).toBe(can[name]);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('H13 nobody but supervisors reads what a colleague holds', () => {
    const world = World.in('assigned');
    expect(abilities(lukas, world.head, policy).read).toBe('not-found');
    expect(abilities(marta, world.head, policy).read).toBe('yes');
    expect(abilities({ ...ana, roles: ['Operator'] }, world.head, policy).read).toBe('not-found');
  });
});

function holderOf({ holder }: { holder: { state: string } & Partial<{ consultant: { id: string } }> }): string {
  return `${holder.state}:${holder.consultant?.id ?? ''}`;
}

function ends({ kind }: Entry): boolean {
  return kind === 'transferred' || kind === 'requeued' || kind === 'returned' || kind === 'closed';
}
