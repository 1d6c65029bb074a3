import { randomUUID } from 'node:crypto';
import { uptime } from 'node:os';
import type { Host } from '@parley/core';

/** This machine. Its timers keep no process alive. */
export const realHost: Host = {
  now: Date.now,
  steady: createSteady(),
  after(ms, run) {
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  },
  random: Math.random,
  newId: randomUUID,
};

/** Linux stops its monotonic clock while the machine is suspended, but not its uptime: what was slept is added. */
function createSteady(): () => number {
  if (process.platform !== 'linux') return () => performance.now();
  const ahead = () => uptime() * 1000 - performance.now();
  const base = ahead();
  let slept = 0;
  let looked = performance.now();
  return () => {
    const awake = performance.now();
    if (awake - looked > 1_000) {
      looked = awake;
      const gap = ahead() - base - slept;
      if (gap > 1_000) slept += gap;
    }
    return awake + slept;
  };
}
