/** Why a try failed, in words for the consultant, and what the bot's side said about the next one. */
export type Failure = {
  reason: string;
  /** The bot's side takes no callbacks any more: there is no next try. */
  gone?: true;
  /** The answer says that the request is wrong, so that a quick repetition is of no use. */
  refused?: true;
  /** What was sent together was too large. */
  tooLarge?: true;
  /** Milliseconds asked for by `Retry-After`. */
  retryAfterMs?: number;
};

/**
 * What an answer means, as Standard Webhooks has it: 2xx is delivered, 410 ends it, everything else is tried again.
 * A 4xx that says the request is wrong is mostly a wrong secret or address that somebody is about to put right: it is
 * tried again too, and shown at once, but without the quick tries.
 *
 * @param now wall clock in ms, for a `Retry-After` that names a moment
 */
export function failureOf(status: number, retryAfter: string | undefined, now: number): Failure | undefined {
  if (status >= 200 && status < 300) return undefined;
  if (status === 410) return { reason: 'The bot answered 410: it takes no callbacks any more', gone: true };
  const wait = retryAfterMs(retryAfter, now);
  return {
    reason: `The bot answered ${status}`,
    ...(status >= 400 && status < 500 && !passing.has(status) && { refused: true as const }),
    ...(status === 413 && { tooLarge: true as const }),
    ...(wait !== undefined && { retryAfterMs: wait }),
  };
}

/**
 * The pause before the next try.
 *
 * @param tries that have failed, this one included
 * @param random at least 0, below 1
 * @returns `kept` says that the pause is long enough to be worth a write; undefined after the last try
 */
export function pauseAfter(
  tries: number,
  failure: Failure,
  random: number,
): { ms: number; tries: number; kept: boolean } | undefined {
  const counted = failure.refused ? Math.max(tries, quick + 1) : tries;
  const pause = pauses[counted - 1];
  if (failure.gone || pause === undefined) return undefined;
  const ms = Math.max(pause * (1 - jitter + random * 2 * jitter), Math.min(failure.retryAfterMs ?? 0, longestAsked));
  return { ms, tries: counted, kept: Math.max(pause, ms) >= keptMs };
}

/** Of a pause that was begun elsewhere: its end is by another clock, so it is never longer than the schedule has it. */
export function restOf({ tries, at }: { tries: number; at: number }, now: number): number {
  const longest = (pauses[Math.min(tries, pauses.length) - 1] ?? 0) * (1 + jitter);
  return Math.max(0, Math.min(at - now, Math.max(longest, keptMs)));
}

/** Between tries: Standard Webhooks' schedule, about 75 hours in all, with quick ones first for a bot that restarts. */
export const pauses: readonly number[] = [
  1_000, 2_000, 5_000, 15_000, 60_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 50_400_000, 72_000_000,
  86_400_000,
];

const quick = 4;
const jitter = 0.2;
const keptMs = 5_000;
const longestAsked = 24 * 60 * 60 * 1000;
/** Timeout, too early, too many: the request is right, and another moment is better. */
const passing = new Set([408, 425, 429]);

function retryAfterMs(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value.trim()) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
