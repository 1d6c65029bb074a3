import { background } from './background.ts';
import type { Catalogue } from './catalogue.ts';
import { isBusy, type Opening } from './database.ts';
import type { Database } from './driver.ts';
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

  /** Writes all of the log into the main file and empties it, unless another process is using it. */
  finish(): void {
    this.#checkpoint('truncate');
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
    try {
      if (writer.unsaved >= often && this.#logged() >= large) await this.#shorten();
      else if (writer.busy || calm < quiet) void 0;
      else if (!catalogue.complete) await writer.run(() => catalogue.advance(idleBudget));
      else if (writer.unsaved > 0 && calm > long) await this.#shorten();
      else if (writer.unsaved === 0) return;
    } catch (error) {
      // The next write wakes it again.
      log?.warn({ client, err: error }, 'indexing failed');
      return;
    }
    this.wake();
  }

  /** Pages in the log that are not in the main file. */
  #logged(): number {
    const [state] = this.#parts.db.pragma('wal_checkpoint(noop)') as { log: number; checkpointed: number }[];
    return state ? state.log - state.checkpointed : 0;
  }

  async #shorten(): Promise<void> {
    const { opening, client, log } = this.#parts;
    if (this.#logged() >= small)
      try {
        await background.checkpoint(opening);
      } catch (error) {
        log?.warn({ client, err: error }, 'checkpoint failed in its thread');
      }
    // The rest, written meanwhile: little. When nothing is left the log begins anew.
    this.#checkpoint('passive');
  }

  #checkpoint(mode: 'passive' | 'truncate'): void {
    const { db, writer, client, log } = this.#parts;
    writer.unsaved = 0;
    try {
      db.pragma(`wal_checkpoint(${mode})`);
    } catch (error) {
      // Nothing is lost: the log keeps it.
      if (!isBusy(error)) log?.warn({ client, err: error }, 'checkpoint failed');
    }
  }
}

type Parts = {
  client: string;
  db: Database;
  opening: Opening;
  writer: Writer;
  catalogue: Catalogue;
  log?: StoreLog | undefined;
};

/** Entries indexed at once while somebody waits for a search, and when nobody does: about 14 ms and 4 ms. */
const searchBudget = 200;
const idleBudget = 60;
/** In ms. */
const quiet = 20;
const long = 1_000;
/** Transactions after which the size of the log is looked at, and the pages at which it is shortened even under load. */
const often = 20;
const large = 8_000;
/** Pages that are copied at once without anybody noticing. */
const small = 100;
