import { Type, type Static, type TSchema } from 'typebox';
import { PersonRef, Presence, PresenceState, Role } from './actors.ts';
import { Abilities, Conversation, Delivery } from './conversation.ts';
import { Entry, ReturnPacket } from './entries.ts';
import { ClientId, ConversationId, Cursor, MessageId, PersonId, QueueId, Text, Time, Utterance } from './ids.ts';

const closed = { additionalProperties: false } as const;

export const Queue = Type.Object(
  {
    id: QueueId,
    name: Type.String({ minLength: 1, maxLength: 100 }),
    /** Needs-reply thresholds in seconds: when a row turns to warning, and when the promise is broken. */
    warnAfter: Type.Integer({ minimum: 1 }),
    dueAfter: Type.Integer({ minimum: 1 }),
  },
  closed,
);
export type Queue = Static<typeof Queue>;

export const Outcome = Type.Object(
  { id: Type.String({ pattern: '^[a-z][a-z0-9-]{0,40}$' }), name: Type.String({ minLength: 1, maxLength: 100 }) },
  closed,
);
export type Outcome = Static<typeof Outcome>;

export const CannedReply = Type.Object(
  { id: Type.String(), title: Type.String({ maxLength: 100 }), text: Text },
  closed,
);
export type CannedReply = Static<typeof CannedReply>;

/** A bot of the client, and whether the desk reaches it. */
export const BotState = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    /** It does not answer: since when, and why. What is said to it waits, and is sent in order when it answers again. */
    down: Type.Optional(Type.Object({ since: Time, reason: Type.String({ maxLength: 500 }) }, closed)),
  },
  closed,
);
export type BotState = Static<typeof BotState>;

/** `GET /v1/session`: who I am and what this client's desk looks like. */
export const Session = Type.Object(
  {
    me: Type.Object({ ...PersonRef.properties, roles: Type.Array(Role) }, closed),
    client: Type.Object({ id: ClientId, name: Type.String() }, closed),
    presence: Presence,
    queues: Type.Array(Queue),
    outcomes: Type.Array(Outcome),
    bots: Type.Array(BotState),
    replies: Type.Array(CannedReply),
    /** Desk-wide abilities. */
    can: Type.Object({ consult: Type.Boolean(), supervise: Type.Boolean(), administer: Type.Boolean() }, closed),
    serverTime: Time,
  },
  closed,
);
export type Session = Static<typeof Session>;

/** `PUT /v1/session/presence` */
export const PresenceBody = Type.Object({ state: PresenceState }, closed);
export type PresenceBody = Static<typeof PresenceBody>;

/** `GET /v1/people`: colleagues with their presence, for transfers. */
export const People = Type.Object({ items: Type.Array(Presence) }, closed);
export type People = Static<typeof People>;

/** `waiting`: queued in queues I serve. `mine`: assigned to me. `live`: everything not closed (supervisors). */
export const View = Type.Union([Type.Literal('waiting'), Type.Literal('mine'), Type.Literal('live')]);
export type View = Static<typeof View>;

const pageQuery = { cursor: Type.Optional(Cursor), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })) };

/** `GET /v1/conversations` */
export const ConversationsQuery = Type.Object({ view: View, ...pageQuery }, closed);
export type ConversationsQuery = Static<typeof ConversationsQuery>;

export const ConversationPage = Type.Object(
  {
    items: Type.Array(Conversation),
    /** Next page, absent on the last. */
    next: Type.Optional(Cursor),
    /** Where to go on from with `GET /v1/changes?since=`; taken before the page was read. */
    changes: Cursor,
  },
  closed,
);
export type ConversationPage = Static<typeof ConversationPage>;

/** `GET /v1/changes`: heads changed since a cursor, as far as the caller may see them. */
export const ChangesQuery = Type.Object({ since: Cursor, limit: pageQuery.limit }, closed);
export type ChangesQuery = Static<typeof ChangesQuery>;
export const Changes = Type.Object(
  {
    items: Type.Array(Conversation),
    /** Conversations that changed and that the caller no longer sees in any list, with the version since which that is so. */
    gone: Type.Array(Type.Object({ id: ConversationId, version: Type.Integer({ minimum: 0 }) }, closed)),
    changes: Cursor,
    more: Type.Boolean(),
  },
  closed,
);
export type Changes = Static<typeof Changes>;

