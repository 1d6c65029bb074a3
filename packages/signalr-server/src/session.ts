import type { Connection } from './connection.ts';
import type { DisconnectError } from './errors.ts';
import type { HubContext } from './hub-definition.ts';

/**
 * The application's side of one open connection: its context, and the order in which its callbacks run.
 * `onConnected` first, then methods (as many at once as allowed, the rest in order of arrival), `onDisconnected` last.
 */
export class Session<Events, Data> {
  readonly connection: Connection<Data>;
  readonly context: HubContext<Events, Data>;
  readonly #abort: AbortController;
  readonly #limit: number;
  readonly #maxQueued: number;
  readonly #waiting: (() => Promise<void>)[] = [];
  readonly #running = new Set<Promise<void>>();
  #connected: Promise<boolean> = Promise.resolve(true);
  #ready = false;

  constructor(
    connection: Connection<Data>,
    context: HubContext<Events, Data>,
    abort: AbortController,
    limits: { readonly maxParallelInvocations: number; readonly maxQueuedInvocations: number },
  ) {
    this.connection = connection;
    this.context = context;
    this.#abort = abort;
    this.#limit = limits.maxParallelInvocations;
    this.#maxQueued = limits.maxQueuedInvocations;
  }

  /** @param onConnected resolves to false when the connection must not go on; it does not reject. */
  start(onConnected: () => Promise<boolean>): void {
    this.#connected = onConnected().then((accepted) => {
      this.#ready = accepted;
      this.#startNext();
      return accepted;
    });
  }

  /** Runs a method call when its turn comes. @param call does not reject */
  enqueue(call: () => Promise<void>): void {
    this.#waiting.push(call);
    this.#startNext();
    if (this.#waiting.length >= this.#maxQueued) this.connection.setPaused(true);
  }

  /** Drops the calls that wait and tells the running ones to stop. */
  cancel(cause: DisconnectError): void {
    this.#waiting.length = 0;
    this.#abort.abort(cause);
  }

  /** Resolves when nothing of the application runs any more; to whether `onConnected` had succeeded. */
  async settled(): Promise<boolean> {
    const connected = await this.#connected;
    await Promise.all(this.#running);
    return connected;
  }

  #startNext(): void {
    while (this.#ready && this.#running.size < this.#limit) {
      const call = this.#waiting.shift();
      if (call === undefined) return;
      const run: Promise<void> = call().finally(() => {
        this.#running.delete(run);
        this.#startNext();
      });
      this.#running.add(run);
      if (this.#waiting.length < this.#maxQueued / 2) this.connection.setPaused(false);
    }
  }
}
