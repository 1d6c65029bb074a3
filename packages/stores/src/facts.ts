import type { Conversation, Entry, TranscriptsQuery } from '@parley/contracts';
import { consultantOf, queueOfHolder } from './rules.ts';

/** What the filters of a transcript search ask about a conversation, besides its text and `updatedAt`. */
export type TranscriptFacts = {
  openedAt: number;
  state: string;
  outcome?: string;
  channel: string;
  handoff: boolean;
  /** Who holds it or ever held it. */
  consultants: string[];
  /** Where it is or ever was. */
  queues: string[];
};

/**
 * @param entries all of them, or those that came after `earlier` was made
 */
export function factsOf(head: Conversation, entries: readonly Entry[], earlier?: TranscriptFacts): TranscriptFacts {
  const { holder, handoff } = head;
  const consultants = new Set(earlier?.consultants);
  const queues = new Set(earlier?.queues);
  for (const entry of entries) {
    if (entry.kind === 'accepted') consultants.add(entry.consultant.id);
    if (
      entry.kind === 'accepted' ||
      entry.kind === 'handoff-requested' ||
      entry.kind === 'transferred' ||
      entry.kind === 'requeued'
    )
      queues.add(entry.queue);
  }
  for (const person of [consultantOf(head), ...(handoff?.heldBy ?? [])])
    if (person !== undefined) consultants.add(person);
  for (const queue of [queueOfHolder(head), handoff?.queue]) if (queue !== undefined) queues.add(queue);
  return {
    openedAt: head.openedAt,
    state: holder.state,
    ...(holder.state === 'closed' && { outcome: holder.outcome }),
    channel: head.channel,
    handoff: handoff !== undefined,
    consultants: [...consultants],
    queues: [...queues],
  };
}

export function matchesFilters(updatedAt: number, facts: TranscriptFacts, query: TranscriptsQuery): boolean {
  return (
    (query.from === undefined || updatedAt >= query.from) &&
    (query.to === undefined || facts.openedAt <= query.to) &&
    (query.state === undefined || facts.state === query.state) &&
    (query.outcome === undefined || facts.outcome === query.outcome) &&
    (query.channel === undefined || facts.channel === query.channel) &&
    (query.consultant === undefined || facts.consultants.includes(query.consultant)) &&
    (query.queue === undefined || facts.queues.includes(query.queue)) &&
    (query.handoff !== true || facts.handoff)
  );
}
