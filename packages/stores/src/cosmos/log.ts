import { randomBytes } from 'node:crypto';
import type { OperationInput } from '@azure/cosmos';
import type { Conversation, Entry } from '@parley/contracts';
import { StoreUnavailable } from '@parley/core';
import { gapAfter } from '../rules.ts';
import type { Containers } from './containers.ts';
import { nameOf, packed, unpacked, type EntriesDocument, type HeadDocument } from './shapes.ts';
import type { Wire } from './wire.ts';

/** Cosmos takes 100 operations in a batch; one is the head's. */
const mostDocuments = 99;
/** Characters of JSON in a page of entries. */
const pageSize = 400_000;
/** Commits of which a head remembers who made them. */
const remembered = 16;
/** Heads whose ETag is kept at hand. */
const mostKnown = 20_000;

/** The logs of one client: a partition each, changed by one guarded batch per commit. */
export class Log {
  #wire: Wire;
  #container: Containers['log'];
  #known = new Map<string, Known>();
  /** The last commit of each conversation that is under way: they follow each other in the order of their calls. */
  #queues = new Map<string, Promise<unknown>>();

  constructor(wire: Wire, { log }: Containers) {
    this.#wire = wire;
    this.#container = log;
  }

  async head(id: string, operation = 'head'): Promise<Conversation | undefined> {
    const document = await this.#read(id, operation);
    return document && unpacked(document.head);
  }

  async find(id: string, entryId: string): Promise<Entry | undefined> {
    const name = nameOf(entryId);
    const single = await this.#wire.read<EntriesDocument>(
      'find',
      this.#container,
      this.#partition(id),
      entryDocument(name),
    );
    const page = single ?? (await this.#pageWith(id, name));
    return page && unpacked(page.entries).find((entry) => entry.id === entryId);
  }

  async entries(
    id: string,
    { after = 0, before, limit }: { after?: number; before?: number; limit: number },
    operation = 'entries',
  ): Promise<Entry[]> {
    const backwards = before !== undefined;
    const pages = await this.#wire.query<Pick<EntriesDocument, 'entries'>>(
      operation,
      this.#container,
      this.#partition(id),
      [
        `SELECT TOP ${limit} c.entries FROM c WHERE c.conversation = @partition AND c.type = 'entries' AND ${backwards ? 'c.first < @edge' : 'c.last > @edge'} ORDER BY c.first ${backwards ? 'DESC' : 'ASC'}`,
        { partition: this.#partition(id), edge: before ?? after },
      ],
      limit,
    );
    const entries = (backwards ? pages.toReversed() : pages)
      .flatMap((page) => unpacked(page.entries))
      .filter(({ seq }) => (backwards ? seq < before : seq > after));
    return backwards ? entries.slice(-limit) : entries.slice(0, limit);
  }

