import { expect, test } from 'vitest';
import { run } from './prove.ts';

test('H2 H4 H17 H22 H23 S8 D1 whatever is asked in whatever order, the desk does what the model says', async () => {
  const { violation, missing } = await run({ runs: 40, seed: 1 });
  expect(violation).toBeUndefined();
  expect(missing).toEqual([]);
});
