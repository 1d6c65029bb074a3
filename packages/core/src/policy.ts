import type { Outcome, Queue } from '@parley/contracts';

/** What a client decided about its desk. All durations in seconds. */
export type Policy = {
  queues: readonly QueuePolicy[];
  /** Queue of a handoff that names none, or one that does not exist. */
  defaultQueue: string;
  outcomes: readonly Outcome[];
  /** How long an offer stays with one consultant before the next is asked. */
  offerSeconds: number;
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

/** @returns the queue's policy, or undefined */
export function queueOf(policy: Policy, id: string): QueuePolicy | undefined {
  return policy.queues.find((queue) => queue.id === id);
}