  /**
   * Commits after what was called before it for this conversation.
   *
   * @throws StoreUnavailable when it cannot be told whether it took place; it may take place until the request has died
   */
  commit(
    expected: number,
    next: Conversation,
    entries: readonly Entry[],
  ): Promise<'committed' | 'conflict' | 'repeated'> {
    // Made now: an entry that the caller changes later must not meet the batch.
    const change: Change = { expected, next, head: packed(next), ...documentsOf(this.#partition(next.id), entries) };
    const before = this.#queues.get(next.id);
    const mine = before ? before.then(() => this.#commit(change)) : this.#commit(change);
    const quiet = mine.catch(() => {});
    this.#queues.set(next.id, quiet);
    void quiet.then(() => {
      if (this.#queues.get(next.id) === quiet) this.#queues.delete(next.id);
    });
    return mine;
  }

  async #commit(change: Change): Promise<'committed' | 'conflict' | 'repeated'> {
    const { expected, next } = change;
    const token = randomBytes(6).toString('base64url');
    try {
      for (let tries = 0; ; tries++) {
        let known = this.#known.get(next.id);
        // What is at hand may be old, never ahead: a version below it has passed for good.
        if (known && known.version > expected) return 'conflict';
        if (expected > 0 && known?.version !== expected) {
          await this.#read(next.id, 'commit');
          known = this.#known.get(next.id);
          if (known?.version !== expected) return 'conflict';
        }
        if (expected > 0 && (await this.#isRepeated(next.id, known!, change))) return 'repeated';
        const gap = gapAfter(known?.seq ?? 0, next, change.count);
        // A head that is not there yet judges first; one that is there makes it a conflict.
        if (gap && (known || (await this.#read(next.id, 'commit')) === undefined)) throw gap;
        if (gap) return 'conflict';

        const document = this.#documentOf(change, known, token);
        const outcome = await this.#wire.batch('commit', this.#container, this.#partition(next.id), [
          known
            ? { operationType: 'Replace', id: 'head', ifMatch: known.etag, resourceBody: document }
            : { operationType: 'Create', resourceBody: document },
          ...change.documents.map((entry): OperationInput => ({
            operationType: 'Create',
            resourceBody: { ...entry, token },
          })),
        ]);
        if (outcome.ok) {
          this.#remember(next.id, document, outcome.etags[0]);
          return 'committed';
        }
        if (outcome.at > 0 && outcome.status === 409) return 'repeated';
        if (outcome.at > 0 || ![404, 409, 412].includes(outcome.status))
          throw new StoreUnavailable(`Cosmos refused a commit of ${this.#wire.client} with ${outcome.status}.`);
        // Another one has been there; or this very commit, whose answer was lost on the way.
        const verdict = await this.#judge(change, token);
        if (verdict !== 'again') return verdict;
        if (tries === 10)
          throw new StoreUnavailable(
            `Cosmos refuses a commit of ${this.#wire.client} with ${outcome.status}, for no reason.`,
          );
      }
    } catch (error) {
      this.#known.delete(next.id);
      throw error;
    }
  }

  async #judge({ expected, next, documents }: Change, token: string): Promise<'committed' | 'conflict' | 'again'> {
    const head = await this.#read(next.id, 'commit');
    if (!head || head.version < next.version) return (head?.version ?? 0) === expected ? 'again' : 'conflict';
    const made = head.tokens.at(next.version - head.version - 1);
    if (head.version - next.version < head.tokens.length) return made === token ? 'committed' : 'conflict';
    // Too long ago for the head to know: the first entry tells, and where there is none, nothing does.
    const [first] = documents;
    if (!first) throw new StoreUnavailable(`It cannot be told whether a commit of ${this.#wire.client} took place.`);
    const stored = await this.#wire.read<EntriesDocument>('commit', this.#container, first.conversation, first.id);
    return stored?.token === token ? 'committed' : 'conflict';
  }

  /** Ids that a page of several holds are guarded by looking; the head's ETag keeps the answer true until the batch. */
  async #isRepeated(id: string, known: Known, { documents, names }: Change): Promise<boolean> {
    const mine = new Set(names);
    if (known.packs > 0) {
      const pages = await this.#wire.query<string[]>('commit', this.#container, this.#partition(id), [
        "SELECT VALUE c.names FROM c WHERE c.conversation = @partition AND c.type = 'entries' AND IS_DEFINED(c.names)",
        { partition: this.#partition(id) },
      ]);
      if (pages.some((page) => page.some((name) => mine.has(name)))) return true;
    }
    if (!documents.some((document) => document.names)) return false;
    const taken = await this.#wire.query<string>(
      'commit',
      this.#container,
      this.#partition(id),
      [
        'SELECT VALUE c.id FROM c WHERE c.conversation = @partition AND ARRAY_CONTAINS(@ids, c.id)',
        { partition: this.#partition(id), ids: names.map(entryDocument) },
      ],
      1,
    );
    return taken.length > 0;
  }

  #documentOf({ next, head, documents }: Change, known: Known | undefined, token: string): HeadDocument {
    return {
      id: 'head',
      conversation: this.#partition(next.id),
      client: this.#wire.client,
      type: 'head',
      version: next.version,
      seq: next.seq,
      packs: (known?.packs ?? 0) + documents.filter((document) => document.names).length,
      tokens: [...(known?.tokens ?? []), token].slice(-remembered),
      head,
    };
  }

  async #pageWith(id: string, name: string): Promise<EntriesDocument | undefined> {
    const known = this.#known.get(id) ?? ((await this.#read(id, 'find')) && this.#known.get(id));
    if (!known?.packs) return undefined;
    const [page] = await this.#wire.query<EntriesDocument>('find', this.#container, this.#partition(id), [
      "SELECT * FROM c WHERE c.conversation = @partition AND c.type = 'entries' AND ARRAY_CONTAINS(c.names, @name)",
      { partition: this.#partition(id), name },
    ]);
    return page;
  }

  async #read(id: string, operation: string): Promise<HeadDocument | undefined> {
    const document = await this.#wire.read<HeadDocument>(operation, this.#container, this.#partition(id), 'head');
    if (document) this.#remember(id, document, document._etag);
    return document;
  }

  #remember(id: string, { version, seq, packs, tokens }: HeadDocument, etag: string | undefined): void {
    const before = this.#known.get(id);
    // Reads overtake each other; a read that was slow must not hide what is newer.
    if (before && before.version > version) return;
    this.#known.delete(id);
    if (etag !== undefined) this.#known.set(id, { version, seq, packs, tokens, etag });
    if (this.#known.size > mostKnown) this.#known.delete(this.#known.keys().next().value!);
  }

  #partition(id: string): string {
    return `${this.#wire.client}/${id.toWellFormed()}`;
  }
}

type Known = Pick<HeadDocument, 'version' | 'seq' | 'packs' | 'tokens'> & { etag: string };

type Change = {
  expected: number;
  next: Conversation;
  head: HeadDocument['head'];
  documents: EntriesDocument[];
  names: string[];
  count: number;
};

function entryDocument(name: string): string {
  return `e.${name}`;
}

/** A document per entry, named after its id, so that an id taken twice is refused by the batch; pages where a batch could not hold so many. */
function documentsOf(
  conversation: string,
  entries: readonly Entry[],
): { documents: EntriesDocument[]; names: string[]; count: number } {
  const names = entries.map(({ id }) => nameOf(id));
  const base = { conversation, type: 'entries' as const };
  if (entries.length <= mostDocuments) {
    const documents = entries.map((entry, i) => ({
      ...base,
      id: entryDocument(names[i]!),
      first: entry.seq,
      last: entry.seq,
      entries: packed([entry]),
    }));
    return { documents, names, count: entries.length };
  }
  const documents: EntriesDocument[] = [];
  for (let at = 0; at < entries.length;) {
    let end = at;
    for (let size = 0; end < entries.length && (end === at || size < pageSize); end++)
      size += JSON.stringify(entries[end]).length;
    const page = entries.slice(at, end);
    documents.push({
      ...base,
      id: `p.${String(page[0]!.seq).padStart(9, '0')}`,
      first: page[0]!.seq,
      last: page.at(-1)!.seq,
      names: names.slice(at, end),
      entries: packed(page),
    });
    at = end;
  }
  return { documents, names, count: entries.length };
}
