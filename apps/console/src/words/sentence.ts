import type { DeskErrorCode } from '@parley/client';
import { problems, type ErrorCode, type Holder } from '@parley/contracts';
import { span } from './time-words.ts';

/** What a problem is made of, wherever it came from: a refused call, an ability, an unsent message. */
export interface ProblemLike {
  code: string;
  detail?: string | undefined;
  holder?: Holder | undefined;
}

/**
 * The one place where a code becomes a sentence: what happened, and what to do where something can be done.
 * @param now desk time, to say how long ago somebody else was quicker
 */
export function sentence(problem: ProblemLike, now?: number): string {
  const { holder } = problem;
  switch (problem.code as DeskErrorCode) {
    case 'network':
      return 'The desk cannot be reached. It is tried again by itself.';
    case 'timeout':
      return 'The desk did not answer in time. It is tried again by itself.';
    case 'aborted':
      return 'This was given up.';
    case 'unauthenticated':
      return 'Your sign-in has expired. Sign in again; nothing is lost.';
    case 'forbidden':
      return 'Your role does not allow this.';
    case 'client-suspended':
      return 'This desk is suspended. Ask whoever runs Parley for your organisation.';
    case 'not-found':
      return 'This is not here any more, or not yours to see.';
    case 'validation':
      return problem.detail === undefined
        ? 'The desk does not accept this as it is.'
        : `The desk does not accept this: ${problem.detail}`;
    case 'method-not-allowed':
    case 'unsupported-media-type':
      return 'This console and the desk do not fit together. Reload the page.';
    case 'payload-too-large':
      return 'This is too long to send. Split it in two.';
    case 'rate-limited':
    case 'overloaded':
      return 'The desk is busy. It is tried again by itself.';
    case 'storage-unavailable':
      return 'The desk cannot save anything now. Nothing was changed; it is tried again by itself.';
    case 'keys-unavailable':
      return 'The desk cannot check sign-ins now. It is tried again by itself.';
    case 'internal':
      return 'Something broke at the desk. Try again; tell your administrator if it stays.';
    case 'already-held':
    case 'human-holds':
      return holder?.state === 'assigned'
        ? `${holder.consultant.name} took this${ago(holder.since, now)}.`
        : 'A colleague took this first.';
    case 'already-yours':
      return 'You hold this conversation already.';
    case 'not-holder':
      return holder?.state === 'assigned'
        ? `${holder.consultant.name} holds this conversation; only they can do this.`
        : 'You do not hold this conversation; accept it first.';
    case 'stale-epoch':
      return 'The conversation changed hands while you wrote. Look again before you send.';
    case 'with-bot':
      return 'The bot has this conversation.';
    case 'not-queued':
      return 'This conversation is not waiting any more.';
    case 'not-assigned':
      return 'No consultant holds this conversation.';
    case 'closed':
      return 'This conversation is closed.';
    case 'reserved':
      return holder?.state === 'queued' && holder.reservedFor !== undefined
        ? `This is kept for ${holder.reservedFor.name}.`
        : 'This is kept for a colleague.';
    case 'no-offer':
      return 'This was not offered to you, or the offer has passed on.';
    case 'not-served':
      return 'You do not serve this queue.';
    case 'at-capacity':
      return 'You hold as many conversations as you can take. Finish one first.';
    case 'id-reused':
      return 'This could not be sent as it was. Send it again.';
    case 'unknown-queue':
      return 'This queue does not exist any more.';
    case 'unknown-person':
      return 'This colleague is not at the desk any more.';
    case 'unknown-outcome':
      return 'This outcome does not exist any more.';
    case 'stale-lane':
      return 'Another part of the desk delivers this conversation now.';
    case 'contention':
      return 'Too much happened at once. Try again.';
    default:
      return problem.detail ?? problems[problem.code as ErrorCode]?.[1] ?? 'Something went wrong.';
  }
}

function ago(since: number, now: number | undefined): string {
  if (now === undefined) return '';
  const ms = Math.max(0, now - since);
  return ms < 10_000 ? ` ${(Math.max(ms, 100) / 1_000).toFixed(1)} s ago` : ` ${span(ms)} ago`;
}
