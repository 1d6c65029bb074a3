import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decide, type By, type Command } from '../src/index.ts';
import { ana, desk, policy, steps, World } from './worlds.ts';

/** Gives a command through one of several processes. */
function through(node: string, world: World, by: By, command: object): void {
  world.head = decide(world.head, { id: `x${world.head.version}-${world.head.seq}-${node}`, ...command } as Command, {
    by,
    now: world.now,
    policy,
    node,
  }).conversation;
}

function said(world: World, node: string): void {
  through(node, world, ana, { type: 'reply', text: 'hi', epoch: world.head.epoch });
}

test('D9 the lane is taken with what is to be delivered, where nothing is undelivered, and stays otherwise', () => {
  const world = World.in('assigned');
  through('a', world, desk, { type: 'take-lane', lane: 0 });
  expect(world.head.delivery.lane).toEqual({ by: 'a', n: 1 });
  said(world, 'b');
  expect(world.head.delivery.lane).toEqual({ by: 'a', n: 1 });
  through('a', world, desk, { type: 'mark-delivered', seq: world.head.seq, lane: 1 });
  said(world, 'b');
  expect(world.head.delivery.lane).toEqual({ by: 'b', n: 2 });
  said(world, 'b');
  expect(world.head.delivery.lane).toEqual({ by: 'b', n: 2 });
});

test('D9 what comes under a lower number is refused and changes nothing', () => {
  const world = World.in('assigned');
  through('a', world, desk, { type: 'take-lane', lane: 0 });
  through('b', world, desk, { type: 'take-lane', lane: 1 });
  for (const command of [
    { type: 'mark-delivered', seq: 99, lane: 1 },
    { type: 'fail-delivery', of: 1, reason: 'down', lane: 1 },
    { type: 'delay-delivery', tries: 1, until: 1, reason: 'down', lane: 1 },
    { type: 'take-lane', lane: 1 },
  ] as const) {
    const decision = decide(world.head, { id: 'x', ...command }, { by: desk, now: 1, policy, node: 'a' });
    expect(decision).toMatchObject({ ok: false, code: 'stale-lane', entries: [] });
    expect(decision.conversation).toBe(world.head);
  }
});

test('D5 who has it tried again takes the lane of a delivery that failed, and not of one that waits', () => {
  const world = World.in('assigned');
  through('a', world, desk, { type: 'take-lane', lane: 0 });
  through('a', world, desk, { type: 'delay-delivery', tries: 4, until: 9, reason: 'down', lane: 1 });
  through('b', world, ana, { type: 'retry-delivery' });
  expect(world.head.delivery).toMatchObject({ lane: { by: 'a', n: 1 } });
  expect(world.head.delivery).not.toHaveProperty('retry');
  through('a', world, desk, { type: 'fail-delivery', of: 3, reason: 'down', lane: 1 });
  through('b', world, ana, { type: 'retry-delivery' });
  expect(world.head.delivery).toMatchObject({ lane: { by: 'b', n: 2 } });
  expect(world.head.delivery).not.toHaveProperty('failed');
});

test('D6 D9 whatever is given through whichever process, marks and the number of the lane only rise', () => {
  fc.assert(
    fc.property(steps, fc.infiniteStream(fc.constantFrom('a', 'b', 'c')), (all, nodes) => {
      const world = new World();
      for (const { by, command, after } of all) {
        world.now += after;
        const before = world.head.delivery;
        through(nodes.next().value as string, world, by, command);
        const { delivery } = world.head;
        expect(delivery.lane?.n ?? 0).toBeGreaterThanOrEqual(before.lane?.n ?? 0);
        if (delivery.lane?.by !== before.lane?.by) expect(delivery.lane!.n).toBe((before.lane?.n ?? 0) + 1);
        expect(delivery.deliveredSeq).toBeGreaterThanOrEqual(before.deliveredSeq);
        expect(delivery.seenSeq).toBeGreaterThanOrEqual(before.seenSeq);
        expect(delivery.seenSeq).toBeLessThanOrEqual(delivery.deliveredSeq);
        expect(delivery.failed !== undefined && delivery.retry !== undefined).toBe(false);
      }
    }),
    { numRuns: 1_000 },
  );
});
