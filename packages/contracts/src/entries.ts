import { Type, type Static, type TObject, type TProperties, type TSchema } from 'typebox';
import { Actor, PersonRef, User } from './actors.ts';
import { EntryId, QueueId, Text, Time } from './ids.ts';

export const Attachment = Type.Object(
  {
    contentType: Type.String({ minLength: 1, maxLength: 200 }),
    name: Type.Optional(Type.String({ maxLength: 300 })),
    url: Type.Optional(Type.String({ maxLength: 2_000 })),
    /** A card or other structured content, as JSON text. */
    content: Type.Optional(Type.String({ maxLength: 65_536 })),
  },
  { additionalProperties: false },
);
export type Attachment = Static<typeof Attachment>;

/** One thing the bot knows, with where it comes from. */
export const Fact = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 100 }),
    value: Type.String({ maxLength: 2_000 }),
    source: Type.Optional(Type.Union([Type.Literal('user'), Type.Literal('bot'), Type.Literal('directory')])),
  },
  { additionalProperties: false },
);
export type Fact = Static<typeof Fact>;

/** One thing the bot tried before it asked for a human. */
export const Attempt = Type.Object(
  {
    what: Type.String({ minLength: 1, maxLength: 500 }),
    outcome: Type.Optional(Type.String({ maxLength: 500 })),
    at: Type.Optional(Time),
  },
  { additionalProperties: false },
);
export type Attempt = Static<typeof Attempt>;

/** What the bot hands over with the conversation. */
export const HandoffPacket = Type.Object(
  {
    reason: Type.String({ minLength: 1, maxLength: 500 }),
    summary: Type.Optional(Type.String({ maxLength: 4_000 })),
    lastPhrase: Type.Optional(Type.String({ maxLength: 2_000 })),
    topics: Type.Optional(Type.Array(Type.String({ maxLength: 100 }), { maxItems: 20 })),
    facts: Type.Optional(Type.Array(Fact, { maxItems: 50 })),
    tried: Type.Optional(Type.Array(Attempt, { maxItems: 50 })),
  },
  { additionalProperties: false },
);
export type HandoffPacket = Static<typeof HandoffPacket>;

/** What the consultant hands back with the conversation. */
export const ReturnPacket = Type.Object(
  {
    outcome: Type.Optional(Type.String({ maxLength: 100 })),
    comment: Type.Optional(Type.String({ maxLength: 4_000 })),
    facts: Type.Optional(Type.Array(Fact, { maxItems: 50 })),
    promises: Type.Optional(Type.Array(Type.String({ maxLength: 500 }), { maxItems: 20 })),
  },
  { additionalProperties: false },
);
export type ReturnPacket = Static<typeof ReturnPacket>;

export const TransferTarget = Type.Union([
  Type.Object({ queue: QueueId }, { additionalProperties: false }),
  Type.Object({ person: PersonRef }, { additionalProperties: false }),
]);
export type TransferTarget = Static<typeof TransferTarget>;

/** Why the floor went back to the bot, or the conversation ended, without a consultant deciding it. */
export const FallbackReason = Type.Union([
  Type.Literal('queue-deadline'),
  Type.Literal('nobody-available'),
  Type.Literal('user-left'),
  Type.Literal('bot-ended'),
]);
export type FallbackReason = Static<typeof FallbackReason>;

/**
 * The kinds of entries. Everything that happens in a conversation is one of these, numbered 1, 2, 3 … without gaps.
 */
