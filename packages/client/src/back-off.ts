import type { ClientHost } from './host.ts';

/** First and longest pause between tries, in milliseconds. */
export interface BackOff {
  first: number;
  cap: number;
}

export const defaultBackOff: BackOff = { first: 300, cap: 15_000 };

/**
 * Pause before try `attempt` (0 is the first repetition): half of it fixed, half random, so that a thousand consoles
 * do not come back in the same instant.
 */
export function pauseBefore(attempt: number, backOff: BackOff, host: Pick<ClientHost, 'random'>): number {
  const ceiling = Math.min(backOff.cap, backOff.first * 2 ** Math.min(attempt, 20));
  return Math.round(ceiling / 2 + (ceiling / 2) * host.random());
}

/** Resolves after `ms`, or at once when the signal fires: whoever wakes the sleeper looks at the signal. */
export function pause(host: Pick<ClientHost, 'after'>, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = host.after(ms, done);
    signal?.addEventListener('abort', done);
  });
}
