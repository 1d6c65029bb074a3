import {
  entryId,
  type Conversation,
  type Delivery,
  type Entry,
  type EntryKind,
  type EntryOf,
  type ErrorCode,
} from '@parley/contracts';
import { heldOnce, refusal, supervises } from './abilities.ts';
import { actorOf, type By, type Command } from './commands.ts';
import { evolve, marked } from './evolve.ts';
import { queueOf, type Policy, type QueuePolicy } from './policy.ts';
import { givers, transitions } from './transitions.ts';

/** `node` is the process that decides; without one, nobody's lanes are taken. */
export type Context = { by: By; now: number; policy: Policy; node?: string | undefined };

/**
 * A refusal may carry entries of its own: a line that came too late is refused, kept, and shown as suppressed.
 * `nothing: true` says that what was asked is true already.
 */
export type Decision =
  | { ok: true; conversation: Conversation; entries: Entry[]; nothing?: true }
  | { ok: false; code: ErrorCode; conversation: Conversation; entries: Entry[] };

/**
 * The rules of handoff: what a command makes of a conversation. Pure; the caller commits what comes back.
 *
 * @param head the conversation as loaded, or a `blank` one
 * @param context who asks, when (ms since the epoch) and the client's policy
 */
export function decide(head: Conversation, command: Command, context: Context): Decision {
  const turn = new Turn(head, command, context);
  if (!givers[command.type].includes(context.by.type)) return turn.refuse('forbidden');
  const meets = transitions[command.type][head.holder.state];
  if (meets === 'nothing') return { ok: true, conversation: head, entries: [], nothing: true };

  if (context.by.type === 'person') {
    const code = personRefusal(head, command, context);
    if (code)
      return command.type === 'reply' && heldOnce(head, context.by)
        ? turn.suppress(code, command.text, command.epoch)
        : turn.refuse(code);
  } else if (meets !== 'go' && meets !== 'suppress') {
    return turn.refuse(meets);
  }
  return rules[command.type](turn, command as never, context);
}

type Rules = {
  [T in Command['type']]: (turn: Turn, command: Extract<Command, { type: T }>, context: Context) => Decision;
};

