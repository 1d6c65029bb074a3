import type { Clock } from '../src/line/clock.ts';

export interface HandClock extends Clock {
  /** Lets time pass, doing what falls due in order and letting promises settle in between. */
  pass(ms: number): Promise<void>;
  /** The machine sleeps: time passes and nothing is done until it wakes. */
  sleep(ms: number): void;
  /** Milliseconds until the next thing is due. */
  next(): number | undefined;
}

/** A clock turned by hand. */
export function handClock(start = 1_000_000): HandClock {
  let now = start;
  let timers: { readonly due: number; readonly work: () => void }[] = [];

  return {
    now: () => now,
    after(ms, work) {
      const timer = { due: now + ms, work };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    async pass(ms) {
      const end = now + ms;
      for (;;) {
        await settle();
        const timer = timers.filter(({ due }) => due <= end).sort((left, right) => left.due - right.due)[0];
        if (!timer) break;
        timers = timers.filter((other) => other !== timer);
        now = Math.max(now, timer.due);
        timer.work();
      }
      now = end;
      await settle();
    },
    sleep(ms) {
      now += ms;
    },
    next: () => (timers.length === 0 ? undefined : Math.min(...timers.map(({ due }) => due)) - now),
  };
}

/** Lets everything that waits for promises alone go on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
