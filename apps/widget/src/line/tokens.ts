import { backOff } from './clock.ts';
import type { Clock } from './clock.ts';
import type { Grant, TokenService } from './token-service.ts';
import { codeOf, Trouble } from './trouble.ts';

/** A grant and when it came, by the clock that measures its age. */
export interface Kept {
  readonly grant: Grant;
  readonly receivedAt: number;
}

export interface Tokens {
  /**
   * The living grant; a dead one is replaced first, and callers at the same time share one call.
   * @throws Trouble when there is none to be had.
   */
  get(): Promise<Grant>;
  /** Says that the channel no longer takes this token, whatever its age. */
  reject(token: string): void;
  /** The grant, dead or alive. */
  peek(): Grant | undefined;
  /** Ends the renewal in the background. */
  stop(): void;
}

/** Share of its life after which a token is replaced, give or take {@link jitter}; and after which a failing replacement is no longer hidden. */
const half = 0.5;
const jitter = 0.1;
const late = 0.9;

/**
 * Keeps the conversation's token alive: replaced in the background at half of its life, tried again until it succeeds or is
 * refused, and asked for anew, for the same conversation, when the machine has slept through its end.
 * Age is counted from the arrival, in differences of the clock: a clock that is an hour wrong changes nothing.
 */
export function createTokens({
  service,
  clock,
  random,
  kept,
  onChange,
  onTrouble,
}: {
  service: TokenService;
  clock: Clock;
  random: () => number;
  /** From an earlier visit to the page. */
  kept?: Kept | undefined;
  onChange?: (kept: Kept) => void;
  /** The token is nearly dead or dead, and cannot be replaced for now. */
  onTrouble?: (trouble: Trouble) => void;
}): Tokens {
  let current = kept;
  let rejected: string | undefined;
  let underWay: Promise<Grant> | undefined;
  let final: Trouble | undefined;
  let cancel = () => {};
  let stopped = false;

  function age({ grant, receivedAt }: Kept): number {
    return (clock.now() - receivedAt) / (grant.expiresIn * 1_000);
  }

  function isAlive(one: Kept): boolean {
    const lived = age(one);
    // A clock set back says nothing of the token's age: better ask once too often.
    return one.grant.token !== rejected && lived >= 0 && lived < 1;
  }

  function renew(): Promise<Grant> {
    if (final) return Promise.reject(final);
    underWay ??= (current ? service.renew(current.grant) : service.open())
      .then(
        (grant) => {
          current = { grant, receivedAt: clock.now() };
          onChange?.(current);
          schedule();
          return grant;
        },
        (error: unknown) => {
          const trouble = error instanceof Trouble ? error : new Trouble('unreachable', String(error));
          // An opening may be tried again by the user; a conversation that is refused stays refused.
          if (current && (trouble.code === 'refused' || trouble.code === 'gone')) final = trouble;
          throw trouble;
        },
      )
      .finally(() => {
        underWay = undefined;
      });
    return underWay;
  }

  function schedule(): void {
    cancel();
    if (stopped || !current) return;
    const due = current.receivedAt + current.grant.expiresIn * 1_000 * (half + jitter * (2 * random() - 1));
    cancel = clock.after(Math.max(0, due - clock.now()), () => attempt(1));
  }

  function attempt(count: number): void {
    renew().catch((error: unknown) => {
      if (stopped) return;
      const code = codeOf(error);
      if (!current || age(current) >= late || final) onTrouble?.(error as Trouble);
      if (code === 'refused' || code === 'gone') return;
      const retryAfterMs = (error as Trouble).retryAfterMs ?? 0;
      cancel();
      cancel = clock.after(backOff(count, random(), { first: 2_000, most: 60_000, atLeast: retryAfterMs }), () =>
        attempt(count + 1),
      );
    });
  }

  if (kept) schedule();

  return {
    get: async () => (current && isAlive(current) ? current.grant : renew()),
    reject(token) {
      rejected = token;
    },
    peek: () => current?.grant,
    stop() {
      stopped = true;
      cancel();
    },
  };
}
