import { identityOf } from './activity.ts';
import type { Activity } from './activity.ts';
import { backOff } from './clock.ts';
import type { Clock } from './clock.ts';
import type { DirectLineCalls } from './direct-line.ts';
import type { Tokens } from './tokens.ts';
import { Trouble } from './trouble.ts';

/**
 * Milliseconds a line is tried. Web chat gives a line up for good after five minutes and then lets the user say it again:
 * by then it must not be on its way any more.
 */
const patienceMs = 270_000;
/** Milliseconds within which a line that was taken is heard on the socket. */
const echoMs = 3_000;

/**
 * Says one line after the other: the next goes when the channel has the one before, so that nothing overtakes.
 * Before a line is repeated whose answer was lost, the channel is asked whether it has it.
 */
export function createOutbox({
  tokens,
  calls,
  clock,
  random,
  begun,
  isClosed,
  isOnline,
  idOf,
  onHeard,
  catchUp,
  onUnheard,
  onGone,
}: {
  tokens: Tokens;
  calls: DirectLineCalls;
  clock: Clock;
  random: () => number;
  /** Resolves when there is a conversation to speak in, or will never be one. */
  begun: Promise<void>;
  isClosed: () => boolean;
  isOnline: () => boolean;
  /** The channel's id of a line that was heard. */
  idOf: (identity: string) => string | undefined;
  onHeard: (listener: (heard: { activity: Activity }) => void) => () => void;
  catchUp: () => Promise<void>;
  /** A line was taken and did not come back on the socket. */
  onUnheard: () => void;
  onGone: () => void;
}) {
  let tail: Promise<unknown> = Promise.resolve();
  const sleepers = new Set<() => void>();

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        cancel();
        sleepers.delete(wake);
        resolve();
      };
      const cancel = clock.after(ms, wake);
      sleepers.add(wake);
    });
  }

  async function attempt(activity: Activity): Promise<string> {
    const grant = await tokens.get();
    try {
      return await calls.post(grant, { ...activity, from: { ...activity.from, id: grant.userId } });
    } catch (error) {
      if (!(error instanceof Trouble) || error.code !== 'refused') throw error;
      tokens.reject(grant.token);
      throw new Trouble('busy', error.message);
    }
  }

  async function insist(activity: Activity, identity: string): Promise<string> {
    const until = clock.now() + patienceMs;
    for (let count = 1; ; count += 1) {
      let trouble: Trouble;
      try {
        const id = await attempt(activity);
        clock.after(echoMs, () => void (idOf(identity) === undefined && onUnheard()));
        return id;
      } catch (error) {
        trouble = error instanceof Trouble ? error : new Trouble('rejected', String(error));
      }
      if (trouble.code === 'gone') onGone();
      if (trouble.code !== 'unreachable' && trouble.code !== 'busy') throw trouble;
      if (clock.now() >= until || isClosed()) throw trouble;
      await pause(backOff(count, random(), { first: 1_000, most: 15_000, atLeast: trouble.retryAfterMs ?? 0 }));
      await catchUp().catch(() => {});
      const id = idOf(identity);
      if (id !== undefined) return id;
      if (isClosed()) throw trouble;
    }
  }

  return {
    async post(said: Activity): Promise<string> {
      if (isClosed()) throw new Trouble('gone', 'The conversation is over');
      if (said.type === 'typing') {
        if (isOnline()) void attempt(said).catch(() => {});
        return '';
      }
      const activity = identityOf(said)
        ? said
        : { ...said, channelData: { ...said.channelData, clientActivityID: newId(random) } };
      const identity = identityOf(activity) ?? '';
      const before = tail;
      let release = () => {};
      tail = new Promise<void>((resolve) => {
        release = resolve;
      });
      // Heard on the socket means taken, long before the bot has answered and the post with it.
      const stop = onHeard((heard) => void (identityOf(heard.activity) === identity && release()));
      try {
        await Promise.all([before, begun]);
        if (isClosed()) throw new Trouble('gone', 'The conversation is over');
        return await insist(activity, identity);
      } finally {
        stop();
        release();
      }
    },
    /** Tries again now. */
    wake() {
      for (const wake of sleepers) wake();
    },
  };
}

function newId(random: () => number): string {
  return Array.from({ length: 4 }, () => random().toString(36).slice(2, 10)).join('');
}
