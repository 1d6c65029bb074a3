import { expect, test } from 'vitest';
import { run } from './prove.ts';

test('Y2 for every command and every role the old screen with what was pushed equals a fresh fetch', async () => {
  const { violations, missing, comparisons } = await run(1, 1);
  expect({ violations, missing }).toEqual({ violations: 0, missing: 0 });
  expect(comparisons).toBeGreaterThan(300);
});
