import type { Conversation, Queue } from '@parley/contracts';
import { clockSpan, spokenSpan } from './time-words.ts';

/** How near the promise to answer is to being broken. `answered`: nobody waits for a reply. */
export type Step = 'answered' | 'calm' | 'warn' | 'over';

export interface Urgency {
  step: Step;
  /** When the promise is broken; undefined when nobody waits. */
  dueAt?: number;
}

/** Thresholds of a queue this console was not told about. */
const usual = { warnAfter: 30, dueAfter: 60 };

/** The promise runs from the first user line that no human has answered; opening, notes and typing do not stop it. */
export function urgency(head: Conversation, queues: readonly Queue[], now: number): Urgency {
  const { holder } = head;
  const since = head.unansweredSince ?? (holder.state === 'queued' ? holder.since : undefined);
  if (since === undefined || (holder.state !== 'queued' && holder.state !== 'assigned')) return { step: 'answered' };
  const { warnAfter, dueAfter } = queues.find((queue) => queue.id === holder.queue) ?? usual;
  const waited = now - since;
  return {
    step: waited >= dueAfter * 1_000 ? 'over' : waited >= warnAfter * 1_000 ? 'warn' : 'calm',
    dueAt: since + dueAfter * 1_000,
  };
}

/** `1:12 over`, `0:41 left`. */
export function urgencyWords({ step, dueAt }: Urgency, now: number): string {
  if (step === 'answered' || dueAt === undefined) return 'Answered';
  return step === 'over' ? `${clockSpan(now - dueAt)} over` : `${clockSpan(dueAt - now)} left`;
}

export function spokenUrgency({ step, dueAt }: Urgency, now: number): string {
  if (step === 'answered' || dueAt === undefined) return 'answered';
  return step === 'over' ? `reply overdue by ${spokenSpan(now - dueAt)}` : `reply due in ${spokenSpan(dueAt - now)}`;
}

/** Least time left first; then those nobody waits in, latest word first. Never by time of day alone, so that it is total. */
export function byTimeLeft(queues: readonly Queue[], now: number): (a: Conversation, b: Conversation) => number {
  return (a, b) => {
    const [dueA, dueB] = [urgency(a, queues, now).dueAt, urgency(b, queues, now).dueAt];
    if (dueA !== undefined && dueB !== undefined) return dueA - dueB || compareIds(a, b);
    if (dueA !== undefined || dueB !== undefined) return dueA === undefined ? 1 : -1;
    return (b.last?.at ?? b.updatedAt) - (a.last?.at ?? a.updatedAt) || compareIds(a, b);
  };
}

/** What is kept for me first, then who waits longest for the promise. */
export function byPlaceInLine(queues: readonly Queue[], now: number): (a: Conversation, b: Conversation) => number {
  const kept = (head: Conversation) =>
    head.holder.state === 'queued' && head.holder.reservedFor !== undefined ? 0 : 1;
  const left = byTimeLeft(queues, now);
  return (a, b) => kept(a) - kept(b) || left(a, b);
}

function compareIds(a: Conversation, b: Conversation): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
