import type Database from 'better-sqlite3-multiple-ciphers';
import type { Catalogue } from './catalogue.ts';
import { isBusy } from './database.ts';
import type { StoreLog, Writer } from './writer.ts';

/**
 * What need not happen while somebody waits: indexing for search, and moving commits from the log into the main file.
 * Both are done in small steps when it has been quiet for a moment.
 */
export class Upkeep {
  #parts: Parts;
  #timer: NodeJS.Timeout | undefined;
  #step: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Something was written. */
  wake(): void {
    if (this.#timer !== undefined || this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#step = this.#run();
    }, quiet);
    this.#timer.unref();
  }

  /** Indexes all that is committed now. Rejects with `StoreUnavailable` when the medium fails. */
  async catchUp(): Promise<void> {
    const { catalogue, writer } = this.#parts;
    while (!this.#stopped && !catalogue.complete) await writer.run(() => catalogue.advance(searchBudget));
  }

  /** @param mode `passive` moves what it can without waiting for anybody; `truncate` also empties the log */
  checkpoint(mode: 'passive' | 'truncate'): void {
    const { db, writer, client, log } = this.#parts;
    writer.unsaved = 0;
    try {
      db.pragma(`wal_checkpoint(${mode})`);
    } catch (error) {
      // Nothing is lost: the log keeps it.
      if (!isBusy(error)) log?.warn({ client, err: error }, 'checkpoint failed');
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#step;
  }

  async #run(): Promise<void> {
    const { writer, catalogue, client, log } = this.#parts;
    if (this.#stopped) return;
    const calm = performance.now() - writer.quietSince;
    if (writer.busy || calm < quiet) return this.wake();
    try {
      if (!catalogue.complete) await writer.run(() => catalogue.advance(idleBudget));
      else if (writer.unsaved >= many || (writer.unsaved > 0 && calm > long)) this.checkpoint('passive');
      else if (writer.unsaved === 0) return;
    } catch (error) {
      // The next write wakes it again.
      log?.warn({ client, err: error }, 'indexing failed');
      return;
    }
    this.wake();
  }
}

type Parts = { client: string; db: Database; writer: Writer; catalogue: Catalogue; log?: StoreLog | undefined };

/** Entries indexed at once while somebody waits for a search, and when nobody does: about 10 ms and 2 ms. */
const searchBudget = 400;
const idleBudget = 60;
/** In ms. */
const quiet = 20;
const long = 1_000;
/** Transactions after which a short pause is used for a checkpoint. */
const many = 200;
