import type { Conversation } from '@parley/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyHeads, belongs, type Heads } from '../src/index.ts';
import { colleague, head, me } from './world.ts';

test('Y4 heads in any order, with repetitions, end at the newest of each', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ of: fc.nat(4), version: fc.integer({ min: 1, max: 9 }) }), { maxLength: 40 }),
      (made) => {
        let heads: Heads = new Map();
        const newest = new Map<string, number>();
        for (const { of, version } of made) {
          const id = `c_${of}`;
          newest.set(id, Math.max(newest.get(id) ?? 0, version));
          heads = applyHeads(heads, { items: [head(id, { version })], gone: [] });
        }
        expect(new Map([...heads].map(([id, { version }]) => [id, version]))).toEqual(newest);
      },
    ),
  );
});

const at = (id: string) => ({ id, version: 1 });

test('what is gone leaves the list, and the same heads leave the very same map', () => {
  const heads = applyHeads(new Map(), { items: [head('a'), head('b')], gone: [] });
  expect([...applyHeads(heads, { items: [], gone: [at('a'), at('x')] }).keys()]).toEqual(['b']);
  expect(applyHeads(heads, { items: [], gone: [at('x')] })).toBe(heads);
  expect(applyHeads(heads, { items: [heads.get('a') as Conversation], gone: [] })).toBe(heads);
});

test('Y4 a head that comes late does not bring back what has left, nor does late news of leaving remove what came back', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ of: fc.nat(2), version: fc.integer({ min: 1, max: 6 }) }), { maxLength: 40 }),
      (heard) => {
        let heads: Heads = new Map();
        const left = new Map<string, number>();
        const newest = new Map<string, number>();
        for (const { of, version } of heard) {
          const id = `c_${of}`;
          newest.set(id, Math.max(newest.get(id) ?? 0, version));
          // Even versions are such that the caller does not see.
          const change =
            version % 2 === 0 ? { items: [], gone: [{ id, version }] } : { items: [head(id, { version })], gone: [] };
          for (const one of change.gone) left.set(id, Math.max(left.get(id) ?? 0, one.version));
          heads = applyHeads(heads, change, left);
        }
        expect(new Map([...heads].map(([id, { version }]) => [id, version]))).toEqual(
          new Map([...newest].filter(([, version]) => version % 2 === 1)),
        );
      },
    ),
  );
});

const viewer = { id: me, queues: ['cards'] };
const queued = (over: object) =>
  head('a', { holder: { state: 'queued', since: 0, queue: 'cards', passedBy: [], ...over } });

test.each([
  ['a served queue', queued({}), true],
  ['another queue', queued({ queue: 'loans' }), false],
  [
    'another queue, offered to me',
    queued({ queue: 'loans', offer: { to: { id: me, name: 'Ana' }, since: 0, until: 1 } }),
    true,
  ],
  ['a served queue, reserved for a colleague', queued({ reservedFor: { id: colleague, name: 'Lukas' } }), false],
  ['another queue, reserved for me', queued({ queue: 'loans', reservedFor: { id: me, name: 'Ana' } }), true],
])('waiting: %s', (_, conversation, expected) => {
  expect(belongs(conversation, 'waiting', viewer)).toBe(expected);
});
