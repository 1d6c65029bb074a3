import type { Entry, EntryOf, Outcome, Queue } from '@parley/contracts';
import { span } from './time-words.ts';

export interface Naming {
  me: string;
  bot: string;
  user: string;
  queues: readonly Queue[];
  outcomes: readonly Outcome[];
}

export type EventEntry = Exclude<Entry, EntryOf<'message'> | EntryOf<'note'> | EntryOf<'suppressed'>>;

/** A happening in one line: who did it, and what. */
export function eventWords(
  entry: EventEntry,
  naming: Naming,
  accepted?: EntryOf<'accepted'>,
): { who: string; what: string } {
  const who = actorName(entry, naming);
  switch (entry.kind) {
    case 'handoff-requested': {
      const waited = accepted === undefined ? '' : ` Waited ${span(accepted.at - entry.at)}.`;
      return { who: naming.bot, what: ` asked for a human: “${entry.packet.reason}”.${waited}` };
    }
    case 'offered':
      return {
        who: personName(entry.to, naming),
        what: entry.to.id === naming.me ? ' were offered it' : ' was offered it',
      };
    case 'offer-declined':
      return { who, what: ` declined: ${entry.reason}` };
    case 'offer-expired':
      return { who: personName(entry.to, naming), what: ' did not answer the offer in time' };
    case 'accepted': {
      const taker = personName(entry.consultant, naming);
      return {
        who: taker,
        what: entry.uninvited === true ? ' took the conversation from the bot' : ' took the conversation',
      };
    }
    case 'transferred': {
      const to = 'person' in entry.to ? personName(entry.to.person, naming, 'object') : queueName(entry.queue, naming);
      return { who, what: ` transferred it to ${to}${quoted(entry.comment)}` };
    }
    case 'requeued':
      return { who: '', what: `Back in ${queueName(entry.queue, naming)}: ${requeueWords(entry.reason)}` };
    case 'returned':
      if (entry.fallback !== undefined) return { who: '', what: `Back with the bot: ${fallbackWords(entry.fallback)}` };
      return {
        who,
        what: ` gave it back to the bot${outcomeOf(entry.packet.outcome, naming)}${quoted(entry.packet.comment)}`,
      };
    case 'closed':
      if (entry.fallback !== undefined) return { who: '', what: `Closed: ${fallbackWords(entry.fallback)}` };
      return { who, what: ` closed it${outcomeOf(entry.outcome, naming)}${quoted(entry.comment)}` };
    case 'user-left':
      return { who: naming.user, what: ' left the chat' };
    case 'rated':
      return { who: naming.user, what: ` rated it ${entry.score} of 5${quoted(entry.comment)}` };
    case 'delivery-failed':
      return { who: '', what: `Could not be delivered: ${entry.reason}` };
  }
}

export function actorName(entry: Entry, naming: Naming): string {
  switch (entry.by.type) {
    case 'user':
      return naming.user;
    case 'bot':
      return entry.by.name ?? naming.bot;
    case 'person':
      return personName(entry.by, naming);
    case 'desk':
      return 'The desk';
  }
}

export function queueName(id: string, { queues }: Pick<Naming, 'queues'>): string {
  return queues.find((queue) => queue.id === id)?.name ?? id;
}

export function outcomeName(id: string, { outcomes }: Pick<Naming, 'outcomes'>): string {
  return outcomes.find((outcome) => outcome.id === id)?.name ?? id;
}

/** Why the desk put it back in a queue by itself. */
export function requeueWords(reason: string): string {
  switch (reason) {
    case 'consultant-gone':
      return 'the consultant had no connection for too long';
    case 'bot-did-not-take':
      return 'the bot did not take it back in time';
    default:
      return fallbackWords(reason);
  }
}

export function fallbackWords(reason: string): string {
  switch (reason) {
    case 'queue-deadline':
      return 'nobody was free before the deadline';
    case 'nobody-available':
      return 'nobody was available';
    case 'user-left':
      return 'the user left';
    case 'bot-ended':
      return 'the bot ended the conversation';
    default:
      return reason;
  }
}

function personName(
  person: { id: string; name: string },
  { me }: Naming,
  as: 'subject' | 'object' = 'subject',
): string {
  return person.id === me ? (as === 'subject' ? 'You' : 'you') : person.name;
}

function outcomeOf(id: string | undefined, naming: Naming): string {
  return id === undefined ? '' : ` · ${outcomeName(id, naming)}`;
}

function quoted(text: string | undefined): string {
  return text === undefined || text === '' ? '' : ` · “${text}”`;
}
