import { createHash } from 'node:crypto';
import type { Conversation, Entry } from '@parley/contracts';
import { factsOf, type TranscriptFacts } from '../facts.ts';
import { consultantOf, isUndelivered, queueOfHolder } from '../rules.ts';
import { textOf, wordsOf } from '../words.ts';

/** The documents in the containers, and how their names are made. */

/** A value as it is, or its JSON where Cosmos might not keep it: text with half a surrogate pair is no UTF-8. */
export type Packed<T> = { value: T } | { json: string };

/** Head of a conversation, id `head`. */
export type HeadDocument = {
  id: 'head';
  conversation: string;
  client: string;
  type: 'head';
  version: number;
  seq: number;
  /** Pages with more than one entry: ids in them are not guarded by a document of their own. */
  packs: number;
  /** One for each of the last commits, newest last: tells who made which version. */
  tokens: string[];
  head: Packed<Conversation>;
};

/** One entry, named after its id; or a page of them, named after its first number. */
export type EntriesDocument = {
  id: string;
  conversation: string;
  type: 'entries';
  first: number;
  last: number;
  /** Of the commit that made it. */
  token?: string;
  /** Names of the entries in a page of several. */
  names?: string[];
  entries: Packed<Entry[]>;
};

/** What lists and searches need of a conversation: its newest head, and what is looked for. */
export type ProjectionDocument = {
  id: string;
  partition: string;
  type: 'conversation';
  conversation: string;
  version: number;
  seq: number;
  change: number;
  /** State, time and id: one range index serves every list in its order. */
  place: string;
  queue?: string;
  consultant?: string;
  due?: number;
  /** The conversation's id where something is: an order that does not change, and nothing to index elsewhere. */
  undelivered?: string;
  user: string;
  opened: string;
  updated: string;
  facts: TranscriptFacts;
  words: string[];
  head: Packed<Conversation>;
};

/** More of them are not indexed: an item has at most 2 MB, and each word costs. */
export const mostWords = 10_000;

export function packed<T>(value: T): Packed<T> {
  const json = JSON.stringify(value);
  return /\\u(?:d[89a-f]|0000)/i.test(json) ? { json } : { value: JSON.parse(json) as T };
}

export function unpacked<T>(packed: Packed<T>): T {
  return 'json' in packed ? (JSON.parse(packed.json) as T) : packed.value;
}

/** A name that may stand in an id and in a URL, whatever the text is. */
export function nameOf(...parts: string[]): string {
  // JSON, since half a surrogate pair has no bytes of its own.
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

export function projectionId(conversation: string): string {
  return `c.${/^[\w-]{1,200}$/.test(conversation) ? conversation : nameOf(conversation)}`;
}

export function placeOf(state: string, since: number, id: string): string {
  return `${state} ${timed(since, id)}`;
}

/** Sorts by time, then by id. */
export function timed(time: number, id: string): string {
  return `${String(time).padStart(16, '0')} ${id.toWellFormed()}`;
}

export function projectionOf(
  client: string,
  head: Conversation,
  change: number,
  known: { facts: TranscriptFacts; words: ReadonlySet<string> },
): ProjectionDocument {
  const queue = queueOfHolder(head);
  const consultant = consultantOf(head);
  return {
    id: projectionId(head.id),
    partition: client,
    type: 'conversation',
    conversation: head.id,
    version: head.version,
    seq: head.seq,
    change,
    place: placeOf(head.holder.state, head.holder.since, head.id),
    ...(queue !== undefined && { queue }),
    ...(consultant !== undefined && { consultant }),
    ...(head.dueAt !== undefined && { due: head.dueAt }),
    ...(isUndelivered(head) && { undelivered: head.id.toWellFormed() }),
    user: nameOf(head.channel, head.user.id),
    opened: timed(head.openedAt, head.id),
    updated: timed(head.updatedAt, head.id),
    facts: known.facts,
    words: [...known.words],
    head: packed(head),
  };
}

/** What a search asks about, once these entries are added to what was known. */
export function learn(
  head: Conversation,
  entries: readonly Entry[],
  known?: { facts: TranscriptFacts; words: ReadonlySet<string> },
): { facts: TranscriptFacts; words: Set<string> } {
  const words = new Set(known?.words);
  for (const entry of entries)
    for (const word of wordsOf(textOf(entry) ?? '')) {
      if (words.size >= mostWords) break;
      words.add(word.toWellFormed());
    }
  return { facts: factsOf(head, entries, known?.facts), words };
}

/** Texts of the facts are what the desk itself names; a query with half a surrogate pair finds nothing, and breaks nothing. */
export function asked(text: string): string {
  return text.toWellFormed();
}
