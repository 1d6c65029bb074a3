import type { Turn, TurnResult, TurnsAnswer } from '@parley/contracts';
import { paths } from '@parley/contracts';
import { backOff } from './desk.ts';
import type { Desk } from './desk.ts';
import type { Place } from './activity.ts';
import type { Log } from './log.ts';

/** Tells the desk in the background what was said. Nothing here waits for the desk but {@link Recorder.settled}. */
export interface Recorder {
  record(turn: Turn): void;
  /**
   * What the desk may not have of one conversation yet, oldest first, to be sent along with something that must come after it.
   * The queue forgets what was waiting; what is just being sent is copied, since the desk drops repeated ids.
   */
  take(place: Place): Turn[];
  /** Puts back what {@link Recorder.take} gave, when it could not be sent. */
  putBack(turns: readonly Turn[]): void;
  /** Resolves when nothing of the conversation waits. */
  settled(place: Place): Promise<void>;
  stats(): RecorderStats;
  /** Sends what waits, for at most `ms` milliseconds. */
  close(ms: number): Promise<void>;
}

export interface RecorderStats {
  /** Lines waiting, those being sent included. */
  readonly waiting: number;
  /** Lines dropped because the queue was full. */
  readonly dropped: number;
  /** Lines the desk refused for good. */
  readonly refused: number;
}

const batchSize = 100;
const callMs = 10_000;

/**
 * @param delayMs how long a line may wait for company.
 * @param capacity lines kept while the desk is away; the oldest go first.
 */
export function createRecorder(parts: {
  desk: Desk;
  onResult: (turn: Turn, result: TurnResult) => void;
  log: Log;
  delayMs: number;
  capacity: number;
}): Recorder {
  let waiting: Turn[] = [];
  let sending: Turn[] = [];
  let timer: NodeJS.Timeout | undefined;
  let attempt = 0;
  let busy = false;
  let closed = false;
  let dropped = 0;
  let refused = 0;
  const idle = new Set<() => void>();

  function schedule(ms: number): void {
    if (busy || timer || waiting.length === 0 || closed) return;
    timer = setTimeout(() => {
      timer = undefined;
      void pump();
    }, ms);
  }

  async function pump(): Promise<void> {
    if (busy || waiting.length === 0) return;
    clearTimeout(timer);
    timer = undefined;
    busy = true;
    sending = waiting.splice(0, batchSize);
    const pause = await send(sending);
    if (pause !== undefined) waiting.unshift(...sending);
    sending = [];
    busy = false;
    trim();
    for (const wake of idle) wake();
    schedule(pause ?? (waiting.length >= batchSize ? 0 : parts.delayMs));
  }

  /** @returns how long to wait before the same batch is sent again, or undefined when it is done with. */
  async function send(turns: readonly Turn[]): Promise<number | undefined> {
    const reply = await parts.desk.post<TurnsAnswer>(paths.botTurns, { turns }, callMs);
    if (reply.ok) {
      attempt = 0;
      const results = new Map(reply.value.results.map((result) => [result.id, result]));
      for (const turn of turns) {
        const result = results.get(turn.id);
        if (result) parts.onResult(turn, result);
      }
      return undefined;
    }
    if (reply.retry) {
      attempt += 1;
      return backOff(attempt, reply.retryAfterMs);
    }
    // One line the desk cannot take must not take the others with it.
    if (turns.length > 1) {
      const middle = Math.ceil(turns.length / 2);
      const first = await send(turns.slice(0, middle));
      return first ?? (await send(turns.slice(middle)));
    }
    refused += 1;
    parts.log('error', 'The desk refused a line for good', { code: reply.code, status: reply.status });
    return undefined;
  }

  function trim(): void {
    const excess = waiting.length - parts.capacity;
    if (excess <= 0) return;
    waiting.splice(0, excess);
    if (dropped === 0)
      parts.log('error', 'Lines for the desk are dropped: it is away and the queue is full', {
        capacity: parts.capacity,
      });
    dropped += excess;
  }

  const of = (place: Place) => (turn: Turn) =>
    turn.conversation === place.conversation && turn.channel === place.channel;

  return {
    record(turn) {
      waiting.push(turn);
      trim();
      if (waiting.length >= batchSize && attempt === 0) void pump();
      else schedule(parts.delayMs);
    },
    take(place) {
      const mine = waiting.filter(of(place));
      if (mine.length > 0) {
        waiting = waiting.filter((turn) => !mine.includes(turn));
        for (const wake of idle) wake();
      }
      return [...sending.filter(of(place)), ...mine];
    },
    putBack(turns) {
      const known = new Set(sending.map((turn) => turn.id));
      waiting.unshift(...turns.filter((turn) => !known.has(turn.id)));
      trim();
      schedule(attempt === 0 ? parts.delayMs : backOff(attempt));
    },
    settled(place) {
      const pending = () => sending.some(of(place)) || waiting.some(of(place));
      if (!pending()) return Promise.resolve();
      return new Promise((resolve) => {
        const wake = () => {
          if (pending()) return;
          idle.delete(wake);
          resolve();
        };
        idle.add(wake);
      });
    },
    stats: () => ({ waiting: waiting.length + sending.length, dropped, refused }),
    async close(ms) {
      const deadline = Date.now() + ms;
      while ((waiting.length > 0 || busy) && Date.now() < deadline) {
        if (!busy) {
          clearTimeout(timer);
          timer = undefined;
          if (attempt > 0)
            await new Promise((resolve) => setTimeout(resolve, Math.min(250, Math.max(0, deadline - Date.now()))));
          void pump();
        }
        await new Promise<void>((resolve) => {
          const limit = setTimeout(done, Math.max(0, deadline - Date.now()));
          function done(): void {
            clearTimeout(limit);
            idle.delete(done);
            resolve();
          }
          idle.add(done);
        });
      }
      closed = true;
      clearTimeout(timer);
    },
  };
}
