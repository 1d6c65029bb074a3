import type { Conversation, PersonRef } from '@parley/contracts';
import type { Host, Policy, Store } from '@parley/core';
import type { Delivery } from './delivery.ts';
import type { Desk } from './desk.ts';
import type { Nodes } from './nodes.ts';
import type { PresenceBook } from './presence.ts';

type Options = {
  store: Store;
  desk: Desk;
  presence: PresenceBook;
  nodes: Nodes;
  host: Host;
  /** The desk's time. */
  now: () => number;
  policy: () => Policy;
  delivery: Pick<Delivery, 'unmarked' | 'calling'>;
};

/**
 * What a client's desk does by itself, by the clock. Nothing is remembered between two sweeps but what the store holds,
 * so that a restart forgets nothing; and each thing is done once, since a commit in between makes it needless.
 */
export class Sweeper {
  readonly #options: Options;
  readonly #since: number;
  #rereadAt: number;
  #recountAt: number;

  constructor(options: Options) {
    this.#options = options;
    this.#since = this.#rereadAt = this.#recountAt = options.host.steady();
  }

  /** The next sweep counts anew who holds what: a process has ended, and what it knew is known to nobody. */
  recount(): void {
    this.#recountAt = -Infinity;
  }

  async sweep(): Promise<void> {
    await this.#catchUp();
    const results = await Promise.allSettled([this.#deadlines(), this.#gone()]);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  /** What people chose and took through other processes. */
  async #catchUp(): Promise<void> {
    const { presence, nodes, host } = this.#options;
    const steady = host.steady();
    if (!nodes.alone() && steady - this.#rereadAt >= rereadMs) {
      this.#rereadAt = steady;
      await presence.reread();
    }
    if (steady - this.#recountAt >= (nodes.alone() ? Infinity : recountMs)) {
      this.#recountAt = steady;
      await presence.recount();
    }
  }

  /** All that is due, page by page: what cannot be done now is passed over and does not stand in the way of the rest. */
  async #deadlines(): Promise<void> {
    const { store, now } = this.#options;
    const seen = new Set<string>();
    const failures: unknown[] = [];
    for (;;) {
      const page = (await store.due(now(), pageSize + seen.size)).filter(({ id }) => !seen.has(id));
      if (page.length === 0) break;
      for (const { id } of page) seen.add(id);
      // Started together, they share transactions.
      const results = await Promise.allSettled(page.map((conversation) => this.#deadline(conversation)));
      failures.push(...results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : [])));
    }
    if (failures.length > 0) throw failures[0];
  }

  async #deadline({ id, holder, delivery }: Conversation): Promise<void> {
    const { desk, host, nodes, now } = this.#options;
    if (holder.state === 'with-bot') {
      // Whoever has the lane knows best whether it has arrived, once it has had the time to ask. Others act where nobody
      // does: a lane whose process has ended finds another one sooner.
      const mine = (delivery.lane?.by ?? nodes.id) === nodes.id;
      const grace = mine ? settleMs : foreignMs;
      if (host.steady() - this.#since < grace) return;
      if (!mine && now() - (holder.pending?.until ?? 0) < grace) return;
      if (this.#options.delivery.calling(id)) return;
      const mark = this.#options.delivery.unmarked(id);
      if (mark) void desk.execute(id, mark, { type: 'desk' }).catch(() => undefined);
    }
    await desk.execute(id, { type: 'deadline', id: host.newId() }, { type: 'desk' });
  }

  async #gone(): Promise<void> {
    const { presence, policy } = this.#options;
    for (const person of presence.missing(policy().goneSeconds * 1000)) await this.#requeueAll(person);
  }

  /** Judged by the floor as it was read: where it has changed since, the requeue does nothing. */
  async #requeueAll(person: PersonRef): Promise<void> {
    const { store, desk, presence, host, policy } = this.#options;
    let count = 0;
    for (;;) {
      const { items } = await store.list({ states: ['assigned'], consultant: person.id }, { limit: pageSize });
      if (!presence.isMissing(person.id, policy().goneSeconds * 1000)) break;
      if (items.length === 0) return presence.lost(person, count);
      const outcomes = await Promise.all(
        items.map(({ id, epoch }) =>
          desk.execute(id, { type: 'requeue', id: host.newId(), reason: 'consultant-gone', epoch }, { type: 'desk' }),
        ),
      );
      const done = outcomes.filter((outcome) => outcome.ok && outcome.entries.length > 0).length;
      count += done;
      // Nothing of it could be changed: the next sweep tries again.
      if (done === 0) break;
    }
  }
}

const pageSize = 200;
const settleMs = 10_000;
/** Longer than it takes to notice that a process has ended, and to call in its place. */
const foreignMs = 60_000;
const rereadMs = 5_000;
const recountMs = 30_000;
