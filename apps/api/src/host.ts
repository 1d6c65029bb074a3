import { randomUUID } from 'node:crypto';
import type { Host } from '@parley/core';

/** This machine. Its timers keep no process alive. */
export const realHost: Host = {
  now: Date.now,
  steady: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  },
  random: Math.random,
  newId: randomUUID,
};
