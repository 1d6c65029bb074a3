import type { Conversation, Entry, TranscriptHit, TranscriptsQuery } from '@parley/contracts';
import { StoreUnavailable, type AuditRecord, type ListFilter, type Store } from '@parley/core';
import { checkCommit, checkDocument, checkLimit, documentText } from '../rules.ts';
import type { StoreLog } from '../sqlite/writer.ts';
import type { Containers } from './containers.ts';
import { Lists } from './lists.ts';
import { Log } from './log.ts';
import { Projector } from './projector.ts';
import { Audits, Documents } from './records.ts';
import { repair } from './repair.ts';
import { Search } from './search.ts';
import { Refused, type Wire } from './wire.ts';

/** One client's store in Cosmos. Logs are the truth; lists are a projection of them, brought up to date before each read. */
export class CosmosStore implements Store {
  #wire: Wire;
  #containers: Containers;
  #log: Log;
  #projector: Projector;
  #lists: Lists;
  #search: Search;
  #documents: Documents;
  #audits: Audits;
  #note: StoreLog | undefined;
  #underWay = new Set<Promise<unknown>>();
  #repairing: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(wire: Wire, containers: Containers, log?: StoreLog) {
    this.#wire = wire;
    this.#containers = containers;
    this.#note = log;
    this.#log = new Log(wire, containers);
    this.#projector = new Projector(wire, containers, this.#log, log);
    this.#lists = new Lists(wire, containers, this.#projector);
    this.#search = new Search(wire, containers, this.#log);
    this.#documents = new Documents(wire, containers);
    this.#audits = new Audits(wire, containers);
  }

  /**
   * Has lists show what a process that is gone has committed, now and every `seconds`.
   * @throws StoreUnavailable
   */
  async start(seconds: number): Promise<void> {
    await this.#repair();
    const next = () => {
      if (this.#closing) return;
      // One after the other: a service that is slow must not be asked all the more.
      this.#repairing = setTimeout(() => {
        this.#track(() => this.#repair())
          .catch((err: unknown) => this.#note?.warn({ err, client: this.#wire.client }, 'lists could not be checked'))
          .finally(next);
      }, seconds * 1_000).unref();
    };
    next();
  }

  head(id: string): Promise<Conversation | undefined> {
    return this.#track(() => this.#log.head(id));
  }

  find(id: string, entryId: string): Promise<Entry | undefined> {
    return this.#track(() => this.#log.find(id, entryId));
  }

  commit(
    expected: number,
    next: Conversation,
    entries: readonly Entry[],
  ): Promise<'committed' | 'conflict' | 'repeated'> {
    return this.#track(async () => {
      checkCommit(expected, next, entries);
      const commit = this.#projector.begin();
      const kept = structuredClone(entries);
      try {
        const outcome = await this.#log.commit(expected, next, kept);
        this.#projector.end(commit, outcome === 'committed' ? { head: next, entries: kept } : undefined);
        return outcome;
      } catch (error) {
        this.#projector.end(commit, error instanceof StoreUnavailable ? next.id : undefined);
        throw error;
      }
    });
  }

  entries(id: string, range: { after?: number; before?: number; limit: number }): Promise<Entry[]> {
    return this.#track(async () => {
      checkLimit(range.limit);
      return this.#log.entries(id, range);
    });
  }

  list(
    filter: ListFilter,
    page: { cursor?: string; limit: number },
  ): Promise<{ items: Conversation[]; next?: string }> {
    return this.#shown(page.limit, () => this.#lists.list(filter, page));
  }

  count(filter: ListFilter): Promise<number> {
    return this.#shown(1, () => this.#lists.count(filter));
  }

  changeCursor(): Promise<string> {
    return this.#shown(1, async () => String(await this.#projector.last()));
  }

  changes(since: string, limit: number): Promise<{ items: Conversation[]; cursor: string; more: boolean }> {
    return this.#shown(limit, () => this.#lists.changes(since, limit));
  }

  due(now: number, limit: number): Promise<Conversation[]> {
    return this.#shown(limit, () => this.#lists.due(now, limit));
  }

  undelivered(page: { cursor?: string; limit: number }): Promise<{ items: Conversation[]; next?: string }> {
    return this.#shown(page.limit, () => this.#lists.undelivered(page));
  }

  search(query: TranscriptsQuery & { limit: number }): Promise<{ items: TranscriptHit[]; next?: string }> {
    return this.#shown(query.limit, () => this.#search.run(query));
  }

  ofUser(channel: string, userId: string, limit: number): Promise<Conversation[]> {
    return this.#shown(limit, () => this.#lists.ofUser(channel, userId, limit));
  }

  document<T>(kind: string, key: string): Promise<T | undefined> {
    return this.#track(async () => {
      checkDocument(kind, key);
      return this.#documents.get<T>(kind, key);
    });
  }

  documents<T>(kind: string): Promise<{ key: string; value: T }[]> {
    return this.#track(async () => {
      checkDocument(kind);
      return this.#documents.all<T>(kind);
    });
  }

  putDocument(kind: string, key: string, value: unknown): Promise<void> {
    return this.#track(async () => {
      documentText(kind, key, value);
      return this.#documents.put(kind, key, value);
    });
  }

  deleteDocument(kind: string, key: string): Promise<void> {
    return this.#track(async () => {
      checkDocument(kind, key);
      return this.#documents.delete(kind, key);
    });
  }

  audit(record: AuditRecord): Promise<void> {
    return this.#track(() => this.#audits.add(record));
  }

  audits(range: { after?: number; limit: number }): Promise<(AuditRecord & { n: number })[]> {
    return this.#track(async () => {
      checkLimit(range.limit);
      return this.#audits.page(range);
    });
  }

  /** Waits for what was called, then brings the lists up to date if Cosmos lets it. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    clearTimeout(this.#repairing);
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
    await this.#projector.stop();
  }

  async #repair(): Promise<void> {
    const behind = await repair(this.#wire, this.#containers, this.#projector);
    if (behind > 0) this.#note?.warn({ client: this.#wire.client, behind }, 'lists were behind and have caught up');
  }

  /** A read of lists: they show everything that this process has committed. */
  #shown<T>(limit: number, read: () => Promise<T>): Promise<T> {
    return this.#track(async () => {
      checkLimit(limit);
      await this.#projector.flush();
      return read();
    });
  }

  #track<T>(run: () => Promise<T>): Promise<T> {
    if (this.#closing) return Promise.reject(new StoreUnavailable(`The store of ${this.#wire.client} is closed.`));
    const call = run().catch((error: unknown) => {
      if (!(error instanceof Refused)) throw error;
      throw new StoreUnavailable(`Cosmos refused a request of ${this.#wire.client} with ${error.status}.`, {
        cause: error,
      });
    });
    this.#underWay.add(call);
    const end = () => this.#underWay.delete(call);
    call.then(end, end);
    return call;
  }
}
