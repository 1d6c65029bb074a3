import type { Presence } from '@parley/contracts';
import { describe, expect, test } from 'vitest';
import { pick } from '../src/index.ts';
import { ana, lukas, World } from './worlds.ts';

const nobodyAsked = new Map<string, number>();

function presence({ id, name }: { id: string; name: string }, given: Partial<Presence> = {}): Presence {
  return { person: { id, name }, state: 'available', since: 0, load: 0, capacity: 4, queues: ['cards'], ...given };
}

describe('routing', () => {
  test('R1 asks the least loaded, then who has been free longest', () => {
    const { head } = World.in('queued');
    expect(pick(head, [presence(ana, { load: 2 }), presence(lukas, { load: 1 })], nobodyAsked)?.id).toBe(lukas.id);
    expect(pick(head, [presence(ana, { since: 5 }), presence(lukas, { since: 9 })], nobodyAsked)?.id).toBe(ana.id);
  });

  test('R2 asks nobody who is away, full, asked already, elsewhere, or has passed on it', () => {
    const world = World.in('queued');
    for (const one of [
      presence(ana, { state: 'away' }),
      presence(ana, { state: 'offline' }),
      presence(ana, { load: 4 }),
      presence(ana, { queues: ['payments'] }),
    ]) {
      expect(pick(world.head, [one], nobodyAsked)).toBeUndefined();
    }
    expect(pick(world.head, [presence(ana)], new Map([[ana.id, 1]]))).toBeUndefined();
    world.give({ type: 'desk' }, { type: 'offer', to: { id: ana.id, name: ana.name } });
    world.give(ana, { type: 'decline', reason: 'lunch' });
    expect(pick(world.head, [presence(ana)], nobodyAsked)).toBeUndefined();
    expect(pick(world.head, [presence(ana), presence(lukas)], nobodyAsked)?.id).toBe(lukas.id);
  });

  test('R3 a transfer to a person is offered to that person alone', () => {
    const world = World.in('assigned');
    world.give(ana, {
      type: 'transfer',
      to: { person: { id: lukas.id, name: lukas.name } },
      comment: 'knows the case',
    });
    expect(pick(world.head, [presence(ana), presence(lukas, { load: 3, queues: [] })], nobodyAsked)?.id).toBe(lukas.id);
  });
});
