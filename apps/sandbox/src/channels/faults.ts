import { setTimeout as wait } from 'node:timers/promises';

/** Misbehaviour of a channel on demand. Counters count down to 0; 0 ms and 0 times mean none. */
export interface ChannelFaults {
  /** Bot activities answered with success that reach nobody. */
  dropReplies: number;
  /** Bot activities refused with `failStatus`; the user sees nothing. */
  failReplies: number;
  /** HTTP status of `failReplies`. Default 503. */
  failStatus: number;
  /** Bot activities that reach the user although the bot's connection breaks before the answer. */
  cutReplies: number;
  /** Milliseconds before the Connector takes in what a bot says. */
  delayReplies: number;
  /** User activities that never arrive at the bot: to the user the bot looks down. */
  dropDeliveries: number;
  /** Milliseconds before a user's activity goes out to the bot. */
  delayDeliveries: number;
}

export const noFaults: Readonly<ChannelFaults> = {
  dropReplies: 0,
  failReplies: 0,
  failStatus: 503,
  cutReplies: 0,
  delayReplies: 0,
  dropDeliveries: 0,
  delayDeliveries: 0,
};

/** Uses up one of a counter's faults. */
export function strikes(
  faults: ChannelFaults,
  counter: 'dropReplies' | 'failReplies' | 'cutReplies' | 'dropDeliveries',
): boolean {
  if (faults[counter] <= 0) return false;
  faults[counter] -= 1;
  return true;
}

export async function pause(milliseconds: number): Promise<void> {
  if (milliseconds > 0) await wait(milliseconds);
}

/** @returns only the known faults among the members of a value, each a number of at least 0. */
export function readFaults(value: unknown): Partial<ChannelFaults> {
  if (typeof value !== 'object' || value === null) return {};
  const known = Object.entries(value).filter(
    ([name, number]) => name in noFaults && typeof number === 'number' && Number.isFinite(number) && number >= 0,
  );
  return Object.fromEntries(known);
}
