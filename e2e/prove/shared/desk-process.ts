import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { paths } from '@parley/contracts';

const main = fileURLToPath(new URL('../../../apps/api/src/main.ts', import.meta.url));
const followParent = fileURLToPath(new URL('../../../scripts/lib/follow-parent.mjs', import.meta.url));

/** One life of the real desk, in a process of its own. */
export class DeskProcess {
  readonly url: string;
  /** Resolves when it has ended, with the signal or code. */
  readonly ended: Promise<string>;
  /** By `performance.now()`. */
  readonly startedAt = performance.now();
  over = false;
  readonly #child: ChildProcess;
  readonly #words: string[] = [];

  private constructor(url: string, env: Record<string, string>) {
    this.url = url;
    this.#child = spawn(process.execPath, ['--import', followParent, main], {
      // Nothing of the developer's own settings: a proof is the same everywhere.
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      if (stream)
        createInterface({ input: stream }).on('line', (line) => {
          this.#words.push(line);
          if (this.#words.length > 20) this.#words.shift();
        });
    this.ended = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        this.over = true;
        resolve(signal ?? String(code));
      });
    });
  }

  static start(url: string, env: Record<string, string>): DeskProcess {
    return new DeskProcess(url, env);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** What it wrote last. */
  lastWords(): string {
    return this.#words.join('\n');
  }

  /** Waits until it takes work. @returns the milliseconds since its start; undefined where it ended before */
  async ready(timeoutMs = 30_000): Promise<number | undefined> {
    while (!this.over) {
      const answer = await fetch(this.url + paths.ready, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
      await answer?.body?.cancel();
      const took = performance.now() - this.startedAt;
      if (answer?.ok) return took;
      if (took > timeoutMs) throw new Error(`The desk was not ready within ${timeoutMs} ms.\n${this.lastWords()}`);
      await pause(10);
    }
    return undefined;
  }

  /** The same for a process that nobody kills. @throws with its last words where it ends */
  async up(): Promise<number> {
    const took = await this.ready();
    if (took === undefined) throw new Error(`The desk ended with ${await this.ended}:\n${this.lastWords()}`);
    return took;
  }

  /** kill -9. @returns once it is gone */
  async kill(): Promise<string> {
    this.#child.kill('SIGKILL');
    return this.ended;
  }

  /** Lets it finish. */
  async stop(): Promise<string> {
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 15_000);
    const how = await this.ended;
    clearTimeout(late);
    return how;
  }
}