/** One earlier episode with the same user, for the context pane. */
export const Earlier = Type.Object(
  {
    id: ConversationId,
    reason: Type.Optional(Type.String()),
    at: Time,
    endedAt: Type.Optional(Time),
    consultant: Type.Optional(Type.String()),
    outcome: Type.Optional(Type.String()),
    rating: Type.Optional(Type.Integer()),
  },
  closed,
);
export type Earlier = Static<typeof Earlier>;

export const Draft = Type.Object(
  {
    text: Type.String({ maxLength: 16_000 }),
    mode: Type.Union([Type.Literal('reply'), Type.Literal('note')]),
    savedAt: Time,
  },
  closed,
);
export type Draft = Static<typeof Draft>;

/** `GET /v1/conversations/{id}`: the head, what I may do, the newest entries and my draft. Reading it is audited. */
export const ConversationView = Type.Object(
  {
    conversation: Conversation,
    abilities: Abilities,
    /** The newest entries, oldest first. */
    entries: Type.Array(Entry as unknown as TSchema),
    earlier: Type.Array(Earlier),
    draft: Type.Optional(Draft),
  },
  closed,
);
export type ConversationView = {
  conversation: Conversation;
  abilities: Abilities;
  entries: Entry[];
  earlier: Earlier[];
  draft?: Draft;
};

/** `GET /v1/conversations/{id}/entries` */
export const EntriesQuery = Type.Object(
  {
    after: Type.Optional(Type.Integer({ minimum: 0 })),
    before: Type.Optional(Type.Integer({ minimum: 1 })),
    limit: pageQuery.limit,
  },
  closed,
);
export type EntriesQuery = Static<typeof EntriesQuery>;
export const EntryPage = Type.Object(
  { conversation: Conversation, entries: Type.Array(Entry as unknown as TSchema) },
  closed,
);
export type EntryPage = { conversation: Conversation; entries: Entry[] };

/** `GET /v1/conversations/{id}/entries/{seq}/ledger`: when what became of a line. A time that is absent is not known. */
export const EntryLedger = Type.Object(
  {
    seq: Type.Integer({ minimum: 1 }),
    /** `stored` is all that is ever said of an entry that the bot's side is not told. */
    state: Type.Union([
      Type.Literal('stored'),
      Type.Literal('delivered'),
      Type.Literal('seen'),
      Type.Literal('failed'),
    ]),
    outbound: Type.Boolean(),
    /** By the clock of the device it was written on. */
    composedAt: Type.Optional(Time),
    storedAt: Time,
    /** Oldest first; the oldest of very many are forgotten. */
    tries: Type.Array(
      Type.Object(
        {
          at: Time,
          /** Milliseconds. */
          took: Type.Integer({ minimum: 0 }),
          /** Why it failed; absent where the bot's side took it. */
          reason: Type.Optional(Type.String()),
        },
        closed,
      ),
    ),
    deliveredAt: Type.Optional(Time),
    seenAt: Type.Optional(Time),
    failed: Type.Optional(Delivery.properties.failed),
    /** The next try, while the last one failed. */
    retry: Type.Optional(Delivery.properties.retry),
  },
  closed,
);
export type EntryLedger = Static<typeof EntryLedger>;

/** A committed change: the answer of every command, and what the hub pushes. */
export const Change = Type.Object(
  { conversation: Conversation, entries: Type.Array(Entry as unknown as TSchema) },
  closed,
);
export type Change = { conversation: Conversation; entries: Entry[] };

/** Answer of a command: the change, and what the caller may do now. */
export const CommandAnswer = Type.Object(
  { ...Change.properties, abilities: Abilities, repeated: Type.Optional(Type.Literal(true)) },
  closed,
);
export type CommandAnswer = Change & { abilities: Abilities; repeated?: true };

