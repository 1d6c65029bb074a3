import { Type, type Static } from 'typebox';
import { Actor, PersonRef, User } from './actors.ts';
import { FallbackReason, HandoffPacket } from './entries.ts';
import { Channel, ChannelConversation, ConversationId, PersonId, QueueId, Time } from './ids.ts';

/** Who holds the floor. Each change of holder raises the epoch. */
export const Holder = Type.Union([
  Type.Object(
    {
      state: Type.Literal('with-bot'),
      since: Time,
      /** A return that the bot's side has not received yet, and until when it may; then the desk takes it back. */
      pending: Type.Optional(
        Type.Object(
          { seq: Type.Integer({ minimum: 1 }), until: Time, queue: QueueId },
          { additionalProperties: false },
        ),
      ),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      state: Type.Literal('queued'),
      since: Time,
      queue: QueueId,
      /** When the queue's fallback applies. */
      deadline: Type.Optional(Time),
      offer: Type.Optional(Type.Object({ to: PersonRef, since: Time, until: Time }, { additionalProperties: false })),
      /** Who declined or let the offer lapse since it is in this queue; they are not asked again before others. */
      passedBy: Type.Array(PersonId),
      /** Queues whose deadline has passed since somebody last decided about it; a fallback never leads back to one. */
      passedQueues: Type.Optional(Type.Array(QueueId)),
      /** Whom a transfer named; others do not see it as theirs to take. */
      reservedFor: Type.Optional(PersonRef),
      comment: Type.Optional(Type.String({ description: 'the giver’s comment, pinned for the receiver' })),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      state: Type.Literal('assigned'),
      since: Time,
      queue: QueueId,
      consultant: PersonRef,
      comment: Type.Optional(Type.String()),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      state: Type.Literal('closed'),
      since: Time,
      outcome: Type.String(),
      by: Actor,
      fallback: Type.Optional(FallbackReason),
    },
    { additionalProperties: false },
  ),
]);
export type Holder = Static<typeof Holder>;
export type HolderState = Holder['state'];

/** The current or latest handoff episode; times and metrics are counted per episode. */
export const Handoff = Type.Object(
  {
    n: Type.Integer({ minimum: 1 }),
    queue: QueueId,
    reason: HandoffPacket.properties.reason,
    requestedAt: Time,
    requestedSeq: Type.Integer(),
    acceptedAt: Type.Optional(Time),
    acceptedBy: Type.Optional(PersonRef),
    /** Everybody who held it in this episode; a late line of theirs is kept as suppressed. */
    heldBy: Type.Array(PersonId),
    firstReplyAt: Type.Optional(Time),
    endedAt: Type.Optional(Time),
  },
  { additionalProperties: false },
);
export type Handoff = Static<typeof Handoff>;

/** How far the user has received what was said to them. Everything up to a number is in that state. */
export const Delivery = Type.Object(
  {
    /** Last entry addressed to the bot's side. */
    outSeq: Type.Integer({ minimum: 0 }),
    deliveredSeq: Type.Integer({ minimum: 0 }),
    seenSeq: Type.Integer({ minimum: 0 }),
    failed: Type.Optional(
      Type.Object({ seq: Type.Integer(), reason: Type.String(), at: Time }, { additionalProperties: false }),
    ),
    /** The last try failed; the next one comes at `at`. */
    retry: Type.Optional(
      Type.Object(
        { tries: Type.Integer({ minimum: 1 }), at: Time, reason: Type.String({ maxLength: 500 }) },
        { additionalProperties: false },
      ),
    ),
    /** The process that delivers; `n` rises with each change of it, and what comes under a lower one is void. */
    lane: Type.Optional(
      Type.Object(
        { by: Type.String({ maxLength: 40 }), n: Type.Integer({ minimum: 1 }) },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);
export type Delivery = Static<typeof Delivery>;

/** The head of the log: what lists and rules need. Everything else is in the entries. */
export const Conversation = Type.Object(
  {
    id: ConversationId,
    channel: Channel,
    channelConversation: ChannelConversation,
    bot: Type.Object({ id: Type.String(), name: Type.String() }, { additionalProperties: false }),
    user: User,
    /** Counts commits of the head; a newer head replaces an older one. */
    version: Type.Integer({ minimum: 0 }),
    /** Number of the last entry. */
    seq: Type.Integer({ minimum: 0 }),
    epoch: Type.Integer({ minimum: 0 }),
    holder: Holder,
    handoff: Type.Optional(Handoff),
    /** Last thing said by anyone, for lists. */
    last: Type.Optional(
      Type.Object(
        {
          text: Type.String({ maxLength: 200 }),
          by: Type.Union([Type.Literal('user'), Type.Literal('bot'), Type.Literal('person')]),
          at: Time,
        },
        { additionalProperties: false },
      ),
    ),
    /** Last user lines (at most 3, newest last), for offers and lists. */
    userLines: Type.Array(Type.String({ maxLength: 300 }), { maxItems: 3 }),
    /** First user line that no human has answered since the handoff; cleared by a public human reply only. */
    unansweredSince: Type.Optional(Time),
    openedAt: Time,
    updatedAt: Time,
    delivery: Delivery,
    /** The earliest moment at which the desk must act by itself (offer, queue deadline, or a return nobody takes). */
    dueAt: Type.Optional(Time),
    rating: Type.Optional(Type.Integer({ minimum: 1, maximum: 5 })),
  },
  { additionalProperties: false },
);
export type Conversation = Static<typeof Conversation>;

/** What a person may do with a conversation. */
export const abilityNames = [
  'read',
  'claim',
  'decline',
  'reply',
  'note',
  'transfer',
  'return',
  'close',
  'export',
] as const;
export type AbilityName = (typeof abilityNames)[number];

/** Per ability `yes`, or the error code that the command would answer with. The console disables with that reason. */
export const Abilities = Type.Object(
  Object.fromEntries(abilityNames.map((name) => [name, Type.String()])) as Record<
    AbilityName,
    ReturnType<typeof Type.String>
  >,
  { additionalProperties: false },
);
export type Abilities = Static<typeof Abilities>;
