import type { Conversation, Entry, TranscriptHit, TranscriptsQuery } from '@parley/contracts';
import { StoreUnavailable, type AuditRecord, type ListFilter, type Store } from '@parley/core';
import { checkCommit, checkDocument, checkLimit, documentText, gapAfter } from '../rules.ts';
import { background } from './background.ts';
import { Catalogue } from './catalogue.ts';
import { Conversations, seqsEach } from './conversations.ts';
import { openDatabase, unavailable, type Opening } from './database.ts';
import type { Database } from './driver.ts';
import { Lists } from './lists.ts';
import { patchOf } from './patch.ts';
import { Search } from './search.ts';
import { Upkeep } from './upkeep.ts';
import { Writer, type StoreLog } from './writer.ts';

/** One client's store in one encrypted file. Reads are synchronous underneath; writes go through the group commit. */
export class SqliteStore implements Store {
  /** For tests of failures of the medium. */
  readonly db: Database;
  #client: string;
  #release: () => Promise<void>;
  #conversations: Conversations;
  #lists: Lists;
  #catalogue: Catalogue;
  #search: Search;
  #records: ReturnType<typeof recordStatements>;
  #writer: Writer;
  #upkeep: Upkeep;
  #closing: Promise<void> | undefined;

  constructor(opening: Opening, log?: StoreLog) {
    this.#release = () => background.release(opening.file);
    this.#client = opening.client;
    this.db = openDatabase(opening);
    try {
      this.#conversations = new Conversations(this.db);
      this.#lists = new Lists(this.db, this.#conversations);
      this.#catalogue = new Catalogue(this.db, this.#conversations);
      this.#search = new Search(this.db, (phrases) => background.match(opening, phrases), this.#conversations);
      this.#records = recordStatements(this.db);
    } catch (error) {
      this.db.close();
      throw unavailable(error, opening.client);
    }
    this.#writer = new Writer(this.db, {
      client: opening.client,
      log,
      began: () => {
        this.#conversations.refresh();
        this.#conversations.foldWhenLong();
      },
      abandoned: () => this.#conversations.forget(),
      ended: () => this.#upkeep.wake(),
    });
    this.#upkeep = new Upkeep({
      client: opening.client,
      db: this.db,
      opening,
      writer: this.#writer,
      catalogue: this.#catalogue,
      log,
    });
    this.#upkeep.wake();
  }

  async head(id: string): Promise<Conversation | undefined> {
    return this.#read(() => this.#conversations.get(id)?.head);
  }

  async find(id: string, entryId: string): Promise<Entry | undefined> {
    return this.#read(() => {
      const row = this.#conversations.get(id);
      const seq = row && this.#conversations.seqOf(row, entryId);
      return seq === undefined ? undefined : this.#conversations.entries(row!, seq, seq)[0];
    });
  }

  async commit(
    expected: number,
    next: Conversation,
    entries: readonly Entry[],
  ): Promise<'committed' | 'conflict' | 'repeated'> {
    checkCommit(expected, next, entries);
    // Made now: what has no JSON, or an entry that the caller changes later, must not meet the transaction.
    // A head of the expected version is the same as the stored one of that version.
    const known = this.#conversations.peek(next.id);
    const texts = {
      patch: patchOf(known?.version === expected ? known : undefined, next),
      entries: entries.map((entry) => JSON.stringify(entry)),
    };
    const ids = entries.map(({ id }) => id);
    return this.#writer.run(() => {
      const row = this.#conversations.get(next.id);
      if ((row?.version ?? 0) !== expected) return 'conflict';
      if (row && ids.some((id) => this.#conversations.seqOf(row, id) !== undefined)) return 'repeated';
      const gap = gapAfter(row?.seq ?? 0, next, ids.length);
      if (gap) return gap;
      if (next.seq >= seqsEach)
        return new RangeError(
          `${next.id} has ${row?.seq ?? 0} entries; ${seqsEach - 1} are the most that it can have.`,
        );
      this.#conversations.append(row, next, ids, texts);
      return 'committed';
    });
  }

  async entries(id: string, range: { after?: number; before?: number; limit: number }): Promise<Entry[]> {
    checkLimit(range.limit);
    return this.#read(() => {
      const row = this.#conversations.get(id);
      if (!row) return [];
      if (range.before !== undefined) {
        const to = Math.min(range.before - 1, row.seq);
        return this.#conversations.entries(row, to - range.limit + 1, to);
      }
      const after = range.after ?? 0;
      return this.#conversations.entries(row, after + 1, after + range.limit);
    });
  }

  async list(
    filter: ListFilter,
    page: { cursor?: string; limit: number },
  ): Promise<{ items: Conversation[]; next?: string }> {
    checkLimit(page.limit);
    return this.#snapshot(() => this.#lists.list(filter, page));
  }

  async count(filter: ListFilter): Promise<number> {
    return this.#snapshot(() => this.#lists.count(filter));
  }

  async changeCursor(): Promise<string> {
    return this.#snapshot(() => String(this.#conversations.lastChange));
  }

  async changes(since: string, limit: number): Promise<{ items: Conversation[]; cursor: string; more: boolean }> {
    checkLimit(limit);
    return this.#snapshot(() => this.#lists.changes(since, limit));
  }

  async due(now: number, limit: number): Promise<Conversation[]> {
    checkLimit(limit);
    return this.#snapshot(() => this.#lists.due(now, limit));
  }

  async undelivered(page: { cursor?: string; limit: number }): Promise<{ items: Conversation[]; next?: string }> {
    checkLimit(page.limit);
    return this.#snapshot(() => this.#lists.undelivered(page));
  }

  async search(query: TranscriptsQuery & { limit: number }): Promise<{ items: TranscriptHit[]; next?: string }> {
    checkLimit(query.limit);
    this.#checkOpen();
    try {
      await this.#upkeep.catchUp();
      this.#checkOpen();
      return await this.#search.run(query);
    } catch (error) {
      this.#checkOpen();
      throw unavailable(error, this.#client);
    }
  }

  async ofUser(channel: string, userId: string, limit: number): Promise<Conversation[]> {
    checkLimit(limit);
    return this.#snapshot(() => this.#lists.ofUser(channel, userId, limit));
  }

  async document<T>(kind: string, key: string): Promise<T | undefined> {
    checkDocument(kind, key);
    const text = this.#read(() => this.#records.document.get(kind, key) as string | undefined);
    return text === undefined ? undefined : (JSON.parse(text) as T);
  }

  async documents<T>(kind: string): Promise<{ key: string; value: T }[]> {
    checkDocument(kind);
    const rows = this.#read(() => this.#records.documents.all(kind) as { key: string; value: string }[]);
    return rows.map(({ key, value }) => ({ key, value: JSON.parse(value) as T }));
  }

  async putDocument(kind: string, key: string, value: unknown): Promise<void> {
    const text = documentText(kind, key, value);
    await this.#writer.run(() => this.#records.putDocument.run(kind, key, text));
  }

  async deleteDocument(kind: string, key: string): Promise<void> {
    checkDocument(kind, key);
    await this.#writer.run(() => this.#records.deleteDocument.run(kind, key));
  }

  async audit(record: AuditRecord): Promise<void> {
    const text = JSON.stringify(record);
    await this.#writer.run(() => this.#records.addAudit.run(text));
  }

  async audits(range: { after?: number; limit: number }): Promise<(AuditRecord & { n: number })[]> {
    checkLimit(range.limit);
    const rows = this.#read(
      () => this.#records.audits.all(range.after ?? 0, range.limit) as { n: number; record: string }[],
    );
    return rows.map(({ n, record }) => ({ ...(JSON.parse(record) as AuditRecord), n }));
  }

  /** Waits for what was called, then writes everything into the main file and lets go of it. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    await this.#upkeep.stop();
    await this.#writer.close();
    await this.#release();
    this.#upkeep.finish();
    this.db.close();
  }

  /** One statement, or what is in memory. */
  #read<T>(read: () => T): T {
    this.#checkOpen();
    try {
      this.#conversations.look();
      return read();
    } catch (error) {
      throw unavailable(error, this.#client);
    }
  }

  /** Several statements that must see one state. */
  #snapshot<T>(read: () => T): T {
    this.#checkOpen();
    try {
      this.#records.begin.run();
      try {
        this.#conversations.refresh();
        return read();
      } finally {
        if (this.db.inTransaction) this.#records.commit.run();
      }
    } catch (error) {
      throw unavailable(error, this.#client);
    }
  }

  #checkOpen(): void {
    if (this.#closing) throw new StoreUnavailable(`The store of ${this.#client} is closed.`);
  }
}

function recordStatements(db: Database) {
  return {
    begin: db.prepare('begin'),
    commit: db.prepare('commit'),
    document: db.prepare('select value from documents where kind = ? and key = ?').pluck(),
    documents: db.prepare('select key, value from documents where kind = ? order by key'),
    putDocument: db.prepare('insert or replace into documents values(?, ?, ?)'),
    deleteDocument: db.prepare('delete from documents where kind = ? and key = ?'),
    addAudit: db.prepare('insert into audits(record) values(?)'),
    audits: db.prepare('select n, record from audits where n > ? order by n limit ?'),
  };
}
