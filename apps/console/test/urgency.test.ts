import fc from 'fast-check';
import { expect, test } from 'vitest';
import { steadyOrder } from '../src/desk/steady-order.ts';
import { byPlaceInLine, byTimeLeft, spokenUrgency, urgency, urgencyWords } from '../src/words/urgency.ts';
import { ana, head, queues } from './world.ts';

const waitingSince = (id: string, since: number | undefined, queue = 'cards') =>
  head(id, {
    holder: { state: 'assigned', since: 0, queue, consultant: ana },
    ...(since === undefined ? {} : { unansweredSince: since }),
  });

test.each([
  [29_999, 'calm', '0:30 left'],
  [30_000, 'warn', '0:30 left'],
  [59_999, 'warn', '0:00 left'],
  [60_000, 'over', '0:00 over'],
  [132_000, 'over', '1:12 over'],
])('after %i ms the step is %s and reads “%s”', (now, step, words) => {
  const state = urgency(waitingSince('a', 0), queues, now);
  expect([state.step, urgencyWords(state, now)]).toEqual([step, words]);
});

test('only a reply clears it: without an unanswered line nobody waits, in a queue everybody does', () => {
  expect(urgency(waitingSince('a', undefined), queues, 1e9).step).toBe('answered');
  expect(
    urgency(head('a', { holder: { state: 'queued', since: 0, queue: 'cards', passedBy: [] } }), queues, 61_000).step,
  ).toBe('over');
  expect(spokenUrgency({ step: 'over', dueAt: 0 }, 72_000)).toBe('reply overdue by 1 minute 12 seconds');
});

test('the list is sorted by time left, not by who spoke last; the answered come after', () => {
  const heads = [
    waitingSince('answered', undefined),
    waitingSince('slow', 0, 'general'),
    waitingSince('late', 50_000),
    waitingSince('early', 10_000),
  ];
  expect(heads.sort(byTimeLeft(queues, 0)).map(({ id }) => id)).toEqual(['early', 'late', 'slow', 'answered']);
});

test('what is kept for me goes before the others in line', () => {
  const queued = (id: string, since: number, mine: boolean) =>
    head(id, {
      holder: { state: 'queued', since, queue: 'cards', passedBy: [], ...(mine ? { reservedFor: ana } : {}) },
    });
  expect(
    [queued('long', 0, false), queued('mine', 9_000, true)].sort(byPlaceInLine(queues, 0)).map(({ id }) => id),
  ).toEqual(['mine', 'long']);
});

const ids = fc.uniqueArray(fc.constantFrom(...'abcdefgh'), { maxLength: 8 });

test('no row moves under a hand: what was shown stays in place, new rows come last, the missing are ghosts', () => {
  fc.assert(
    fc.property(ids, ids, (shown, wanted) => {
      const { order, ghosts } = steadyOrder(shown, wanted, true);
      expect(order.slice(0, shown.length)).toEqual(shown);
      expect(new Set(order)).toEqual(new Set([...shown, ...wanted]));
      expect(ghosts).toEqual(shown.filter((id) => !wanted.includes(id)));
    }),
  );
});

test('the hint appears exactly when the order differs', () => {
  expect(steadyOrder(['a', 'b'], ['a', 'b'], true).changed).toBe(false);
  expect(steadyOrder(['a', 'b'], ['b', 'a'], true).changed).toBe(true);
  expect(steadyOrder(['a', 'b'], ['b'], true).changed).toBe(true);
  expect(steadyOrder(['a', 'b'], ['b', 'a'], false)).toEqual({ order: ['b', 'a'], ghosts: [], changed: false });
});
