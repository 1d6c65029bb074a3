import { StoreUnavailable } from '@parley/core';
import { isBusy, unavailable } from './database.ts';
import type { Database, Statement } from './driver.ts';

/**
 * Group commit: everything called in one turn of the event loop shares one durable transaction.
 * A disk's sync costs the same for one commit as for a hundred, and a page that several touch is encrypted once.
 */
export class Writer {
  /** When the last transaction ended, by `performance.now()`. */
  quietSince = 0;
  /** Transactions since a checkpoint. */
  unsaved = 0;

  #db: Database;
  #hooks: Hooks;
  #waiting: Waiting[] = [];
  #scheduled = false;
  #closed: Promise<void> | undefined;
  #emptied: (() => void) | undefined;
  #begin: Statement;
  #commit: Statement;

  constructor(db: Database, hooks: Hooks) {
    this.#db = db;
    this.#hooks = hooks;
    this.#begin = db.prepare('begin immediate');
    this.#commit = db.prepare('commit');
  }

  /**
   * Runs `work` in the next transaction, after what was called before it.
   *
   * @param work an `Error` it returns rejects this call alone; it must have written nothing then. What it throws fails all of the transaction
   * @returns what `work` returned, once that is durable; rejects with `StoreUnavailable` when the medium fails, nothing is stored then
   */
  run<T>(work: () => T): Promise<Exclude<T, Error>> {
    if (this.#closed) return Promise.reject(new StoreUnavailable(`The store of ${this.#hooks.client} is closed.`));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ work, resolve: resolve as (value: unknown) => void, reject, since: performance.now() });
      this.#schedule();
    });
  }

  get busy(): boolean {
    return this.#waiting.length > 0;
  }

  /** Resolves when all that was called is done; later calls are refused. */
  close(): Promise<void> {
    return (this.#closed ??= new Promise((resolve) => {
      if (this.#waiting.length === 0) resolve();
      else this.#emptied = resolve;
    }));
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#flush);
  }

  #flush = (): void => {
    this.#scheduled = false;
    const batch = this.#waiting.splice(0, most);
    if (!this.#enter(batch)) return;
    let answers: (() => void)[];
    try {
      this.#hooks.began();
      answers = batch.map(({ work, resolve, reject }) => {
        const value = work();
        return value instanceof Error ? () => reject(value) : () => resolve(value);
      });
      this.#commit.run();
    } catch (error) {
      this.#abandon();
      this.#fail(batch, error);
      return;
    }
    for (const answer of answers) answer();
    this.#ended();
  };

  /** Whether the transaction is open. Where another process holds the file, tries again later without holding up the event loop. */
  #enter(batch: Waiting[]): boolean {
    try {
      this.#begin.run();
      return true;
    } catch (error) {
      if (isBusy(error) && performance.now() - batch[0]!.since < patience) {
        this.#waiting.unshift(...batch);
        this.#scheduled = true;
        setTimeout(this.#flush, 1 + Math.random() * 8);
      } else {
        this.#abandon();
        this.#fail(batch, error);
      }
      return false;
    }
  }

  #abandon(): void {
    try {
      // Some failures have rolled back already.
      if (this.#db.inTransaction) this.#db.exec('rollback');
    } catch (error) {
      this.#hooks.log?.warn({ client: this.#hooks.client, err: error }, 'rollback failed');
    }
    this.#hooks.abandoned();
  }

  #fail(batch: Waiting[], error: unknown): void {
    const mapped = unavailable(error, this.#hooks.client);
    for (const { reject } of batch) reject(mapped);
    this.#ended();
  }

  #ended(): void {
    this.quietSince = performance.now();
    this.unsaved++;
    if (this.#waiting.length > 0) this.#schedule();
    else this.#emptied?.();
    this.#hooks.ended();
  }
}

/** Structurally a pino logger. Receives nothing that anybody said. */
export type StoreLog = { warn(details: object, message: string): void };

type Hooks = {
  client: string;
  log?: StoreLog | undefined;
  /** A transaction is open and nothing was read in it. */
  began(): void;
  /** What was written since `began` is not stored. */
  abandoned(): void;
  ended(): void;
};

type Waiting = {
  work: () => unknown;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
  since: number;
};

/** Works of one transaction, so that a flood does not hold up the event loop for long. */
const most = 256;
/** How long another process may keep us from writing, in ms. */
const patience = 5_000;