const rules: Rules = {
  'user-turn': (turn, { text, attachments, user }) => {
    turn.head = { ...turn.head, user: { ...turn.head.user, ...user } };
    return turn.write(
      'message',
      { text, ...(attachments ? { attachments } : {}) },
      { raise: turn.head.holder.state === 'closed' },
    );
  },

  'bot-turn': (turn, { text, attachments, announces }) => {
    const { holder, epoch } = turn.head;
    const body = { text, ...(attachments ? { attachments } : {}) };
    if (holder.state === 'with-bot') return turn.write('message', body);
    // What the bot says about the handoff itself ("you are second in line", "you are now talking to Ana", "this is finished") answers
    // the request or a status of this episode. It moves nothing: a human keeps the floor, and what is closed stays closed.
    const requestedSeq = turn.head.handoff?.requestedSeq ?? 0;
    if (
      announces !== undefined &&
      announces >= requestedSeq &&
      announces <= Math.max(turn.head.delivery.outSeq, requestedSeq)
    )
      return turn.write('message', { ...body, notice: true });
    if (holder.state === 'closed') return turn.write('message', body, { raise: true });
    return turn.suppress('human-holds', text, epoch);
  },

  'request-handoff': (turn, { queue, packet, user }, { policy, now }) => {
    const to = (queue === undefined ? undefined : queueOf(policy, queue)) ?? queueOf(policy, policy.defaultQueue);
    if (!to) return turn.refuse('unknown-queue');
    return turn.write(
      'handoff-requested',
      { handoff: (turn.head.handoff?.n ?? 0) + 1, queue: to.id, packet, user, deadline: deadlineIn(to, now) },
      { raise: true },
    );
  },

  offer: (turn, { to }, { policy, now }) => {
    if (turn.head.holder.state !== 'queued' || turn.head.holder.offer) return turn.refuse('reserved');
    return turn.write('offered', { to, until: now + policy.offerSeconds * 1000 });
  },

  claim: (turn, _, { by }) => {
    if (by.type !== 'person') return turn.refuse('forbidden');
    const { holder, handoff } = turn.head;
    const consultant = { id: by.id, name: by.name };
    if (holder.state === 'queued') return turn.write('accepted', { consultant, queue: holder.queue }, { raise: true });
    return turn.write(
      'accepted',
      { consultant, queue: handoff?.queue ?? by.queues[0] ?? 'general', uninvited: true },
      { raise: true },
    );
  },

  decline: (turn, { reason }) => turn.write('offer-declined', { reason }),

  reply: (turn, { text, epoch }) =>
    epoch === turn.head.epoch ? turn.write('message', { text }) : turn.suppress('stale-epoch', text, epoch),

  note: (turn, { text }) => turn.write('note', { text }),

  transfer: (turn, { to, comment }, { policy, now }) => {
    const said = comment === undefined ? {} : { comment };
    const { holder } = turn.head;
    const current = holder.state === 'queued' || holder.state === 'assigned' ? holder.queue : policy.defaultQueue;
    const queue =
      queueOf(policy, 'queue' in to ? to.queue : current) ??
      ('queue' in to ? undefined : queueOf(policy, policy.defaultQueue));
    if (!queue) return turn.refuse('unknown-queue');
    return turn.write(
      'transferred',
      { to, queue: queue.id, ...said, deadline: deadlineIn(queue, now) },
      { raise: true },
    );
  },

  return: (turn, { packet }, { policy, now }) =>
    turn.write('returned', { packet, deadline: now + policy.takeBackSeconds * 1000 }, { raise: true }),

  close: (turn, { outcome, comment }, { policy }) => {
    if (!policy.outcomes.some(({ id }) => id === outcome)) return turn.refuse('unknown-outcome');
    return turn.write('closed', { outcome, ...(comment === undefined ? {} : { comment }) }, { raise: true });
  },

  end: (turn, { reason }) => {
    switch (turn.head.holder.state) {
      case 'assigned':
        // The consultant finishes: a user who left may come back within the same conversation.
        return reason === 'user-left' ? turn.write('user-left', {}) : turn.refuse('human-holds');
      case 'queued':
        return turn.write('closed', { outcome: 'abandoned', fallback: reason }, { raise: true });
      default:
        return turn.write('closed', { outcome: 'ended-with-bot', fallback: reason }, { raise: true });
    }
  },

  rate: (turn, { score, comment }) => turn.write('rated', { score, ...(comment === undefined ? {} : { comment }) }),

  deadline: (turn, _, context) => {
    const { holder } = turn.head;
    const { now, policy } = context;
    if (holder.state === 'with-bot') return takeBack(turn, context);
    if (holder.state !== 'queued') return turn.done();
    if (holder.offer) {
      if (holder.offer.until > now) return turn.done();
      turn.write('offer-expired', { to: holder.offer.to });
    }
    if (holder.deadline === undefined || holder.deadline > now) return turn.done();
    return fallBack(turn, queueOf(policy, holder.queue), context);
  },

  requeue: (turn, { reason, epoch }, { policy, now }) => {
    const { holder } = turn.head;
    // Judged by a floor that has changed since: whoever holds it now is not the one who was gone.
    if (epoch !== turn.head.epoch) return turn.done();
    const queue =
      queueOf(policy, holder.state === 'assigned' ? holder.queue : policy.defaultQueue) ??
      queueOf(policy, policy.defaultQueue);
    if (!queue) return turn.refuse('unknown-queue');
    return turn.write('requeued', { queue: queue.id, reason, deadline: deadlineIn(queue, now) }, { raise: true });
  },

  'mark-delivered': (turn, { seq, lane }) => {
    const { retry: _, ...delivery } = turn.head.delivery;
    if (lane < numberOf(delivery)) return turn.refuse('stale-lane');
    const to = Math.min(seq, turn.head.seq);
    return to <= delivery.deliveredSeq ? turn.done() : turn.mark({ ...delivery, deliveredSeq: to });
  },

  'mark-seen': (turn, { seq }) => {
    const { delivery } = turn.head;
    // Nobody sees what was not delivered: a receipt ahead of the delivery cursor moves up to it only.
    const to = Math.min(seq, delivery.deliveredSeq);
    return to <= delivery.seenSeq ? turn.done() : turn.mark({ ...delivery, seenSeq: to });
  },

  'fail-delivery': (turn, { of, reason, lane }) => {
    const { delivery } = turn.head;
    if (lane < numberOf(delivery)) return turn.refuse('stale-lane');
    return isBehind(delivery) && !delivery.failed ? turn.write('delivery-failed', { of, reason }) : turn.done();
  },

  'delay-delivery': (turn, { tries, until, reason, lane }) => {
    const { delivery } = turn.head;
    if (lane < numberOf(delivery)) return turn.refuse('stale-lane');
    if (!isBehind(delivery) || delivery.failed) return turn.done();
    return turn.mark({ ...delivery, retry: { tries, at: until, reason } });
  },

  'take-lane': (turn, { lane }, { node }) => {
    const { delivery } = turn.head;
    if (lane < numberOf(delivery)) return turn.refuse('stale-lane');
    if (node === undefined || delivery.lane?.by === node || !isBehind(delivery)) return turn.done();
    return turn.mark(inLane(delivery, node));
  },

  'retry-delivery': (turn, _, { node }) => {
    const { failed, retry, ...delivery } = turn.head.delivery;
    // Who failed has stopped sending, so the lane is free; who pauses holds it still.
    if (failed) return turn.mark(inLane(delivery, node));
    return retry ? turn.mark(delivery) : turn.done();
  },
};

function numberOf({ lane }: Delivery): number {
  return lane?.n ?? 0;
}

function isBehind({ outSeq, deliveredSeq }: Delivery): boolean {
  return outSeq > deliveredSeq;
}

