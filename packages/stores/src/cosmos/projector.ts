import { setTimeout as wait } from 'node:timers/promises';
import type { OperationInput } from '@azure/cosmos';
import type { Conversation, Entry } from '@parley/contracts';
import { StoreUnavailable } from '@parley/core';
import type { TranscriptFacts } from '../facts.ts';
import type { StoreLog } from '../sqlite/writer.ts';
import type { Containers } from './containers.ts';
import type { Log } from './log.ts';
import { learn, projectionId, projectionOf, type ProjectionDocument } from './shapes.ts';
import type { Wire } from './wire.ts';

/** Documents in a batch, besides the counter. */
const mostDocuments = 99;
/** Characters of JSON in a batch; Cosmos takes 2 MB. */
const mostSize = 1_200_000;
/** Milliseconds that a change waits for one that was called before it, so that they are numbered in the order of the calls. */
const patience = 1_000;
/** Projections kept at hand. */
const mostKnown = 1_000;
const pageOfEntries = 500;

/**
 * Writes what lists show, after the commit. The commit's answer does not wait for it; every list does (`flush`).
 *
 * Changes of a client are numbered without a gap: each batch replaces the client's counter under its ETag, together with the
 * conversations that get the next numbers. So of several processes one writes at a time, whoever has read up to a number has
 * seen everything below it, and a projection that was read under the counter's ETag is still the stored one: an old head
 * can not overwrite a newer one.
 */
export class Projector {
  #wire: Wire;
  #container: Containers['desk'];
  #conversations: Log;
  #log: StoreLog | undefined;
  #waiting = new Map<string, Dirty>();
  #writing: readonly Dirty[] = [];
  #readers: Reader[] = [];
  /** Commits under way by number, with when they began and under which chain. */
  #underWay = new Map<number, { since: number; chain: number }>();
  #commits = 0;
  #added = 0;
  #running: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #stopped = false;
  /** The counter as this process left it; other processes make it void, and the projections at hand with it. */
  #counter: { n: number; etag: string } | undefined;
  /** Rises when others have written: what was known without looking is void. */
  #chain = 0;
  #stored = new Map<string, Stored | undefined>();

  constructor(wire: Wire, { desk }: Containers, conversations: Log, log: StoreLog | undefined) {
    this.#wire = wire;
    this.#container = desk;
    this.#conversations = conversations;
    this.#log = log;
  }

  /** A commit begins; what `end` gets of it will be shown. */
  begin(): number {
    const chain = this.#counter ? this.#chain : -1;
    this.#underWay.set(++this.#commits, { since: performance.now(), chain });
    return this.#commits;
  }

  /**
   * @param change what was committed; an id where it cannot be told whether anything was; nothing where nothing was
   */
  end(commit: number, change?: { head: Conversation; entries: readonly Entry[] } | string): void {
    const chain = this.#underWay.get(commit)?.chain ?? -1;
    this.#underWay.delete(commit);
    if (typeof change === 'string') this.#add(change, commit, undefined, []);
    else if (change)
      this.#add(change.head.id, commit, change.head, change.entries, change.head.version === 1 ? chain : -1);
    this.#wake?.();
  }

  /** Shows what the logs say, for conversations whose projection may be behind. */
  renew(ids: readonly string[]): void {
    for (const id of ids) this.#add(id, ++this.#commits, undefined, []);
  }

