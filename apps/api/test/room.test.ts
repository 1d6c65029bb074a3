import { expect, it } from 'vitest';
import { createRoom } from '../src/room.ts';

function roomAt(max: number, least: number) {
  const clock = { now: 0 };
  const room = createRoom({ max, least, monotonic: () => clock.now });
  /** @returns how many find a place */
  const fill = (wanted: number) => Array.from({ length: wanted }, () => room.enter()).filter(Boolean).length;
  const empty = (places: number) => Array.from({ length: places }, () => room.leave());
  return { clock, fill, empty };
}

it('Y17 after a silence there is the least room, and a place given back is one to be had', () => {
  const { fill, empty } = roomAt(1_000, 10);
  expect(fill(50)).toBe(10);
  empty(3);
  expect(fill(50)).toBe(3);
});

it('Y17 a desk that answers fast takes as many as it answers in half a second, up to the most', () => {
  const { clock, fill, empty } = roomAt(1_000, 10);
  for (let n = 0; n < 100; n += 1) empty(fill(6));
  clock.now = 1_000;
  expect(fill(5_000)).toBe(300);
  empty(300);
  for (let n = 0; n < 1_000; n += 1) empty(fill(9));
  clock.now = 1_500;
  expect(fill(5_000)).toBe(1_000);
});

it('Y17 a desk that has become slow takes less, and the room comes back with its pace', () => {
  const { clock, fill, empty } = roomAt(1_000, 10);
  for (let n = 0; n < 100; n += 1) empty(fill(4));
  clock.now = 500;
  expect(fill(5_000)).toBe(400);
  empty(380);
  clock.now = 2_500;
  // 380 answers in two seconds are 95 in half a second; 20 places are taken still.
  expect(fill(5_000)).toBe(75);
  empty(95);
  clock.now = 4_500;
  expect(fill(5_000)).toBe(24);
});
