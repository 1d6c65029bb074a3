import type { Host } from '@parley/core';

/**
 * The desk's time, in ms since the epoch, by which deadlines are set and judged.
 *
 * When a process starts it takes the wall clock's word, but is never earlier than what the store has already seen: what
 * fell due while nothing ran is due, and a clock set back keeps nobody waiting. From then on only time that has passed
 * counts. Where the wall clock is stepped the desk's time is drawn towards it by at most a twentieth of the time that
 * passes, so that a step of a day ends no queue and prolongs none by more than that. It never runs backwards.
 *
 * @param host wall clock and monotonic clock
 * @param seen the latest time in the store
 */
export function createDeskClock(host: Pick<Host, 'now' | 'steady'>, seen = 0): () => number {
  let time = Math.max(host.now(), seen);
  let mark = host.steady();
  return () => {
    const steady = host.steady();
    const passed = Math.max(0, steady - mark);
    mark = steady;
    const most = passed * drawn;
    time += passed + Math.min(most, Math.max(-most, host.now() - time - passed));
    return Math.floor(time);
  };
}

/** How much faster or slower than real time the desk's time may run to meet the wall clock. */
const drawn = 0.05;
