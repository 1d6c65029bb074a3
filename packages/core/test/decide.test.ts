import { abilityNames, type Entry } from '@parley/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { abilities, decide, evolve, givers, transitions, type Command } from '../src/index.ts';
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
        const { delivery: _, user: __, ...folded } = world.log.reduce(evolve, fresh());
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
    requeue: { type: 'requeue', id: 'x', reason: 'gone' },
    'mark-delivered': { type: 'mark-delivered', id: 'x', seq: 1 },
    'mark-seen': { type: 'mark-seen', id: 'x', seq: 1 },
    'fail-delivery': { type: 'fail-delivery', id: 'x', of: 1, reason: 'down' },
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
          expect(world.head.dueAt !== undefined).toBe(world.head.holder.state === 'queued');
        }
      }),
      { numRuns: 300 },
    );
  });
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
