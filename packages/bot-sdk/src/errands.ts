import { paths } from '@parley/contracts';
import type { Place } from './activity.ts';
import { backOff } from './desk.ts';
import type { Desk } from './desk.ts';
import { keyOf } from './memory.ts';
import type { Log } from './log.ts';

/** Small things told to the desk in the background, each until it is taken in or an hour has passed. */
export interface Errands {
  /** @param after what must be over first. */
  run(path: string, body: object, after?: Promise<unknown>): void;
  /** A receipt: of several for one conversation only the highest is told. */
  seen(place: Place, seq: number): void;
  close(ms: number): Promise<void>;
}

const callMs = 10_000;
const patienceMs = 60 * 60_000;
const capacity = 1_000;

export function createErrands({ desk, log }: { desk: Desk; log: Log }): Errands {
  const running = new Set<Promise<void>>();
  const highest = new Map<string, number>();
  const stop = new AbortController();

  function start(work: () => Promise<void>): void {
    if (running.size >= capacity) return log('warn', 'An errand is dropped: too many wait for the desk');
    const errand = work().finally(() => running.delete(errand));
    running.add(errand);
  }

  async function insist(path: string, body: () => object): Promise<void> {
    const until = Date.now() + patienceMs;
    for (let attempt = 1; ; attempt += 1) {
      const reply = await desk.post(path, body(), callMs);
      if (reply.ok) return;
      if (!reply.retry || stop.signal.aborted || Date.now() > until) {
        return log('warn', 'The desk did not take in an errand', { path, code: reply.code });
      }
      await pause(backOff(attempt, reply.retryAfterMs), stop.signal);
    }
  }

  return {
    run: (path, body, after) =>
      start(async () => {
        await after;
        await insist(path, () => body);
      }),
    seen(place, seq) {
      if (!Number.isSafeInteger(seq) || seq < 1) return;
      const key = keyOf(place);
      const before = highest.get(key);
      if (before !== undefined && seq <= before) return;
      highest.set(key, seq);
      if (before !== undefined) return;
      start(async () => {
        let told = 0;
        while (told < (highest.get(key) ?? 0)) {
          await insist(paths.botReceipts, () => {
            told = highest.get(key) ?? seq;
            return { channel: place.channel, conversation: place.conversation, seenSeq: told };
          });
        }
        highest.delete(key);
      });
    },
    async close(ms) {
      const deadline = setTimeout(() => stop.abort(), ms);
      deadline.unref();
      await Promise.race([Promise.all(running), pause(ms, stop.signal)]);
      clearTimeout(deadline);
      stop.abort();
    },
  };
}

/** Resolves after the time, or at once when it is time to stop. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