  /**
   * Waits until everything that was committed before is shown.
   * @throws StoreUnavailable when the medium does not take it; it stays on the list
   */
  flush(): Promise<void> {
    if (this.#waiting.size === 0 && this.#writing.length === 0) return Promise.resolve();
    const upTo = this.#added;
    const flushed = new Promise<void>((resolve, reject) => this.#readers.push({ upTo, resolve, reject }));
    this.#start();
    this.#wake?.();
    return flushed;
  }

  /** Number of the last change. */
  async last(): Promise<number> {
    const counter = await this.#wire.read<{ n: number }>('changes', this.#container, this.#wire.client, 'counter');
    return counter?.n ?? 0;
  }

  /** Tries once more to show what is waiting, then lets it be: the next one to open repairs it. */
  async stop(): Promise<void> {
    await this.flush().catch(() => {});
    this.#stopped = true;
    this.#wake?.();
    await this.#running;
  }

  #add(id: string, ticket: number, head: Conversation | undefined, entries: readonly Entry[], made = -1): void {
    const before = this.#waiting.get(id);
    this.#added += 1;
    const known = head && !(before && before.head === undefined);
    this.#waiting.set(id, {
      id,
      ticket: Math.max(ticket, before?.ticket ?? 0),
      since: before?.since ?? this.#added,
      head: known ? head : undefined,
      entries: before ? [...before.entries, ...entries] : entries,
      made: before?.made ?? made,
    });
    this.#start();
  }

  #start(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#waiting.size > 0 && !this.#stopped) this.#start();
    });
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (this.#waiting.size > 0 && !this.#stopped) {
      const ready = this.#ready();
      if (ready.length === 0) {
        await this.#pause(patience);
        continue;
      }
      this.#writing = ready;
      for (const { id } of ready) this.#waiting.delete(id);
      try {
        await this.#write(ready);
        failures = 0;
        this.#writing = [];
      } catch (error) {
        this.#writing = [];
        this.#forget();
        for (const dirty of ready) this.#putBack(dirty);
        this.#log?.warn({ err: error, client: this.#wire.client, waiting: this.#waiting.size }, 'lists are behind');
        for (const { reject } of this.#readers.splice(0)) reject(unavailable(error, this.#wire.client));
        failures += 1;
        await this.#pause(Math.min(30_000, 250 * 2 ** failures) * (0.5 + Math.random() / 2));
      }
      this.#answer();
    }
  }

  /** In the order of the calls, up to a commit that is still under way. */
  #ready(): Dirty[] {
    const now = performance.now();
    let barrier = Infinity;
    for (const [commit, { since }] of this.#underWay)
      if (now - since < patience) {
        barrier = commit;
        break;
      }
    return [...this.#waiting.values()]
      .filter(({ ticket }) => ticket < barrier)
      .toSorted((a, b) => a.ticket - b.ticket)
      .slice(0, mostDocuments);
  }

  async #write(wanted: readonly Dirty[]): Promise<void> {
    let left = [...wanted];
    for (let tries = 0; left.length > 0;) {
      const counter = (this.#counter ??= await this.#readCounter());
      await this.#load(left);
      const documents: ProjectionDocument[] = [];
      const done = new Set<Dirty>();
      const news = new Map<string, Stored>();
      let size = 0;
      for (const dirty of left) {
        if (size > mostSize) break;
        done.add(dirty);
        const made = await this.#make(dirty, counter.n + documents.length + 1);
        if (!made) continue;
        size += JSON.stringify(made.document).length;
        documents.push(made.document);
        news.set(dirty.id, made.stored);
      }
      if (documents.length > 0) {
        const etag = await this.#project(counter, documents);
        if (etag === undefined) {
          // Another process was faster: look again at everything.
          this.#forget();
          await wait(Math.random() * Math.min(500, 5 * 2 ** ++tries));
          continue;
        }
        this.#counter = { n: counter.n + documents.length, etag };
        for (const [id, stored] of news) this.#keep(id, stored);
      }
      left = left.filter((dirty) => !done.has(dirty));
    }
  }

  /** @returns the counter's new ETag, nothing when it is not the one at hand any more */
  async #project(counter: { n: number; etag: string }, documents: ProjectionDocument[]): Promise<string | undefined> {
    const partition = this.#wire.client;
    const body = { id: 'counter', partition, type: 'counter', n: counter.n + documents.length };
    const outcome = await this.#wire.batch('project', this.#container, partition, [
      counter.etag === ''
        ? { operationType: 'Create', resourceBody: body }
        : { operationType: 'Replace', id: 'counter', ifMatch: counter.etag, resourceBody: body },
      ...documents.map((one): OperationInput => ({ operationType: 'Upsert', resourceBody: one })),
    ]);
    if (outcome.ok) {
      const [etag] = outcome.etags;
      if (etag === undefined) throw new StoreUnavailable('Cosmos answered a batch without an ETag.');
      return etag;
    }
    if (outcome.at === 0 && [404, 409, 412].includes(outcome.status)) return undefined;
    throw new StoreUnavailable(`Cosmos refused lists of ${partition} with ${outcome.status}.`);
  }

  /** @returns nothing where what is stored is as new */
  async #make(dirty: Dirty, change: number): Promise<{ document: ProjectionDocument; stored: Stored } | undefined> {
    const stored = this.#stored.get(dirty.id);
    const head = dirty.head ?? (await this.#conversations.head(dirty.id, 'repair'));
    if (!head || (stored && stored.version >= head.version)) return undefined;
    const entries = await this.#since(stored?.seq ?? 0, head, dirty.entries);
    const known = learn(head, entries, stored);
    return {
      document: projectionOf(this.#wire.client, head, change, known),
      stored: { version: head.version, seq: head.seq, ...known },
    };
  }

  /** Entries that the projection does not know yet: from hand, where this process has made all of them. */
  async #since(seq: number, head: Conversation, atHand: readonly Entry[]): Promise<readonly Entry[]> {
    const mine = atHand.filter((entry) => entry.seq > seq && entry.seq <= head.seq);
    if (mine.length === head.seq - seq) return mine;
    const all: Entry[] = [];
    for (let after = seq; after < head.seq;) {
      const page = await this.#conversations.entries(head.id, { after, limit: pageOfEntries }, 'project');
      if (page.length === 0) break;
      all.push(...page.filter((entry) => entry.seq <= head.seq));
      after = page.at(-1)!.seq;
    }
    return all;
  }

  async #readCounter(): Promise<{ n: number; etag: string }> {
    const counter = await this.#wire.read<{ n: number }>('project', this.#container, this.#wire.client, 'counter');
    return counter ? { n: counter.n, etag: counter._etag } : { n: 0, etag: '' };
  }

  /** Brings the stored projections to hand. Read after the counter, they stay true while its ETag does. */
  async #load(wanted: readonly Dirty[]): Promise<void> {
    // Made by this process since when it has been the only one to write: there is nothing to find.
    for (const { id, made } of wanted)
      if (!this.#stored.has(id) && (made === this.#chain || this.#counter?.etag === '')) this.#keep(id, undefined);
    const missing = wanted.filter(({ id }) => !this.#stored.has(id)).map(({ id }) => id);
    if (missing.length === 0) return;
    const partition = this.#wire.client;
    const rows =
      missing.length <= 4
        ? await Promise.all(
            missing.map((id) =>
              this.#wire.read<ProjectionDocument>('project', this.#container, partition, projectionId(id)),
            ),
          )
        : await this.#wire.query<ProjectionDocument>('project', this.#container, partition, [
            `SELECT c.conversation, c.version, c.seq, c.facts, c.words FROM c WHERE c.partition = @partition AND c.id IN (${missing.map((_, i) => `@id${i}`).join()})`,
            { partition, ...Object.fromEntries(missing.map((id, i) => [`id${i}`, projectionId(id)])) },
          ]);
    for (const id of missing) this.#keep(id, undefined);
    for (const row of rows)
      if (row)
        this.#keep(row.conversation, {
          version: row.version,
          seq: row.seq,
          facts: row.facts,
          words: new Set(row.words),
        });
  }

  #keep(id: string, stored: Stored | undefined): void {
    this.#stored.delete(id);
    this.#stored.set(id, stored);
    // More than a batch has, so that what it needs stays.
    if (this.#stored.size > mostKnown) this.#stored.delete(this.#stored.keys().next().value!);
  }

  #forget(): void {
    this.#counter = undefined;
    this.#chain += 1;
    this.#stored.clear();
  }

  #putBack(dirty: Dirty): void {
    const newer = this.#waiting.get(dirty.id);
    this.#waiting.set(dirty.id, {
      id: dirty.id,
      ticket: Math.max(dirty.ticket, newer?.ticket ?? 0),
      since: dirty.since,
      head: newer ? newer.head : dirty.head,
      entries: [...dirty.entries, ...(newer?.entries ?? [])],
      made: -1,
    });
  }

  #answer(): void {
    let oldest = Infinity;
    for (const { since } of this.#waiting.values()) oldest = Math.min(oldest, since);
    this.#readers = this.#readers.filter((reader) => {
      if (oldest <= reader.upTo) return true;
      reader.resolve();
      return false;
    });
  }

  /** Until something happens, or this many milliseconds have passed. */
  async #pause(milliseconds: number): Promise<void> {
    const over = new AbortController();
    this.#wake = () => over.abort();
    await wait(milliseconds, undefined, { signal: over.signal, ref: false }).catch(() => {});
    this.#wake = undefined;
  }
}

type Dirty = {
  id: string;
  /** Of the last commit. */
  ticket: number;
  /** When it was first added, among everything that is added. */
  since: number;
  /** The newest one; absent where the log must be asked. */
  head: Conversation | undefined;
  entries: readonly Entry[];
  /** The chain under which this process made the conversation; -1 where it did not. */
  made: number;
};

type Stored = { version: number; seq: number; facts: TranscriptFacts; words: ReadonlySet<string> };
type Reader = { upTo: number; resolve: () => void; reject: (error: Error) => void };

function unavailable(error: unknown, client: string): Error {
  return error instanceof StoreUnavailable
    ? error
    : new StoreUnavailable(`The lists of ${client} cannot be brought up to date.`, { cause: error });
}
