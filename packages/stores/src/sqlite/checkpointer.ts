import { Worker } from 'node:worker_threads';
import type { Opening } from './database.ts';

/**
 * Makes checkpoints in a thread of its own: copying thousands of pages and syncing the main file takes 10 to 100 ms,
 * more on a slow disk, during which nobody should wait. Commits go on meanwhile. One thread for all files, started when first needed.
 */
export class Checkpointer {
  #worker: Worker | undefined;
  #asked = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  #n = 0;

  /** Moves what is committed now from the log into the main file. Rejects when that fails; nothing is lost then. */
  run(opening: Opening): Promise<void> {
    return this.#ask({ what: 'checkpoint', opening });
  }

  /** The file can be closed after this. */
  async release(file: string): Promise<void> {
    if (this.#worker) await this.#ask({ what: 'release', file });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #ask(request: CheckpointRequest): Promise<void> {
    const worker = (this.#worker ??= this.#start());
    // Only an unanswered request keeps the process alive.
    worker.ref();
    return new Promise((resolve, reject) => {
      this.#asked.set(++this.#n, { resolve, reject });
      worker.postMessage({ n: this.#n, request });
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL('./checkpoint-thread.ts', import.meta.url), { name: 'checkpoints' });
    worker.on('message', ({ n, error }: { n: number; error?: string }) => {
      const asked = this.#asked.get(n);
      this.#asked.delete(n);
      if (this.#asked.size === 0) worker.unref();
      if (error === undefined) asked?.resolve();
      else asked?.reject(new Error(error));
    });
    const gone = (error: Error) => {
      if (this.#worker === worker) this.#worker = undefined;
      for (const { reject } of this.#asked.values()) reject(error);
      this.#asked.clear();
    };
    worker.on('error', gone);
    worker.on('exit', () => gone(new Error('The thread for checkpoints has ended.')));
    return worker;
  }
}

export type CheckpointRequest = { what: 'checkpoint'; opening: Opening } | { what: 'release'; file: string };
