import { Type, type Static } from 'typebox';

/** Slug of a client organisation: `contoso`. It names the door (`/{client}`), never grants anything. */
export const ClientId = Type.String({ pattern: '^[a-z][a-z0-9-]{1,30}$' });
export type ClientId = Static<typeof ClientId>;

/** Derived from (client, bot, channel, channel conversation), so concurrent first messages meet in one conversation. */
export const ConversationId = Type.String({ pattern: '^c_[0-9a-z]{26}$' });
export type ConversationId = Static<typeof ConversationId>;

/** Made by the sender of a message or command; repeating it has no second effect. */
export const MessageId = Type.String({ minLength: 1, maxLength: 128, pattern: '^[\\x21-\\x7e]+$' });
export type MessageId = Static<typeof MessageId>;

/** Id of an entry: the sender's id behind a letter for who the sender is (`entryId`). */
export const EntryId = Type.String({ minLength: 3, maxLength: 160 });

/** Entra object id of a person; unique together with the client. */
export const PersonId = Type.String({ pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' });
export type PersonId = Static<typeof PersonId>;

export const QueueId = Type.String({ pattern: '^[a-z][a-z0-9-]{0,40}$' });
export type QueueId = Static<typeof QueueId>;

/** Milliseconds since 1970-01-01T00:00:00Z. Displayed only; never used for order or ownership. */
export const Time = Type.Integer({ minimum: 0 });
export type Time = Static<typeof Time>;

/** Position in a list of changes; opaque, made by the store. */
export const Cursor = Type.String({ minLength: 1, maxLength: 512 });
export type Cursor = Static<typeof Cursor>;

/** What somebody said. Control characters other than tab and line breaks are refused at the door. */
export const Text = Type.String({
  minLength: 1,
  maxLength: 16_000,
  pattern: '^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f]*$',
});
/** What a consultant says: with at least one character that can be seen. */
export const Utterance = Type.String({
  minLength: 1,
  maxLength: 16_000,
  pattern: '^(?=[^]*\\S)[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f]*$',
});

/** Channel name as the bot knows it: `directline`, `msteams`, `webchat`. */
export const Channel = Type.String({ pattern: '^[a-z0-9-]{1,40}$' });

/** The channel's own id of the conversation. */
export const ChannelConversation = Type.String({ minLength: 1, maxLength: 512 });
