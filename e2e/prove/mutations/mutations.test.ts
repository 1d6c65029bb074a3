import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applies, attempt, copyOfTree } from './prove.ts';
import { mutations } from './table.ts';

let copy: string;
beforeAll(() => {
  copy = copyOfTree();
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

test('there are at least 20 mutations, and each can be made', () => {
  expect(mutations.length).toBeGreaterThanOrEqual(20);
  expect(mutations.flatMap((mutation) => applies(mutation) ?? [])).toEqual([]);
});

test('a mutation is caught, and one that breaks nothing is not', async () => {
  const mutation = mutations.find(({ breaks }) => breaks === 'Y4')!;
  expect(await attempt(copy, mutation)).toMatchObject({ caught: true });
  expect(await attempt(copy, { ...mutation, replace: mutation.find })).toMatchObject({ caught: false });
});

test('a text that is not there exactly once is told', () => {
  const [mutation] = mutations;
  expect(applies({ ...mutation!, find: 'nowhere to be found' })).toMatch(/0 times/);
  expect(applies({ ...mutation!, find: ':' })).toMatch(/\d+ times/);
});