/** Bodies of `POST /v1/conversations/{id}/{command}`. `id` is made by the caller; repeating it has no second effect. */
export const commandBodies = {
  claim: Type.Object({ id: MessageId }, closed),
  decline: Type.Object({ id: MessageId, reason: Type.String({ minLength: 1, maxLength: 500 }) }, closed),
  reply: Type.Object(
    {
      id: MessageId,
      text: Utterance,
      epoch: Type.Integer({ minimum: 0, description: 'the epoch on screen when it was written' }),
      /** When it was written, by the clock of the device; for the ledger only. */
      composedAt: Type.Optional(Time),
    },
    closed,
  ),
  note: Type.Object({ id: MessageId, text: Utterance }, closed),
  'retry-delivery': Type.Object({ id: MessageId }, closed),
  transfer: Type.Object(
    {
      id: MessageId,
      to: Type.Union([Type.Object({ queue: QueueId }, closed), Type.Object({ person: PersonId }, closed)]),
      comment: Type.Optional(Type.String({ maxLength: 4_000 })),
    },
    closed,
  ),
  return: Type.Object({ id: MessageId, packet: ReturnPacket }, closed),
  close: Type.Object(
    { id: MessageId, outcome: Outcome.properties.id, comment: Type.Optional(Type.String({ maxLength: 4_000 })) },
    closed,
  ),
} as const;
export type CommandName = keyof typeof commandBodies;
export type CommandBody<C extends CommandName> = Static<(typeof commandBodies)[C]>;

/** `PUT /v1/conversations/{id}/draft`; an empty text deletes it. */
export const DraftBody = Type.Object({ text: Type.String({ maxLength: 16_000 }), mode: Draft.properties.mode }, closed);
export type DraftBody = Static<typeof DraftBody>;

/** `GET /v1/transcripts`: search over everything the client's desk has kept (supervisors). */
export const TranscriptsQuery = Type.Object(
  {
    text: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    from: Type.Optional(Time),
    to: Type.Optional(Time),
    state: Type.Optional(
      Type.Union([Type.Literal('with-bot'), Type.Literal('queued'), Type.Literal('assigned'), Type.Literal('closed')]),
    ),
    outcome: Type.Optional(Type.String({ maxLength: 100 })),
    consultant: Type.Optional(PersonId),
    queue: Type.Optional(QueueId),
    channel: Type.Optional(Type.String({ maxLength: 40 })),
    /** Only conversations that a human was asked for. */
    handoff: Type.Optional(Type.Boolean()),
    ...pageQuery,
  },
  closed,
);
export type TranscriptsQuery = Static<typeof TranscriptsQuery>;

export const TranscriptHit = Type.Object(
  {
    conversation: Conversation,
    snippet: Type.Optional(
      Type.String({ description: 'a passage in plain text; hits stand between U+E000 and U+E001' }),
    ),
  },
  closed,
);
export type TranscriptHit = Static<typeof TranscriptHit>;
export const TranscriptPage = Type.Object({ items: Type.Array(TranscriptHit), next: Type.Optional(Cursor) }, closed);
export type TranscriptPage = Static<typeof TranscriptPage>;

/** `GET /v1/conversations/{id}/export?format=`; `transcript` is the Bot Framework's `.transcript` file. */
export const ExportQuery = Type.Object(
  { format: Type.Union([Type.Literal('json'), Type.Literal('text'), Type.Literal('transcript')]) },
  closed,
);
export type ExportQuery = Static<typeof ExportQuery>;

/** `GET /v1/overview`: gauges of now (supervisors). */
export const Overview = Type.Object(
  {
    queues: Type.Array(
      Type.Object(
        {
          queue: Queue,
          waiting: Type.Integer(),
          longestWaitSince: Type.Optional(Time),
          assigned: Type.Integer(),
          available: Type.Integer(),
        },
        closed,
      ),
    ),
    withBot: Type.Integer(),
  },
  closed,
);
export type Overview = Static<typeof Overview>;

/** `GET /v1/public/clients/{client}/sign-in`: what MSAL needs, before anybody is signed in. */
export const SignIn = Type.Object(
  {
    client: Type.Object({ id: ClientId, name: Type.String() }, closed),
    authority: Type.String(),
    appId: Type.String(),
    scopes: Type.Array(Type.String()),
    knownAuthorities: Type.Optional(Type.Array(Type.String())),
    /** OpenID metadata as JSON text, for authorities MSAL cannot discover itself. */
    authorityMetadata: Type.Optional(Type.String()),
  },
  closed,
);
export type SignIn = Static<typeof SignIn>;
