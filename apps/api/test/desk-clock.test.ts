import { describe, expect, test } from 'vitest';
import { createDeskClock } from '../src/desk-clock.ts';

const day = 24 * 3_600_000;
const start = Date.UTC(2026, 10, 22);

describe('the desk’s time', () => {
  test('H24 is the wall clock’s while nobody steps it', () => {
    const { now, pass } = rig();
    for (let n = 0; n < 100; n++) pass(1_000);
    expect(now()).toBe(start + 100_000);
  });

  test.each([day, -day])(
    'H24 after a step of %i ms goes on at its own pace, a twentieth faster or slower at most',
    (step) => {
      const { now, pass, wall } = rig();
      wall.ahead += step;
      expect(now()).toBe(start);
      pass(600_000);
      expect(Math.abs(now() - start - 600_000)).toBeLessThanOrEqual(30_000);
      expect(Math.sign(now() - start - 600_000)).toBe(Math.sign(step));
    },
  );

  test('H24 meets the wall clock again after a small step, and stays with it', () => {
    const { now, pass, wall } = rig();
    wall.ahead += 30_000;
    for (let n = 0; n < 700; n++) pass(1_000);
    expect(now()).toBe(start + 730_000);
    pass(1_000);
    expect(now()).toBe(start + 731_000);
  });

  test('H24 never runs backwards', () => {
    const { now, pass, wall } = rig();
    let before = now();
    for (let n = 0; n < 200; n++) {
      wall.ahead += (n % 2 ? 1 : -1) * n * 3_600_000;
      if (n % 3) pass(n);
      expect(now()).toBeGreaterThanOrEqual(before);
      before = now();
    }
  });

  test('H20 is never earlier than what the store has seen', () => {
    const { now } = rig(start + day);
    expect(now()).toBe(start + day);
  });
});

function rig(seen?: number) {
  let steady = 5_000;
  const wall = { ahead: 0 };
  const now = createDeskClock({ now: () => start + steady - 5_000 + wall.ahead, steady: () => steady }, seen);
  return { now, wall, pass: (ms: number) => void ((steady += ms), now()) };
}
