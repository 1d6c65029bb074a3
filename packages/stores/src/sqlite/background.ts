import { Worker } from 'node:worker_threads';
import type { Phrase } from '../words.ts';
import type { Opening } from './database.ts';

/**
 * A thread for what would hold up everybody else: copying thousands of pages into the main file and syncing it, and
 * matching words that occur everywhere. Commits and reads go on meanwhile. Started when first needed.
 */
class Background {
  #worker: Worker | undefined;
  #asked = new Map<number, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>();
  #n = 0;

  /** Moves what is committed now from the log into the main file. Nothing is lost when it rejects. */
  async checkpoint(opening: Opening): Promise<void> {
    await this.#ask({ what: 'checkpoint', opening });
  }

  /** @returns a full-text rowid of each conversation in which all phrases occur, ascending: where a snippet is best taken from */
  async match(opening: Opening, phrases: readonly Phrase[]): Promise<Float64Array> {
    return (await this.#ask({ what: 'match', opening, phrases })) as Float64Array;
  }

  /** The file can be closed after this. */
  async release(file: string): Promise<void> {
    if (this.#worker) await this.#ask({ what: 'release', file });
  }

  #ask(request: Request): Promise<unknown> {
    const worker = (this.#worker ??= this.#start());
    // Only an unanswered request keeps the process alive.
    worker.ref();
    return new Promise((resolve, reject) => {
      this.#asked.set(++this.#n, { resolve, reject });
      worker.postMessage({ n: this.#n, request } satisfies Asked);
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL('./background-thread.ts', import.meta.url), { name: 'stores' });
    worker.on('message', ({ n, value, error }: Answered) => {
      const asked = this.#asked.get(n);
      this.#asked.delete(n);
      if (this.#asked.size === 0) worker.unref();
      if (error) asked?.reject(Object.assign(new Error(error.message), { code: error.code }));
      else asked?.resolve(value);
    });
    const gone = (error: Error) => {
      if (this.#worker === worker) this.#worker = undefined;
      for (const { reject } of this.#asked.values()) reject(error);
      this.#asked.clear();
    };
    worker.on('error', gone);
    worker.on('exit', () => gone(new Error('The background thread of the stores has ended.')));
    return worker;
  }
}

/** One for all files of the process. */
export const background = new Background();

export type Request =
  | { what: 'checkpoint'; opening: Opening }
  | { what: 'match'; opening: Opening; phrases: readonly Phrase[] }
  | { what: 'release'; file: string };
export type Asked = { n: number; request: Request };
export type Answered = { n: number; value?: unknown; error?: { message: string; code?: string | undefined } };