function inLane(delivery: Delivery, node: string | undefined): Delivery {
  return node === undefined || delivery.lane?.by === node
    ? delivery
    : { ...delivery, lane: { by: node, n: numberOf(delivery) + 1 } };
}

/** What was given back and has not arrived in time goes to the queue it came from. */
function takeBack(turn: Turn, { now, policy }: Context): Decision {
  const { holder } = turn.head;
  if (holder.state !== 'with-bot' || !holder.pending || holder.pending.until > now) return turn.done();
  const queue = queueOf(policy, holder.pending.queue) ?? queueOf(policy, policy.defaultQueue);
  if (!queue) return turn.refuse('unknown-queue');
  return turn.write(
    'requeued',
    { queue: queue.id, reason: 'bot-did-not-take', deadline: deadlineIn(queue, now) },
    { raise: true },
  );
}

/** Ends after each queue at most once: what has nowhere left to go is the bot's again. */
function fallBack(turn: Turn, queue: QueuePolicy | undefined, { policy, now }: Context): Decision {
  const fallback = queue?.fallback ?? { to: 'bot' };
  const { holder } = turn.head;
  const passedQueues = (holder.state === 'queued' ? holder.passedQueues : undefined) ?? [];
  switch (fallback.to) {
    case 'queue': {
      const next = queueOf(policy, fallback.queue);
      if (next && next.id !== queue?.id && !passedQueues.includes(next.id))
        return turn.write(
          'requeued',
          { queue: next.id, reason: 'queue-deadline', deadline: deadlineIn(next, now) },
          { raise: true },
        );
      return turn.write('returned', { packet: {}, fallback: 'queue-deadline' }, { raise: true });
    }
    case 'close':
      return turn.write('closed', { outcome: fallback.outcome, fallback: 'queue-deadline' }, { raise: true });
    case 'bot':
      return turn.write('returned', { packet: {}, fallback: 'queue-deadline' }, { raise: true });
  }
}

function personRefusal(head: Conversation, command: Command, { by, policy }: Context): ErrorCode | undefined {
  if (by.type !== 'person') return undefined;
  switch (command.type) {
    case 'claim':
    case 'decline':
    case 'reply':
    case 'note':
    case 'transfer':
    case 'return':
    case 'close':
      return refusal(by, command.type, head, policy);
    case 'retry-delivery':
      return supervises(by) || refusal(by, 'reply', head, policy) === undefined ? undefined : 'not-holder';
    default:
      return 'forbidden';
  }
}

/** A line told later keeps the time it was said at, but never comes before what stands already, nor out of the future. */
function saidAt(at: number | undefined, head: Conversation, now: number): number {
  const earliest = head.seq === 0 ? now - oldestMs : head.updatedAt;
  return at === undefined ? now : Math.min(now, Math.max(at, earliest));
}

/** How long ago the first line of a conversation may have been said. */
const oldestMs = 24 * 60 * 60 * 1000;

function deadlineIn(queue: QueuePolicy, now: number): number {
  return now + queue.deadlineSeconds * 1000;
}

/** One decision under way: entries get their numbers, ids and epoch here and nowhere else. */
class Turn {
  head: Conversation;
  readonly #entries: Entry[] = [];
  readonly #command: Command;
  readonly #context: Context;

  constructor(head: Conversation, command: Command, context: Context) {
    this.head = head;
    this.#command = command;
    this.#context = context;
  }

  write<K extends EntryKind>(
    kind: K,
    body: Omit<EntryOf<K>, 'seq' | 'id' | 'at' | 'epoch' | 'by' | 'kind'>,
    { raise = false } = {},
  ): Decision {
    const { by, now } = this.#context;
    const n = this.#entries.length;
    const id = entryId(by.type, this.#command.id);
    const frame = {
      seq: this.head.seq + 1,
      id: n === 0 ? id : `${id}/${n}`,
      at: 'at' in this.#command ? saidAt(this.#command.at, this.head, now) : now,
      epoch: this.head.epoch + (raise ? 1 : 0),
      by: actorOf(by),
      kind,
    };
    const entry = { ...frame, ...body } as unknown as Entry;
    this.#entries.push(entry);
    const { delivery } = this.head;
    this.head = evolve(this.head, entry);
    // Who writes what is to be delivered delivers it, where nobody has anything to deliver before it.
    if (this.head.delivery !== delivery && !isBehind(delivery))
      this.head.delivery = inLane(this.head.delivery, this.#context.node);
    return this.done();
  }

  suppress(code: ErrorCode, text: string, spokenUnder: number): Decision {
    this.write('suppressed', { text, spokenUnder });
    return { ok: false, code, conversation: this.head, entries: this.#entries };
  }

  mark(delivery: Conversation['delivery']): Decision {
    this.head = marked(this.head, delivery);
    return { ok: true, conversation: this.head, entries: this.#entries };
  }

  refuse(code: ErrorCode): Decision {
    return { ok: false, code, conversation: this.head, entries: this.#entries };
  }

  done(): Decision {
    return { ok: true, conversation: this.head, entries: this.#entries };
  }
}
