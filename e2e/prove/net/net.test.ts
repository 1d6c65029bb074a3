import { expect, test } from 'vitest';
import { dozen, playAll } from './prove.ts';

test('D1 Y1 Y5 Y6 Y7 Y9 D18 after any fault of the network all is stored once, in order, and on every screen', async () => {
  const { violations, line } = await playAll(dozen(1), { whole: true });
  console.log(line);
  expect(violations).toEqual([]);
});
