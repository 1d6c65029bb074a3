import type { BotState, Conversation, Entry, Presence } from '@parley/contracts';
import { clockTime } from '../../words/time-words.ts';

/** What a consultant has to know of a bot that does not answer; undefined where it does. */
export function botDownWords(bot: BotState | undefined): string | undefined {
  if (bot?.down === undefined) return undefined;
  const { since, reason } = bot.down;
  return `${bot.name} cannot be reached since ${clockTime(since)} (${reason}). Replies wait and are sent in order.`;
}

/** What to know before giving something back to a bot that does not answer. */
export function returnWarning(bot: BotState | undefined): string | undefined {
  if (bot?.down === undefined) return undefined;
  return `${bot.name} does not answer at present. If it has not taken this back soon, the conversation returns to the queue.`;
}

export function requeuedWords({ at, count }: NonNullable<Presence['requeued']>): string {
  const what = count === 1 ? 'the conversation you held' : `the ${count} conversations you held`;
  return `You had no connection for too long, so ${what} went back to the queue at ${clockTime(at)}. Your drafts are kept.`;
}

/**
 * Why a conversation is not where one would look for it, as far as its newest change of holder tells.
 * @param entries the newest ones, oldest first
 */
export function whereaboutsWords(head: Conversation, entries: readonly Entry[], me: string): string | undefined {
  const { holder } = head;
  if (holder.state === 'with-bot' && holder.pending)
    return `${head.bot.name} has not received this yet. If it has not by ${clockTime(holder.pending.until)}, it returns to the queue.`;
  const last = entries.findLast(({ kind }) => kind === 'requeued');
  if (last?.kind !== 'requeued') return undefined;
  const since = entries.filter(({ seq }) => seq > last.seq);
  if (last.reason === 'bot-did-not-take' && holder.state === 'queued')
    return `${head.bot.name} did not take this back in time: the user waits for a person again.`;
  if (last.reason !== 'consultant-gone') return undefined;
  const held = entries.findLast(({ kind, seq }) => kind === 'accepted' && seq < last.seq);
  if (held?.kind !== 'accepted' || held.consultant.id !== me) return undefined;
  const gone = `You had no connection for too long, so this went back to the queue at ${clockTime(last.at)}.`;
  if (holder.state === 'queued') return `${gone} Your draft is kept; accept it to go on.`;
  if (holder.state !== 'assigned' || holder.consultant.id === me || since.some(({ kind }) => kind === 'transferred'))
    return undefined;
  return `${gone} ${holder.consultant.name} has it now. Your draft is kept.`;
}
