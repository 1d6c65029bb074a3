import type { Outcome, Queue } from '@parley/contracts';

/** What a client decided about its desk. All durations in seconds. */
export type Policy = {
  queues: readonly QueuePolicy[];
  /** Queue of a handoff that names none, or one that does not exist. */
  defaultQueue: string;
  outcomes: readonly Outcome[];
  /** How long an offer stays with one consultant before the next is asked. */
  offerSeconds: number;
  /** A consultant without any connection for this long loses what they hold: it is queued again. */
  goneSeconds: number;
  /** A conversation given back that the bot's side has not received by then is queued again. */
  takeBackSeconds: number;
  /** Whether a consultant may take a conversation the bot still holds. */
  uninvited: boolean;
  /** Conversations one consultant takes at once, unless set per person. */
  capacity: number;
};

export type QueuePolicy = Queue & {
  /** After this wait the fallback applies. */
  deadlineSeconds: number;
  fallback: { to: 'queue'; queue: string } | { to: 'bot' } | { to: 'close'; outcome: string };
};

/** What applies where a client has not decided. */
export const policyDefaults = { goneSeconds: 90, takeBackSeconds: 60 } as const;

/** @returns the queue's policy, or undefined */
export function queueOf(policy: Policy, id: string): QueuePolicy | undefined {
  return policy.queues.find((queue) => queue.id === id);
}
