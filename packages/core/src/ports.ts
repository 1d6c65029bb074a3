import type { AbilityName, Conversation, Entry, HolderState, TranscriptHit, TranscriptsQuery } from '@parley/contracts';

/**
 * The store of one client organisation. A handle sees that client and nothing else.
 * It promises what its weakest adapter keeps: atomic within one conversation, never across two.
 * Failures of the medium reject with `StoreUnavailable`; nothing of the call has happened then, or all of it.
 *
 * A head is a value: one object is handed out to everybody, and the one given to `commit` may be handed out from then on.
 * Nobody changes either, nor anything in them; the next head is a new object (it may share parts with the one before).
 * Where several processes share a store, a read may miss what another one committed in the present turn of the event loop;
 * `commit` judges by what is stored.
 */
export interface Store {
  head(id: string): Promise<Conversation | undefined>;

  /** The entry made under this id, if any: repeating an id must have no second effect. Ids are unique per conversation. */
  find(id: string, entryId: string): Promise<Entry | undefined>;

  /**
   * Makes one change durable: the new head and its entries, all or nothing.
   * Commits called in one turn of the event loop may share a transaction; each is judged on its own.
   *
   * @param expected version the change was decided on; 0 where there is no head yet
   * @param next head with `version === expected + 1` and `seq === last seq + entries.length`; nobody changes it from now on
   * @param entries numbered without a gap from the previous `seq + 1`
   * @returns `conflict` when the head has another version, else `repeated` when an entry id is taken; nothing is changed then
   * @throws RangeError when the numbers do not fit together: a mistake of the caller
   */
  commit(
    expected: number,
    next: Conversation,
    entries: readonly Entry[],
  ): Promise<'committed' | 'conflict' | 'repeated'>;

  /** Entries in order of `seq`. With `before`, the page that ends just before it; else the page after `after` (default 0). */
  entries(id: string, range: { after?: number; before?: number; limit: number }): Promise<Entry[]>;

  /** Heads by state, oldest `holder.since` first. Those without a queue (`with-bot`, `closed`) match no `queues`. */
  list(filter: ListFilter, page: { cursor?: string; limit: number }): Promise<{ items: Conversation[]; next?: string }>;

  /** How many heads match. Cheap: never reads the heads. */
  count(filter: ListFilter): Promise<number>;

  /** The end of the change feed now. */
  changeCursor(): Promise<string>;
  /** Heads committed after a cursor, each at most once with its newest state, oldest change first. */
  changes(since: string, limit: number): Promise<{ items: Conversation[]; cursor: string; more: boolean }>;

  /** Heads with `dueAt <= now`, earliest first. */
  due(now: number, limit: number): Promise<Conversation[]>;
  /**
   * Heads with `delivery.outSeq > delivery.deliveredSeq` and no failure, in an order that does not change. One that becomes
   * undelivered while somebody pages may be left out.
   */
  undelivered(page: { cursor?: string; limit: number }): Promise<{ items: Conversation[]; next?: string }>;

  /**
   * Newest `updatedAt` first. `text` matches when all its words (the last also as a prefix) occur anywhere in what was
   * said, noted or given as a reason; a text without a word finds nothing. A snippet marks hits with U+E000 before and U+E001 after.
   * `from` and `to` (inclusive) keep what was open at some time between them; `consultant` who holds it or ever held it;
   * `queue` where it is or ever was; `outcome` that of a closed one; `handoff: false` restricts nothing.
   */
  search(query: TranscriptsQuery & { limit: number }): Promise<{ items: TranscriptHit[]; next?: string }>;
  /** Conversations with the same user of the same channel, newest `openedAt` first. */
  ofUser(channel: string, userId: string, limit: number): Promise<Conversation[]>;

  /** Small records that are no log: drafts, presence, settings. `kind` and `key` are at most 200 characters. */
  document<T>(kind: string, key: string): Promise<T | undefined>;
  documents<T>(kind: string): Promise<{ key: string; value: T }[]>;
  putDocument(kind: string, key: string, value: unknown): Promise<void>;
  deleteDocument(kind: string, key: string): Promise<void>;

  /** Appends to the audit log; durable when it resolves. */
  audit(record: AuditRecord): Promise<void>;
  /** Audit records, oldest first. */
  audits(range: { after?: number; limit: number }): Promise<(AuditRecord & { n: number })[]>;
}

/** Opens stores; a client that was never seen gets an empty one. */
export interface Stores {
  open(client: string): Promise<Store>;
  /** Waits for what is under way, then lets go of files and sockets. */
  close(): Promise<void>;
}

export type ListFilter = {
  states: readonly HolderState[];
  queues?: readonly string[];
  /** Assigned to this person. */
  consultant?: string;
};

export type AuditRecord = {
  at: number;
  by: { type: 'person' | 'bot' | 'desk'; id: string; name?: string };
  /** `conversation.read`, `conversation.export`, … */
  what: string;
  /** Id of what it was done to. */
  of?: string;
  why?: string;
};

/** The medium is full, gone or failing. Maps to `storage-unavailable`. */
export class StoreUnavailable extends Error {
  override name = 'StoreUnavailable';
}

/** What the machine gives: time, waiting and chance. Injected, so that a whole desk can run in a simulation. */
export interface Host {
  /** Wall clock in ms since the epoch; for display, and never for order or ownership. */
  now(): number;
  /** Ms that only ever grow, at the pace of real time; for leases, graces and pauses. */
  steady(): number;
  /** Calls `run` once after `ms`. @returns what cancels it */
  after(ms: number, run: () => void): () => void;
  /** At least 0, below 1. */
  random(): number;
  /** A fresh id, unique everywhere. */
  newId(): string;
}

export type Caller = {
  type: 'person';
  id: string;
  name: string;
  roles: readonly string[];
  /** Queues the person serves. */
  queues: readonly string[];
  /** Conversations held now, and the most the person takes. */
  load: number;
  capacity: number;
};

export type { AbilityName };
