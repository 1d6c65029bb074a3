/** Time as the line sees it; tests turn it by hand. */
export interface Clock {
  /** Milliseconds. Only differences count, so a clock that is wrong does no harm. */
  now(): number;
  /** @returns how to call it off. */
  after(ms: number, work: () => void): () => void;
}

export const realClock: Clock = {
  now: Date.now,
  after(ms, work) {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves after the time. */
export function rest(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}

/**
 * How long to wait before the next attempt: twice as long each time, within bounds, and somewhere between half and all of it so
 * that many chats do not come back in step.
 * @param attempt 1 for the first.
 * @param random at least 0, below 1.
 */
export function backOff(attempt: number, random: number, { first = 1_000, most = 30_000, atLeast = 0 } = {}): number {
  return Math.max(atLeast, Math.min(most, first * 2 ** (attempt - 1)) * (0.5 + random / 2));
}
