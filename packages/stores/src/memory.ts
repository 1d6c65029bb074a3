import type { Conversation, Entry, TranscriptHit, TranscriptsQuery } from '@parley/contracts';
import { StoreUnavailable, type AuditRecord, type ListFilter, type Store, type Stores } from '@parley/core';
import {
  checkClient,
  checkCommit,
  checkDocument,
  checkLimit,
  consultantOf,
  documentText,
  gapAfter,
  isUndelivered,
  makeCursor,
  queueOfHolder,
  readChange,
  readCursor,
} from './rules.ts';
import { factsOf, matchesFilters } from './facts.ts';
import { contains, phrasesOf, snippetOf, textOf, wordsOf, type Phrase } from './words.ts';

/**
 * Stores that live as long as the process: for tests, demonstrations and simulations.
 * Opening a client again gives the same store.
 */
export function memoryStores(): Stores {
  const stores = new Map<string, MemoryStore>();
  return {
    async open(client) {
      checkClient(client);
      const store = stores.get(client) ?? new MemoryStore();
      stores.set(client, store);
      return store;
    },
    async close() {
      for (const store of stores.values()) store.closed = true;
      stores.clear();
    },
  };
}

/** Keeps entries as JSON text, so that nothing a caller holds is shared with the store, and heads frozen. */
class MemoryStore implements Store {
  closed = false;
  #rows = new Map<string, Row>();
  #change = 0;
  #documents = new Map<string, Map<string, string>>();
  #audits: string[] = [];

  async head(id: string): Promise<Conversation | undefined> {
    this.#check();
    const row = this.#rows.get(id);
    return row?.head;
  }

  async find(id: string, entryId: string): Promise<Entry | undefined> {
    this.#check();
    const row = this.#rows.get(id);
    const seq = row?.ids.get(entryId);
    return row && seq !== undefined ? parse<Entry>(row.entries[seq - 1]!) : undefined;
  }

  async commit(
    expected: number,
    next: Conversation,
    entries: readonly Entry[],
  ): Promise<'committed' | 'conflict' | 'repeated'> {
    this.#check();
    checkCommit(expected, next, entries);
    const row = this.#rows.get(next.id);
    if ((row?.head.version ?? 0) !== expected) return 'conflict';
    if (entries.some(({ id }) => row?.ids.has(id))) return 'repeated';
    const gap = gapAfter(row?.head.seq ?? 0, next, entries.length);
    if (gap) throw gap;

    const text = JSON.stringify(next);
    const texts = entries.map((entry) => JSON.stringify(entry));
    const target: Row = row ?? {
      key: this.#rows.size + 1,
      head: next,
      change: 0,
      entries: [],
      ids: new Map(),
      words: [],
    };
    target.head = frozen(parse<Conversation>(text));
    target.change = ++this.#change;
    target.entries.push(...texts);
    for (const entry of entries) target.ids.set(entry.id, entry.seq);
    if (!row) this.#rows.set(next.id, target);
    return 'committed';
  }

  async entries(id: string, range: { after?: number; before?: number; limit: number }): Promise<Entry[]> {
    this.#check();
    checkLimit(range.limit);
    const entries = this.#rows.get(id)?.entries ?? [];
    if (range.before !== undefined) {
      const end = Math.max(0, Math.min(range.before - 1, entries.length));
      return entries.slice(Math.max(0, end - range.limit), end).map(parse<Entry>);
    }
    const start = range.after ?? 0;
    return entries.slice(start, start + range.limit).map(parse<Entry>);
  }

  async list(
    filter: ListFilter,
    page: { cursor?: string; limit: number },
  ): Promise<{ items: Conversation[]; next?: string }> {
    this.#check();
    checkLimit(page.limit);
    const position = (row: Row): [number, number] => [row.head.holder.since, row.key];
    const rows = this.#matching(filter).toSorted((a, b) => compare(position(a), position(b)));
    return this.#page(rows, position, compare, page, headOf);
  }

  async count(filter: ListFilter): Promise<number> {
    this.#check();
    return this.#matching(filter).length;
  }

