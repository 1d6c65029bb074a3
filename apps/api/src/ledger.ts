import type { Host, Store } from '@parley/core';

/** One try to deliver the entries `from` to `to`. `took` in ms; a reason where it failed. */
export type Try = { from: number; to: number; at: number; took: number; reason?: string };

/** When everything up to `to` was seen, beginning with `from`. */
type Sight = { from: number; to: number; at: number };

/** When the entry `seq` was composed, by the clock of the consultant's device. */
type Composed = { seq: number; at: number };

type Page = { tries: Try[]; seen: Sight[]; composed: Composed[] };

type Options = { store: Store; host: Host; failed: (error: unknown) => void };

/**
 * When what became of the lines. It is no part of the log and nothing is decided by it: it is written in the
 * background, a few seconds late, and what a process noted last is lost with it. A time that is not here is not known.
 */
export class Ledger {
  readonly #options: Options;
  readonly #fresh = new Map<string, Page>();
  #cancel: (() => void) | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: Options) {
    this.#options = options;
  }

  tried(conversation: string, from: number, to: number, at: number, took: number, reason: string | undefined): void {
    const one = { from, to, at, took: Math.round(took), ...(reason === undefined ? {} : { reason }) };
    for (const page of this.#pages(conversation, from, to)) page.tries.push(one);
  }

  seen(conversation: string, from: number, to: number, at: number): void {
    for (const page of this.#pages(conversation, from, to)) page.seen.push({ from, to, at });
  }

  composed(conversation: string, seq: number, at: number): void {
    for (const page of this.#pages(conversation, seq, seq)) page.composed.push({ seq, at });
  }

  /** What is known of one entry, tries in order of time. */
  async of(conversation: string, seq: number): Promise<{ tries: Try[]; seenAt?: number; composedAt?: number }> {
    const key = keyOf(conversation, seq);
    const stored = await this.#options.store.document<Page>(kind, key);
    const { tries, seen, composed } = merged(stored, this.#fresh.get(key));
    const seenAt = seen.find(({ from, to }) => from <= seq && seq <= to)?.at;
    const composedAt = composed.find((one) => one.seq === seq)?.at;
    return {
      tries: tries.filter(({ from, to }) => from <= seq && seq <= to),
      ...(seenAt === undefined ? {} : { seenAt }),
      ...(composedAt === undefined ? {} : { composedAt }),
    };
  }

  /** Writes what is noted. */
  flush(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    return (this.#writing = this.#writing.then(() => this.#write()));
  }

  /** In one turn of the event loop, so that all share a transaction. */
  async #write(): Promise<void> {
    const { store, failed } = this.#options;
    const pages = [...this.#fresh];
    const written = await Promise.allSettled(
      pages.map(async ([key, page]) => {
        // Another process may have noted something too. Where both write now, one of them is not known later.
        const value = merged(await store.document<Page>(kind, key), page);
        const counts = [page.tries.length, page.seen.length, page.composed.length] as const;
        await store.putDocument(kind, key, value);
        page.tries.splice(0, counts[0]);
        page.seen.splice(0, counts[1]);
        page.composed.splice(0, counts[2]);
        if (isEmpty(page)) this.#fresh.delete(key);
      }),
    );
    const failure = written.find((one) => one.status === 'rejected');
    if (!failure) return;
    failed(failure.reason);
    // Nothing waits for it; a store that is away for long must not fill the memory.
    if (this.#fresh.size > mostPages) this.#fresh.clear();
  }

  *#pages(conversation: string, from: number, to: number): Generator<Page> {
    this.#cancel ??= this.#options.host.after(flushMs, () => void this.flush());
    for (let seq = from - (from % entriesEach); seq <= to; seq += entriesEach) {
      const key = keyOf(conversation, seq);
      let page = this.#fresh.get(key);
      if (!page) this.#fresh.set(key, (page = { tries: [], seen: [], composed: [] }));
      yield page;
    }
  }
}

function keyOf(conversation: string, seq: number): string {
  return `${conversation}:${Math.floor(seq / entriesEach)}`;
}

function merged(stored: Page | undefined, fresh: Page | undefined): Page {
  return {
    tries: [...(stored?.tries ?? []), ...(fresh?.tries ?? [])].slice(-mostTries),
    seen: [...(stored?.seen ?? []), ...(fresh?.seen ?? [])].slice(-mostTries),
    composed: [...(stored?.composed ?? []), ...(fresh?.composed ?? [])].slice(-mostTries),
  };
}

function isEmpty({ tries, seen, composed }: Page): boolean {
  return tries.length === 0 && seen.length === 0 && composed.length === 0;
}

const kind = 'ledger';
const entriesEach = 100;
const mostTries = 300;
const mostPages = 10_000;
/** Seldom enough that a busy conversation costs one write for many lines. */
const flushMs = 10_000;
