import type { Conversation } from '@parley/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyPatch, patchOf } from '../src/sqlite/patch.ts';
import { conversation } from '../src/suite/fixtures.ts';

const lines = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 4 });
const members = fc.record(
  { userLines: lines, dueAt: fc.option(fc.nat(3), { nil: undefined }), rating: fc.nat(2), epoch: fc.nat(2) },
  { requiredKeys: ['userLines'] },
);

test('a patch makes of the head before exactly the next one, also through text', () => {
  fc.assert(
    fc.property(members, members, (before, next) => {
      const [a, b] = [conversation(1, before as Partial<Conversation>), conversation(1, next as Partial<Conversation>)];
      const text = (head: Conversation) => JSON.parse(JSON.stringify(head)) as Conversation;
      expect(text(applyPatch(text(a), patchOf(a, b)))).toEqual(text(b));
      expect(applyPatch(undefined, patchOf(undefined, b))).toEqual(text(b));
    }),
  );
});

test('a patch holds what changed and nothing else', () => {
  const before = conversation(1, { userLines: ['first', 'second', 'third'], rating: 3 });
  const { rating: _, ...rest } = before;
  const patch = patchOf(before, { ...rest, version: 2, userLines: ['second', 'third', 'fourth'] });
  expect(JSON.parse(patch)).toEqual([{ version: 2 }, { userLines: [1, ['fourth']] }, ['rating']]);
});