  async changeCursor(): Promise<string> {
    this.#check();
    return String(this.#change);
  }

  async changes(since: string, limit: number): Promise<{ items: Conversation[]; cursor: string; more: boolean }> {
    this.#check();
    checkLimit(limit);
    const from = readChange(since);
    const newer = [...this.#rows.values()]
      .filter(({ change }) => change > from)
      .toSorted((a, b) => a.change - b.change);
    const more = newer.length > limit;
    const rows = newer.slice(0, limit);
    return { items: rows.map(headOf), cursor: String(more ? rows.at(-1)!.change : Math.max(from, this.#change)), more };
  }

  async due(now: number, limit: number): Promise<Conversation[]> {
    this.#check();
    checkLimit(limit);
    return [...this.#rows.values()]
      .filter(({ head }) => head.dueAt !== undefined && head.dueAt <= now)
      .toSorted((a, b) => a.head.dueAt! - b.head.dueAt! || a.key - b.key)
      .slice(0, limit)
      .map(headOf);
  }

  async undelivered(page: { cursor?: string; limit: number }): Promise<{ items: Conversation[]; next?: string }> {
    this.#check();
    checkLimit(page.limit);
    const rows = [...this.#rows.values()].filter(({ head }) => isUndelivered(head));
    return this.#page(rows, ({ key }) => [key, 0], compare, page, headOf);
  }

  async search(query: TranscriptsQuery & { limit: number }): Promise<{ items: TranscriptHit[]; next?: string }> {
    this.#check();
    checkLimit(query.limit);
    const phrases = query.text === undefined ? undefined : phrasesOf(query.text);
    if (phrases?.length === 0) return { items: [] };
    const position = (row: Row): [number, number] => [row.head.updatedAt, row.key];
    const newestFirst: typeof compare = (a, b) => compare(b, a);
    const rows = [...this.#rows.values()]
      .filter(
        (row) =>
          matchesFilters(row.head.updatedAt, factsOf(row.head, row.entries.map(parse<Entry>)), query) &&
          (!phrases || phrases.every((phrase) => wordsIn(row).some((words) => contains(words, phrase)))),
      )
      .toSorted((a, b) => newestFirst(position(a), position(b)));
    const page = query.cursor === undefined ? { limit: query.limit } : { limit: query.limit, cursor: query.cursor };
    return this.#page(rows, position, newestFirst, page, (row) =>
      phrases ? { conversation: row.head, snippet: snippetIn(row, phrases) } : { conversation: row.head },
    );
  }

  async ofUser(channel: string, userId: string, limit: number): Promise<Conversation[]> {
    this.#check();
    checkLimit(limit);
    return [...this.#rows.values()]
      .filter(({ head }) => head.channel === channel && head.user.id === userId)
      .toSorted((a, b) => b.head.openedAt - a.head.openedAt || b.key - a.key)
      .slice(0, limit)
      .map(headOf);
  }

  async document<T>(kind: string, key: string): Promise<T | undefined> {
    this.#check();
    checkDocument(kind, key);
    const text = this.#documents.get(kind)?.get(key);
    return text === undefined ? undefined : parse<T>(text);
  }

  async documents<T>(kind: string): Promise<{ key: string; value: T }[]> {
    this.#check();
    checkDocument(kind);
    return [...(this.#documents.get(kind) ?? [])]
      .map(([key, text]) => ({ key, value: parse<T>(text) }))
      .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  async putDocument(kind: string, key: string, value: unknown): Promise<void> {
    this.#check();
    const text = documentText(kind, key, value);
    const ofKind = this.#documents.get(kind) ?? new Map<string, string>();
    this.#documents.set(kind, ofKind.set(key, text));
  }

  async deleteDocument(kind: string, key: string): Promise<void> {
    this.#check();
    checkDocument(kind, key);
    this.#documents.get(kind)?.delete(key);
  }

  async audit(record: AuditRecord): Promise<void> {
    this.#check();
    this.#audits.push(JSON.stringify(record));
  }

  async audits(range: { after?: number; limit: number }): Promise<(AuditRecord & { n: number })[]> {
    this.#check();
    checkLimit(range.limit);
    const after = range.after ?? 0;
    return this.#audits
      .slice(after, after + range.limit)
      .map((text, i) => ({ ...parse<AuditRecord>(text), n: after + i + 1 }));
  }

  #matching(filter: ListFilter): Row[] {
    return [...this.#rows.values()].filter(({ head }) => {
      const queue = queueOfHolder(head);
      return (
        filter.states.includes(head.holder.state) &&
        (filter.queues === undefined || (queue !== undefined && filter.queues.includes(queue))) &&
        (filter.consultant === undefined || consultantOf(head) === filter.consultant)
      );
    });
  }

  #page<T>(
    rows: Row[],
    position: (row: Row) => [number, number],
    order: typeof compare,
    page: { cursor?: string; limit: number },
    make: (row: Row) => T,
  ) {
    const from = page.cursor === undefined ? undefined : readCursor(page.cursor);
    const left = from ? rows.filter((row) => order(position(row), from) > 0) : rows;
    const items = left.slice(0, page.limit);
    const made = items.map(make);
    return left.length > items.length ? { items: made, next: makeCursor(...position(items.at(-1)!)) } : { items: made };
  }

  #check(): void {
    if (this.closed) throw new StoreUnavailable('The store is closed.');
  }
}

type Row = {
  key: number;
  head: Conversation;
  change: number;
  entries: string[];
  ids: Map<string, number>;
  /** Words of each entry, cut when first searched. */
  words: string[][];
};

function headOf(row: Row): Conversation {
  return row.head;
}

/** Who changes a head that was handed out learns it here, in a test. */
function frozen<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) frozen(part as object);
  return Object.freeze(value);
}

function parse<T>(text: string): T {
  return JSON.parse(text) as T;
}

function compare(a: readonly [number, number], b: readonly [number, number]): number {
  return a[0] - b[0] || a[1] - b[1];
}

function wordsIn(row: Row): string[][] {
  for (let i = row.words.length; i < row.entries.length; i++)
    row.words.push(wordsOf(textOf(parse<Entry>(row.entries[i]!)) ?? ''));
  return row.words;
}

/** From the newest entry that has all of it; where none has, from the newest that has the first phrase. */
function snippetIn(row: Row, phrases: readonly Phrase[]): string {
  const words = wordsIn(row);
  const whole = words.findLastIndex((one) => phrases.every((phrase) => contains(one, phrase)));
  const at = whole >= 0 ? whole : words.findLastIndex((one) => contains(one, phrases[0]!));
  return snippetOf(textOf(parse<Entry>(row.entries[at]!)) ?? '', phrases);
}
