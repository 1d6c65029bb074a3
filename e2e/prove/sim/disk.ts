import type { Conversation, Entry } from '@parley/contracts';
import { StoreUnavailable, type Store, type Stores } from '@parley/core';
import { memoryStores } from '@parley/stores';
import type { Process } from './scheduler.ts';
import type { World } from './world.ts';

/**
 * The medium under the stores of all processes. What was written but not synced is seen by nobody and answered to nobody;
 * a kill of one process leaves it to be synced, a power cut keeps the first part of it and drops the rest.
 */
export class Disk {
  /** Chance that a call fails: before it had any effect, and after it. */
  failBefore = 0;
  failAfter = 0;
  /** Longest ms from writing to syncing, and of a call on its way. */
  slowest = 4;
  /** A store in another house: calls take time both ways and may meet a broken line. */
  readonly remote: boolean;
  readonly #world: World;
  readonly #inner: Stores = memoryStores();
  readonly #visible = new Map<string, Store>();
  readonly #written: { apply: () => Promise<unknown>; answer: (result: Promise<unknown>) => void }[] = [];
  #syncing: (() => void) | undefined;

  constructor(world: World, remote: boolean) {
    this.#world = world;
    this.remote = remote;
  }

  async start(clients: readonly string[]): Promise<void> {
    for (const client of clients) this.#visible.set(client, await this.#inner.open(client));
  }

  /** The stores as one process sees them. */
  storesFor(node: Process): Stores {
    return {
      open: async (client) => {
        if (this.#world.net.state(node.name, 'store') !== 'up') throw new StoreUnavailable('The store is away.');
        return this.#storeFor(node, client);
      },
      close: async () => undefined,
    };
  }

  /** All processes have died with the power. */
  powerCut(): void {
    this.#syncing?.();
    this.#syncing = undefined;
    const kept = this.#world.plan.below(this.#written.length + 1);
    if (kept < this.#written.length) this.#world.count('unsynced writes lost', this.#written.length - kept);
    for (const { apply } of this.#written.splice(0).slice(0, kept)) void apply();
  }

  #storeFor(node: Process, client: string): Store {
    const store = this.#visible.get(client);
    if (!store) throw new StoreUnavailable(`No client ${client}.`);
    const read = <T>(work: () => Promise<T>) => this.#read(node, work);
    const write = <T>(work: () => Promise<T>) => this.#write(node, work);
    const { truth } = this.#world;
    return {
      head: (id) => read(() => store.head(id)),
      find: (id, entry) => read(() => store.find(id, entry)),
      entries: (id, range) => read(() => store.entries(id, range)),
      list: (filter, page) => read(() => store.list(filter, page)),
      count: (filter) => read(() => store.count(filter)),
      changeCursor: () => read(() => store.changeCursor()),
      changes: (since, limit) => read(() => store.changes(since, limit)),
      due: (now, limit) => read(() => store.due(now, limit)),
      undelivered: (limit) => read(() => store.undelivered(limit)),
      search: (query) => read(() => store.search(query)),
      ofUser: (channel, user, limit) => read(() => store.ofUser(channel, user, limit)),
      document: <T>(kind: string, key: string) => read(() => store.document<T>(kind, key)),
      documents: <T>(kind: string) => read(() => store.documents<T>(kind)),
      audits: (range) => read(() => store.audits(range)),
      putDocument: (kind, key, value) => {
        // What is put is as it is now, whatever becomes of the object.
        const text = JSON.stringify(value);
        return write(() => store.putDocument(kind, key, JSON.parse(text)));
      },
      deleteDocument: (kind, key) => write(() => store.deleteDocument(kind, key)),
      audit: (record) => write(() => store.audit(record)),
      commit: (expected: number, next: Conversation, entries: readonly Entry[]) =>
        write(async () => {
          const result = await store.commit(expected, next, entries);
          if (result === 'committed') truth.committed(client, node.name, expected, next, entries);
          else this.#world.count(`commit met ${result}`);
          return result;
        }),
    };
  }

  #read<T>(node: Process, work: () => Promise<T>): Promise<T> {
    // A file is read in no time; what is read is as old as it is when it is used.
    if (!this.remote && this.failBefore === 0) return work();
    return new Promise((resolve, reject) => {
      this.#travel(node, reject, () => {
        const result = work();
        if (!this.remote) resolve(result);
        else this.#answer(node, Math.max(0, this.#world.chance.below(6) - 3), () => resolve(result));
      });
    });
  }

  #write<T>(node: Process, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#travel(node, reject, () => {
        this.#written.push({
          apply: work,
          answer: (result) => {
            const lost = this.#world.net.state('store', node.name) !== 'up' || this.#chance(this.failAfter);
            if (lost) this.#world.count('store failed after the effect');
            const answer = () =>
              lost ? reject(new StoreUnavailable('The store broke off.')) : resolve(result as Promise<T>);
            const later = lost ? 200 : this.remote ? this.#world.chance.below(4) : 0;
            this.#answer(node, later, answer);
          },
        });
        this.#syncing ??= this.#world.scheduler.plan(1 + this.#world.chance.below(this.slowest), 'sync', () =>
          this.#sync(),
        );
      });
    });
  }

  /** Brings an answer to whoever called, at once where nothing is in between. */
  #answer(node: Process, ms: number, run: () => void): void {
    const { scheduler } = this.#world;
    if (ms > 0 || node.pausedUntil > scheduler.time) scheduler.plan(ms, 'store', run, node);
    else if (node.alive) run();
  }

  /** Brings a call to the medium, if it gets there. */
  #travel(node: Process, reject: (error: Error) => void, arrive: () => void): void {
    const { scheduler, net, chance } = this.#world;
    const away = net.state(node.name, 'store') !== 'up';
    if (away || this.#chance(this.failBefore)) {
      this.#world.count('store failed before any effect');
      scheduler.plan(away ? 200 : 1, 'store', () => reject(new StoreUnavailable('The store cannot be reached.')), node);
    } else if (this.remote) scheduler.plan(1 + chance.below(this.slowest), 'store', arrive);
    else arrive();
  }

  #sync(): void {
    this.#syncing = undefined;
    for (const { apply, answer } of this.#written.splice(0)) {
      const result = apply();
      result.catch(() => undefined);
      answer(result);
    }
  }

  #chance(p: number): boolean {
    return p > 0 && this.#world.chance.chance(p);
  }
}
