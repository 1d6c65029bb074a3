import { expect, it } from 'vitest';
import { flooding } from './flooding.ts';
import { violationsOf } from './prove.ts';

it('Y17 five times what the desk can do is refused, nothing acknowledged is lost, and soon all is as before', async () => {
  const result = await flooding({ ms: 2_000, factor: 5, seed: 1 });
  expect(violationsOf(result)).toEqual([]);
}, 90_000);

const phase = { sent: 9, accepted: 4, refused: 5, odd: [], unanswered: 0, took: [1], seconds: 1 };
const good = { capacity: 1, flood: phase, before: 1, after: 1, recovered: 1, memory: { before: 100, most: 200 } };
const clean = { ...good, lost: [], doubled: [], kept: [] };

it.each([
  ['a lost line', { ...clean, lost: ['x'] }],
  ['what was refused and kept', { ...clean, kept: ['x'] }],
  ['silence', { ...clean, flood: { ...phase, unanswered: 1 } }],
  ['a refusal without a time', { ...clean, flood: { ...phase, odd: ['503'] } }],
  ['a desk that stays slow', { ...clean, recovered: undefined }],
  ['memory without a bound', { ...clean, memory: { before: 100, most: 900 } }],
  ['a flood that was none', { ...clean, flood: { ...phase, refused: 0 } }],
])('Y17 the proof finds %s', (_, result) => {
  expect(violationsOf(clean)).toEqual([]);
  expect(violationsOf(result)).toHaveLength(1);
});