export const entryKinds = {
  /** The user, the bot or a consultant said something; `by` tells who. */
  message: entry('message', {
    text: Text,
    attachments: Type.Optional(Type.Array(Attachment, { maxItems: 10 })),
    /** The bot's own words about the handoff ("you are now talking to Ana"), said while a human holds the floor. */
    notice: Type.Optional(Type.Literal(true)),
  }),
  /** A line that was refused because its speaker no longer held the floor. The user never saw it. */
  suppressed: entry('suppressed', {
    text: Text,
    spokenUnder: Type.Integer({ minimum: 0, description: 'epoch the speaker believed in' }),
  }),
  'handoff-requested': entry('handoff-requested', {
    handoff: Type.Integer(),
    queue: QueueId,
    packet: HandoffPacket,
    user: User,
    deadline: Type.Optional(Time),
  }),
  offered: entry('offered', { to: PersonRef, until: Time }),
  'offer-declined': entry('offer-declined', { reason: Type.String({ maxLength: 500 }) }),
  'offer-expired': entry('offer-expired', { to: PersonRef }),
  accepted: entry('accepted', { consultant: PersonRef, uninvited: Type.Optional(Type.Literal(true)), queue: QueueId }),
  note: entry('note', { text: Text }),
  transferred: entry('transferred', {
    to: TransferTarget,
    queue: QueueId,
    comment: Type.Optional(Type.String({ maxLength: 4_000 })),
    deadline: Type.Optional(Time),
  }),
  /** Back to a queue by the desk: the holder is gone, the bot did not take it, or another queue's deadline passed. */
  requeued: entry('requeued', {
    queue: QueueId,
    reason: Type.String({ maxLength: 200 }),
    deadline: Type.Optional(Time),
  }),
  returned: entry('returned', {
    packet: ReturnPacket,
    fallback: Type.Optional(FallbackReason),
    /** Until when the bot's side may receive it; then the desk takes it back. Only where a person gave it. */
    deadline: Type.Optional(Time),
  }),
  closed: entry('closed', {
    outcome: Type.String({ maxLength: 100 }),
    comment: Type.Optional(Type.String({ maxLength: 4_000 })),
    fallback: Type.Optional(FallbackReason),
  }),
  'user-left': entry('user-left', {}),
  rated: entry('rated', {
    score: Type.Integer({ minimum: 1, maximum: 5 }),
    comment: Type.Optional(Type.String({ maxLength: 2_000 })),
  }),
  'delivery-failed': entry('delivery-failed', {
    of: Type.Integer({ description: 'seq of the first entry that could not be delivered' }),
    reason: Type.String({ maxLength: 500 }),
  }),
} as const;

export type EntryKind = keyof typeof entryKinds;

export type EntryOf<K extends EntryKind> = Static<(typeof entryKinds)[K]>;

export const Entry = Type.Union(Object.values(entryKinds) as unknown as [TSchema, ...TSchema[]], {
  discriminator: { propertyName: 'kind' },
});
export type Entry = { [K in EntryKind]: EntryOf<K> }[EntryKind];

/** A line of text that the user reads or wrote. */
export function isSpoken(entry: Entry): entry is EntryOf<'message'> {
  return entry.kind === 'message';
}

/** Whether the bot's side still has to hear of this entry: the delivery cursor counts these. */
export function isOutbound(entry: Entry): boolean {
  switch (entry.kind) {
    case 'message':
      return entry.by.type === 'person';
    case 'accepted':
    case 'transferred':
    case 'requeued':
      return true;
    case 'returned':
    case 'closed':
      // What the bot's side did itself it need not be told.
      return entry.by.type === 'person' || entry.by.type === 'desk';
    default:
      return false;
  }
}

/**
 * Ids are namespaced by who made them, so that a user's id never meets a consultant's.
 * @param id as its sender made it
 */
export function entryId(sender: Actor['type'], id: string): string {
  return `${sender[0]}:${id}`;
}

type EntryFrame<K extends string> = {
  seq: ReturnType<typeof Type.Integer>;
  id: typeof EntryId;
  at: typeof Time;
  epoch: ReturnType<typeof Type.Integer>;
  by: typeof Actor;
  kind: ReturnType<typeof Type.Literal<K>>;
};

function entry<K extends string, P extends TProperties>(kind: K, properties: P): TObject<EntryFrame<K> & P> {
  return Type.Object(
    {
      seq: Type.Integer({ minimum: 1 }),
      id: EntryId,
      at: Time,
      epoch: Type.Integer({ minimum: 0, description: 'the floor under which it was made' }),
      by: Actor,
      kind: Type.Literal(kind),
      ...properties,
    },
    { additionalProperties: false },
  );
}
