import {
  isOutbound,
  type Conversation,
  type Delivery,
  type Entry,
  type Handoff,
  type Holder,
  type User,
} from '@parley/contracts';

/** A conversation nobody has spoken in yet. */
export function blank(
  of: Pick<Conversation, 'id' | 'channel' | 'channelConversation' | 'bot'> & { user: User; now: number },
): Conversation {
  const { now, ...rest } = of;
  return {
    ...rest,
    version: 0,
    seq: 0,
    epoch: 0,
    holder: { state: 'with-bot', since: now },
    userLines: [],
    openedAt: now,
    updatedAt: now,
    delivery: { outSeq: 0, deliveredSeq: 0, seenSeq: 0 },
  };
}

/** The head with other delivery marks. A return that has arrived at the bot's side is pending no longer. */
export function marked(head: Conversation, delivery: Delivery): Conversation {
  const { holder } = head;
  const next = { ...head, delivery };
  if (holder.state !== 'with-bot' || !holder.pending || delivery.deliveredSeq < holder.pending.seq) return next;
  delete next.unansweredSince;
  return held(next, { state: 'with-bot', since: holder.since });
}

/** The head after one more entry. The head is nothing but this fold over the log (and the delivery marks, by `marked`). */
export function evolve(head: Conversation, entry: Entry): Conversation {
  const next: Conversation = {
    ...head,
    seq: entry.seq,
    epoch: entry.epoch,
    updatedAt: head.seq === 0 ? entry.at : Math.max(head.updatedAt, entry.at),
    openedAt: head.seq === 0 ? Math.min(head.openedAt, entry.at) : head.openedAt,
  };
  if (isOutbound(entry)) next.delivery = { ...head.delivery, outSeq: entry.seq };

  switch (entry.kind) {
    case 'message':
      return said(next, entry);
    case 'handoff-requested':
      next.user = { ...head.user, ...entry.user };
      next.handoff = {
        n: entry.handoff,
        queue: entry.queue,
        reason: entry.packet.reason,
        requestedAt: entry.at,
        requestedSeq: entry.seq,
        heldBy: [],
      };
      next.unansweredSince = entry.at;
      return held(next, {
        state: 'queued',
        since: entry.at,
        queue: entry.queue,
        passedBy: [],
        ...deadline(entry.deadline),
      });
    case 'offered':
      if (head.holder.state !== 'queued') return next;
      return held(next, { ...head.holder, offer: { to: entry.to, since: entry.at, until: entry.until } });
    case 'offer-declined':
      return entry.by.type === 'person' ? passed(next, entry.by.id) : next;
    case 'offer-expired':
      return passed(next, entry.to.id);
    case 'accepted':
      return accepted(next, entry);
    case 'transferred': {
      next.handoff = { ...handoffOf(next, entry.at), queue: entry.queue };
      const reserved = 'person' in entry.to ? { reservedFor: entry.to.person } : {};
      const comment = entry.comment === undefined ? {} : { comment: entry.comment };
      return held(next, {
        state: 'queued',
        since: entry.at,
        queue: entry.queue,
        passedBy: [],
        ...reserved,
        ...comment,
        ...deadline(entry.deadline),
      });
    }
    case 'requeued': {
      // The episode goes on: what the bot did not take has not ended.
      const { endedAt: _, ...handoff } = handoffOf(next, entry.at);
      next.handoff = { ...handoff, queue: entry.queue };
      const passedQueues =
        head.holder.state === 'queued' ? [...(head.holder.passedQueues ?? []), head.holder.queue] : undefined;
      return held(next, {
        state: 'queued',
        since: entry.at,
        queue: entry.queue,
        passedBy: [],
        ...(passedQueues ? { passedQueues } : {}),
        ...deadline(entry.deadline),
      });
    }
    case 'returned': {
      const queue = queueOf(head.holder) ?? head.handoff?.queue;
      const pending =
        entry.deadline === undefined || queue === undefined
          ? {}
          : { pending: { seq: entry.seq, until: entry.deadline, queue } };
      return held(ended(next, entry.at), { state: 'with-bot', since: entry.at, ...pending });
    }
    case 'closed':
      return held(ended(next, entry.at), {
        state: 'closed',
        since: entry.at,
        outcome: entry.outcome,
        by: entry.by,
        ...(entry.fallback === undefined ? {} : { fallback: entry.fallback }),
      });
    case 'rated':
      next.rating = entry.score;
      return next;
    case 'delivery-failed': {
      const { retry: _, ...marks } = next.delivery;
      next.delivery = { ...marks, failed: { seq: entry.of, reason: entry.reason, at: entry.at } };
      return next;
    }
    default:
      return next;
  }
}

