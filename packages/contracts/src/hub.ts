import type { PersonRef, Presence } from './actors.ts';
import type { Delivery } from './conversation.ts';
import type { BotState, Change, Changes } from './people-api.ts';

/** Facts and signals the hub pushes. Facts are hints: the log behind the HTTP API is the truth. */
export interface HubEvents {
  /** A committed change of a conversation that this connection watches. Apply when its first entry is the next one; else fetch. */
  change(change: Change): void;
  /** Heads of conversations in the caller's lists, coalesced; not sent for conversations that this connection watches. */
  list(changes: ListChange): void;
  /** Delivery marks of watched conversations, coalesced. */
  marks(marks: { items: Mark[] }): void;
  /** Every 15 s: the head numbers of what is watched, and the list cursor, so that a lost last push is noticed. */
  heads(heads: { items: { id: string; seq: number; version: number }[]; changes: string }): void;
  /** Never stored. */
  signal(signal: Signal): void;
  presence(presence: { items: Presence[] }): void;
  /** All bots of the client, whenever one ceases to answer or answers again. */
  bots(bots: { items: BotState[] }): void;
}

export type ListChange = Pick<Changes, 'items' | 'gone'>;

export type Mark = { id: string; version: number; delivery: Delivery };

/** `typing` expires by itself after 6 s. `viewing` lists who has the conversation open now. */
export type Signal =
  | { kind: 'typing'; conversation: string; by: { type: 'user' } | { type: 'person'; person: PersonRef } }
  | { kind: 'viewing'; conversation: string; people: PersonRef[] };

/** What a connection may call. Commands go over HTTP; these are signals. */
export interface HubMethods {
  /** Joins the conversation's pushes; answers the head numbers at that moment. Refused with `not-found`. */
  watch(conversation: string): Promise<{ seq: number; version: number }>;
  unwatch(conversation: string): Promise<null>;
  /** At most every 2 s. */
  typing(conversation: string): Promise<null>;
}

/** Seconds after which a typing signal is no longer shown. */
export const typingSeconds = 6;
