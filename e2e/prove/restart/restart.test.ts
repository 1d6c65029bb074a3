import { expect, it } from 'vitest';
import { generous } from './prove.ts';
import { restarting } from './restarting.ts';

it('Y3 Y6 Y18 S10 a killed desk serves soon, and every screen comes back by itself as a fresh fetch would be', async () => {
  const { rounds, wrong } = await restarting({ conversations: 1_000, consultants: 8, rounds: 1, seed: 1 });
  expect(wrong).toEqual([]);
  expect(rounds).toHaveLength(1);
  expect(rounds[0]!.last).toBeGreaterThanOrEqual(100);
  expect(rounds[0]!.served).toBeLessThan(generous.served);
  expect(rounds[0]!.right).toBeLessThan(generous.right);
}, 90_000);