function said(next: Conversation, entry: Extract<Entry, { kind: 'message' }>): Conversation {
  const { by, at, text } = entry;
  if (by.type === 'desk') return next;
  next.last = { text: text.slice(0, 200), by: by.type, at };
  if (by.type === 'user') {
    next.userLines = [...next.userLines.slice(-2), text.slice(0, 300)];
    if (waitsForPerson(next.holder) && next.unansweredSince === undefined) next.unansweredSince = at;
  }
  // The bot speaks: it has taken what it was given back, whether or not its answer to the callback arrived.
  if (by.type === 'bot' && next.holder.state === 'with-bot' && next.holder.pending) {
    delete next.unansweredSince;
    return held(next, { state: 'with-bot', since: next.holder.since });
  }
  if (by.type === 'person') {
    if (next.handoff && next.handoff.firstReplyAt === undefined) next.handoff = { ...next.handoff, firstReplyAt: at };
    // A new object rather than `delete`, which would make every later use of the head several times slower.
    const { unansweredSince: _, ...answered } = next;
    next = answered;
  }
  // Whoever speaks in a closed conversation opens it again, with the bot; but for the bot's words about the closing itself.
  return next.holder.state === 'closed' && !entry.notice ? held(next, { state: 'with-bot', since: at }) : next;
}

/** Somebody of the desk answers the user, or may have to because nobody knows yet whether the bot will. */
function waitsForPerson(holder: Holder): boolean {
  return (
    holder.state === 'queued' ||
    holder.state === 'assigned' ||
    (holder.state === 'with-bot' && holder.pending !== undefined)
  );
}

function accepted(next: Conversation, entry: Extract<Entry, { kind: 'accepted' }>): Conversation {
  const from = next.holder;
  const before = handoffOf(next, entry.at);
  const fresh = entry.uninvited
    ? {
        ...before,
        n: (next.handoff?.n ?? 0) + 1,
        queue: entry.queue,
        reason: 'taken over by a consultant',
        requestedAt: entry.at,
        requestedSeq: entry.seq,
        heldBy: [],
      }
    : before;
  const { endedAt: _, ...open } = fresh;
  next.handoff = {
    ...open,
    acceptedAt: entry.uninvited ? entry.at : (open.acceptedAt ?? entry.at),
    acceptedBy: entry.consultant,
    heldBy: [...open.heldBy.filter((id) => id !== entry.consultant.id), entry.consultant.id],
  };
  if (entry.uninvited) delete next.handoff.firstReplyAt;
  const comment = from.state === 'queued' && from.comment !== undefined ? { comment: from.comment } : {};
  return held(next, {
    state: 'assigned',
    since: entry.at,
    queue: entry.queue,
    consultant: entry.consultant,
    ...comment,
  });
}

function passed(next: Conversation, person: string): Conversation {
  if (next.holder.state !== 'queued') return next;
  const { offer: _, reservedFor, ...rest } = next.holder;
  const reserved = reservedFor && reservedFor.id !== person ? { reservedFor } : {};
  return held(next, { ...rest, ...reserved, passedBy: [...rest.passedBy.filter((id) => id !== person), person] });
}

function ended(next: Conversation, at: number): Conversation {
  if (next.handoff && next.handoff.endedAt === undefined) next.handoff = { ...next.handoff, endedAt: at };
  delete next.unansweredSince;
  return next;
}

function held(next: Conversation, holder: Holder): Conversation {
  next.holder = holder;
  const due = dueOf(holder);
  if (due === undefined) delete next.dueAt;
  else next.dueAt = due;
  return next;
}

function dueOf(holder: Holder): number | undefined {
  switch (holder.state) {
    case 'queued':
      return holder.offer?.until ?? holder.deadline;
    case 'with-bot':
      return holder.pending?.until;
    default:
      return undefined;
  }
}

function queueOf(holder: Holder): string | undefined {
  return holder.state === 'queued' || holder.state === 'assigned' ? holder.queue : undefined;
}

function handoffOf(head: Conversation, at: number): Handoff {
  return head.handoff ?? { n: 1, queue: 'general', reason: '', requestedAt: at, requestedSeq: head.seq, heldBy: [] };
}

function deadline(at: number | undefined): { deadline?: number } {
  return at === undefined ? {} : { deadline: at };
}
