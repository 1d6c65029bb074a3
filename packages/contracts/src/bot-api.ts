import { Type, type Static } from 'typebox';
import { User } from './actors.ts';
import { Attachment, HandoffPacket, ReturnPacket } from './entries.ts';
import { Channel, ChannelConversation, ConversationId, EntryId, MessageId, QueueId, Text, Time } from './ids.ts';

/** The conversation as the bot knows it. */
const place = { channel: Channel, conversation: ChannelConversation };

/** One line of the user or the bot. `id` is the channel's activity id: a channel's retry is harmless. */
export const Turn = Type.Object(
  {
    ...place,
    id: MessageId,
    speaker: Type.Union([Type.Literal('user'), Type.Literal('bot')]),
    text: Text,
    attachments: Type.Optional(Type.Array(Attachment, { maxItems: 10 })),
    user: User,
    /** When it was said; displayed only. */
    at: Type.Optional(Time),
    /** Bot only: the desk's seq of the handoff or status this line announces. Lets the bot say "you are now talking to Ana" while a human holds the floor. */
    announces: Type.Optional(Type.Integer({ minimum: 1 })),
  },
  { additionalProperties: false },
);
export type Turn = Static<typeof Turn>;

export const Floor = Type.Union([Type.Literal('bot'), Type.Literal('human')]);
export type Floor = Static<typeof Floor>;

/** `POST /v1/bot/turns`: records turns; the answer says who speaks next. */
export const TurnsBody = Type.Object(
  { turns: Type.Array(Turn, { minItems: 1, maxItems: 100 }) },
  { additionalProperties: false },
);
export type TurnsBody = Static<typeof TurnsBody>;

export const TurnResult = Type.Object(
  {
    id: MessageId,
    conversation: ConversationId,
    /** `stored`, `repeated` (same id before), `suppressed` (the bot spoke while a human holds the floor: do not show it), or `refused` with a code. */
    outcome: Type.Union([
      Type.Literal('stored'),
      Type.Literal('repeated'),
      Type.Literal('suppressed'),
      Type.Literal('refused'),
    ]),
    code: Type.Optional(Type.String()),
    seq: Type.Optional(Type.Integer()),
    /** `human`: the bot stays silent. `bot`: the bot answers. */
    floor: Floor,
  },
  { additionalProperties: false },
);
export type TurnResult = Static<typeof TurnResult>;

export const TurnsAnswer = Type.Object({ results: Type.Array(TurnResult) }, { additionalProperties: false });
export type TurnsAnswer = Static<typeof TurnsAnswer>;

/** `POST /v1/bot/handoffs`: the bot asks for a human. Repeating it while one is queued or assigned changes nothing. */
export const HandoffBody = Type.Object(
  {
    ...place,
    id: MessageId,
    user: User,
    queue: Type.Optional(QueueId),
    packet: HandoffPacket,
    /** Lines the desk may not have yet; recorded first, de-duplicated by id. */
    turns: Type.Optional(Type.Array(Turn, { maxItems: 100 })),
  },
  { additionalProperties: false },
);
export type HandoffBody = Static<typeof HandoffBody>;

export const HandoffAnswer = Type.Object(
  {
    conversation: ConversationId,
    state: Type.Union([Type.Literal('queued'), Type.Literal('assigned')]),
    queue: QueueId,
    /** Conversations waiting before this one in its queue. */
    ahead: Type.Integer({ minimum: 0 }),
    /** Consultants available in the queue now. 0 lets the bot tell the user the truth. */
    available: Type.Integer({ minimum: 0 }),
    floor: Floor,
    /** Where the request stands in the log. A bot line that `announces` it may still reach the user: "you are second in line". */
    seq: Type.Integer({ minimum: 1 }),
  },
  { additionalProperties: false },
);
export type HandoffAnswer = Static<typeof HandoffAnswer>;

/** `POST /v1/bot/receipts`: the user's device has shown everything up to `seq`. */
export const ReceiptBody = Type.Object(
  { ...place, seenSeq: Type.Integer({ minimum: 1 }) },
  { additionalProperties: false },
);
export type ReceiptBody = Static<typeof ReceiptBody>;

/** `POST /v1/bot/signals`: things never stored. */
export const SignalBody = Type.Object({ ...place, kind: Type.Literal('typing') }, { additionalProperties: false });
export type SignalBody = Static<typeof SignalBody>;

/** `POST /v1/bot/endings`: the user left, or the bot ended the conversation. */
export const EndingBody = Type.Object(
  { ...place, id: MessageId, reason: Type.Union([Type.Literal('user-left'), Type.Literal('bot-ended')]) },
  { additionalProperties: false },
);
export type EndingBody = Static<typeof EndingBody>;

/** `POST /v1/bot/ratings` */
export const RatingBody = Type.Object(
  {
    ...place,
    id: MessageId,
    score: Type.Integer({ minimum: 1, maximum: 5 }),
    comment: Type.Optional(Type.String({ maxLength: 2_000 })),
  },
  { additionalProperties: false },
);
export type RatingBody = Static<typeof RatingBody>;

/** Answer of receipts, endings and ratings, and of `GET /v1/bot/floor?channel=&conversation=`. */
export const FloorAnswer = Type.Object(
  { conversation: ConversationId, floor: Floor, seq: Type.Integer() },
  { additionalProperties: false },
);
export type FloorAnswer = Static<typeof FloorAnswer>;

/** What the desk says to the bot's side, in order, one POST in flight per conversation. */
export const OutboundEntry = Type.Union([
  Type.Object(
    {
      kind: Type.Literal('message'),
      seq: Type.Integer(),
      id: EntryId,
      at: Time,
      from: Type.Object({ name: Type.String() }, { additionalProperties: false }),
      text: Text,
      attachments: Type.Optional(Type.Array(Attachment)),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      kind: Type.Literal('status'),
      seq: Type.Integer(),
      id: EntryId,
      at: Time,
      /** The three states of the Bot Framework, and two of ours that it must ignore if unknown. */
      state: Type.Union([
        Type.Literal('accepted'),
        Type.Literal('completed'),
        Type.Literal('failed'),
        Type.Literal('transferred'),
        Type.Literal('requeued'),
      ]),
      consultant: Type.Optional(Type.Object({ name: Type.String() }, { additionalProperties: false })),
      queue: Type.Optional(QueueId),
      /** Why it failed. */
      reason: Type.Optional(Type.String()),
      /** `completed`: what the consultant hands back. `returned` says whether the bot is to go on with the user. */
      packet: Type.Optional(ReturnPacket),
      returned: Type.Optional(Type.Boolean()),
    },
    { additionalProperties: false },
  ),
]);
export type OutboundEntry = Static<typeof OutboundEntry>;

/**
 * Body of the callback, signed by Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature: v1,…`).
 * `entries` may repeat after a lost answer: drop those with a `seq` already shown. 2xx means delivered.
 */
export const CallbackBody = Type.Union([
  Type.Object(
    {
      type: Type.Literal('conversation.entries'),
      id: ConversationId,
      ...place,
      floor: Floor,
      epoch: Type.Integer(),
      entries: Type.Array(OutboundEntry, { minItems: 1, maxItems: 100 }),
    },
    { additionalProperties: false },
  ),
  /** Best effort, never repeated. */
  Type.Object(
    {
      type: Type.Literal('conversation.typing'),
      id: ConversationId,
      ...place,
      from: Type.Object({ name: Type.String() }, { additionalProperties: false }),
    },
    { additionalProperties: false },
  ),
]);
export type CallbackBody = Static<typeof CallbackBody>;
