import type { Entry } from '@parley/contracts';
import { expect, test } from 'vitest';
import { jumpIndex, readingItems, readingStart } from './reading-items.ts';
import { prepended } from './thread-items.ts';

const day = Date.UTC(2026, 2, 10, 12);
const line = (seq: number, by: 'user' | 'bot' = 'user') =>
  ({
    seq,
    id: `u:${seq}`,
    at: day + seq * 1_000,
    epoch: 0,
    by: { type: by },
    kind: 'message',
    text: `line ${seq}`,
  }) as Entry;
const asked = (seq: number) =>
  ({
    seq,
    id: `b:${seq}`,
    at: day + seq * 1_000,
    epoch: 1,
    by: { type: 'bot' },
    kind: 'handoff-requested',
    handoff: 1,
    queue: 'cards',
    packet: { reason: 'r' },
    user: { id: 'u' },
  }) as Entry;
const log = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => (from + n === 200 ? asked(200) : line(from + n)));
const open = new Set<string>();

test('every line is there to be read; a fold that the reader closed hides its own', () => {
  const items = readingItems(log(150, 205), open);
  expect(items.flatMap((item) => ('entry' in item ? [item.entry.seq] : []))).toEqual(
    log(150, 205).map(({ seq }) => seq),
  );
  const fold = items.find((item) => item.type === 'fold');
  const closed = readingItems(log(150, 205), new Set([fold?.key ?? '']));
  expect(closed.flatMap((item) => ('entry' in item ? [item.entry.seq] : []))).toEqual([200, 201, 202, 203, 204, 205]);
});

test('earlier lines shift the view by as many items as came in front, although the day and the fold begin earlier now', () => {
  const before = readingItems(log(150, 205), open);
  const after = readingItems(log(50, 205), open);
  const shift = prepended(before, after);
  expect(shift).toBe(100);
  const place = before.findIndex((item) => item.key === 'entry-170');
  expect(after[place + shift]?.key).toBe('entry-170');
});

test('later lines shift nothing', () => {
  expect(prepended(readingItems(log(150, 205), open), readingItems(log(150, 230), open))).toBe(0);
  expect(prepended([], readingItems(log(1, 3), open))).toBe(0);
});

test('a jump goes to the entry, or to the next one that is shown', () => {
  const items = readingItems(log(150, 205), open);
  expect(items[jumpIndex(items, 200)]?.key).toBe('entry-200');
  const closed = readingItems(
    log(150, 205),
    new Set(items.flatMap((item) => (item.type === 'fold' ? [item.key] : []))),
  );
  expect(closed[jumpIndex(closed, 160)]?.key).toBe('entry-200');
  expect(jumpIndex(items, 999)).toBe(-1);
});

test('reading begins at the handoff where much was said before it, else at the top; unfinished business begins at its end', () => {
  const long = readingItems(log(150, 205), open);
  expect(long[readingStart(long, 200, true) + 4]?.key).toBe('entry-200');
  const short = readingItems(log(190, 205), open);
  expect(readingStart(short, 200, false)).toBe(0);
  expect(readingStart(long, undefined, false)).toBe(0);
  expect(readingStart(long, undefined, true)).toBe(long.length - 1);
});
