import type { Conversation, HolderState } from '@parley/contracts';
import { fallbackWords, outcomeName, queueName, type Naming } from '../../words/entry-words.ts';

export function stateWords(state: HolderState): string {
  return { 'with-bot': 'With the bot', queued: 'Waiting', assigned: 'With a consultant', closed: 'Closed' }[state];
}

/** Where a conversation stands or how it ended: `Closed · Resolved`, `With Ana Ruiz`. */
export function standing({ holder, bot }: Conversation, naming: Pick<Naming, 'queues' | 'outcomes'>): string {
  switch (holder.state) {
    case 'with-bot':
      return `With ${bot.name}`;
    case 'queued':
      return `Waiting in ${queueName(holder.queue, naming)}`;
    case 'assigned':
      return `With ${holder.consultant.name}`;
    case 'closed':
      return holder.fallback === undefined
        ? `Closed · ${outcomeName(holder.outcome, naming)}`
        : `Closed: ${fallbackWords(holder.fallback)}`;
  }
}

/** `★★★★☆`. */
export function stars(rating: number): string {
  return '★'.repeat(rating) + '☆'.repeat(Math.max(0, 5 - rating));
}
