import type { Conversation, Queue } from '@parley/contracts';
import { byTimeLeft } from '../../words/urgency.ts';
import { liveStates, type LiveSearch, type LiveState } from './live-search.ts';

export interface LiveGroup {
  state: LiveState;
  heads: Conversation[];
}

/** The conversations that a search shows: who waits first, then who is held, then what the bot does; each most urgent first. */
export function liveGroups(heads: readonly Conversation[], search: LiveSearch, queues: readonly Queue[]): LiveGroup[] {
  const shown = heads.filter((head) => isShown(head, search));
  return liveStates
    .filter((state) => search.state === undefined || search.state === state)
    .map((state) => ({
      state,
      heads: shown.filter(({ holder }) => holder.state === state).sort(byTimeLeft(queues, 0)),
    }));
}

/** How many there are of each state under the other filters, so that a tab says what a press on it brings. */
export function liveCounts(heads: readonly Conversation[], search: LiveSearch): Record<LiveState, number> {
  const { state: _, ...others } = search;
  const counts: Record<LiveState, number> = { queued: 0, assigned: 0, 'with-bot': 0 };
  for (const head of heads) if (head.holder.state !== 'closed' && isShown(head, others)) counts[head.holder.state]++;
  return counts;
}

function isShown({ holder }: Conversation, { state, queue, consultant }: LiveSearch): boolean {
  if (state !== undefined && holder.state !== state) return false;
  if (queue !== undefined && !((holder.state === 'queued' || holder.state === 'assigned') && holder.queue === queue))
    return false;
  if (consultant === undefined) return true;
  // What is kept for or offered to somebody is theirs to answer for as well.
  if (holder.state === 'queued') return holder.reservedFor?.id === consultant || holder.offer?.to.id === consultant;
  return holder.state === 'assigned' && holder.consultant.id === consultant;
}

/** Who has a conversation, or is to have it, in a few words. */
export function holderWords({ holder, bot }: Conversation, me: string, queueName: string): string {
  const name = (person: { id: string; name: string }) => (person.id === me ? 'you' : person.name);
  switch (holder.state) {
    case 'queued':
      if (holder.reservedFor !== undefined) return `${queueName}, kept for ${name(holder.reservedFor)}`;
      return holder.offer === undefined ? queueName : `${queueName}, offered to ${name(holder.offer.to)}`;
    case 'assigned':
      return holder.consultant.id === me ? 'You' : holder.consultant.name;
    case 'with-bot':
      return bot.name;
    case 'closed':
      return 'Closed';
  }
}

/** The last thing said by anybody, with who said it where it was not the user. */
export function lastSaid({ last, bot, holder }: Conversation): string {
  if (last === undefined) return 'Nothing said yet';
  if (last.by === 'user') return last.text;
  const by = last.by === 'bot' ? bot.name : holder.state === 'assigned' ? holder.consultant.name : 'Consultant';
  return `${by}: ${last.text}`;
}
