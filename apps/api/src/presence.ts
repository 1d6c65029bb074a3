import type { PersonRef, Presence, PresenceState } from '@parley/contracts';
import type { Host, Store } from '@parley/core';

/** What is known of a person's work at this client: queues served and the most conversations at once. */
export type Duty = { queues: readonly string[]; capacity: number };

/**
 * Presence of one client's consultants: one state for all tabs and devices of a person.
 * What a person chose is kept in the store; who is connected is known here, and of the other processes by `elsewhere`.
 */
export class PresenceBook {
  readonly #store: Store;
  readonly #duty: (person: string) => Duty;
  readonly #host: Host;
  readonly #now: () => number;
  readonly #elsewhere: (person: string) => boolean;
  readonly #changed: (items: Presence[]) => void;
  readonly #people = new Map<string, Known>();

  private constructor(options: Options) {
    this.#store = options.store;
    this.#duty = options.duty;
    this.#host = options.host;
    this.#now = options.now;
    this.#elsewhere = options.elsewhere;
    this.#changed = options.changed;
  }

  /** Reads what people chose before, and who holds how much. */
  static async open(options: Options): Promise<PresenceBook> {
    const book = new PresenceBook(options);
    await book.reread();
    await book.recount();
    return book;
  }

  /** What was chosen through another process. */
  async reread(): Promise<void> {
    for (const { key, value } of await this.#store.documents<Chosen>(kind)) {
      const one = this.#know(value.person);
      if (one.chosen && value.since <= one.since && value.requeued?.at === one.requeued?.at) continue;
      const news = one.chosen;
      Object.assign(one, { chosen: true, state: value.state, since: value.since, requeued: value.requeued });
      if (news) this.#tell(key);
    }
  }

  /** Counts what everybody holds, also those who never chose anything. */
  async recount(): Promise<void> {
    const loads = new Map<string, number>();
    let cursor: string | undefined;
    do {
      const page = await this.#store.list(
        { states: ['assigned'] },
        { limit: 200, ...(cursor === undefined ? {} : { cursor }) },
      );
      for (const { holder } of page.items) {
        if (holder.state !== 'assigned') continue;
        this.#know(holder.consultant);
        loads.set(holder.consultant.id, (loads.get(holder.consultant.id) ?? 0) + 1);
      }
      cursor = page.next;
    } while (cursor !== undefined);
    for (const [id, one] of this.#people) {
      const load = loads.get(id) ?? 0;
      if (load > 0) one.lost = false;
      if (load === one.load) continue;
      one.load = load;
      this.#tell(id);
    }
  }

  list(): Presence[] {
    return [...this.#people.keys()].map((id) => this.#presence(id));
  }

  of(person: PersonRef): Presence {
    this.#know(person);
    return this.#presence(person.id);
  }

  /** The person's own choice; never overridden by opening a window. */
  async choose(person: PersonRef, state: PresenceState): Promise<Presence> {
    const one = this.#know(person);
    const chosen: Chosen = { person, state, since: this.#now() };
    await this.#store.putDocument(kind, person.id, chosen);
    Object.assign(one, { ...chosen, chosen: true, requeued: undefined });
    return this.#tell(person.id);
  }

  connected(person: PersonRef): void {
    const one = this.#know(person);
    one.connections += 1;
    one.gone?.();
    one.gone = undefined;
    one.absentSince = undefined;
    one.lost = false;
    if (one.connections === 1) this.#tell(person.id);
  }

  /** A reload or a short loss of the network is no absence: the person is offline only after a while. */
  disconnected(person: PersonRef): void {
    const one = this.#know(person);
    one.connections = Math.max(0, one.connections - 1);
    if (one.connections > 0 || one.gone) return;
    one.absentSince = one.activeAt = this.#host.steady();
    one.gone = this.#host.after(graceMs, () => {
      one.gone = undefined;
      this.#tell(person.id);
    });
  }

  /**
   * Who has given no sign of life to any process for `ms`, and has not been found so before in this absence. Time is
   * counted from when this process first saw them missing, so that its start or a step of the wall clock adds nothing.
   * Someone who is away, or has chosen to be offline, and has a window open is not missing: that choice says to be
   * offered nothing new, and what one holds one goes on with.
   */
  missing(ms: number): PersonRef[] {
    const steady = this.#host.steady();
    const found: PersonRef[] = [];
    for (const [id, one] of this.#people) {
      if (one.connections > 0 || this.#elsewhere(id)) {
        one.absentSince = undefined;
        one.lost = false;
        continue;
      }
      one.absentSince ??= steady;
      if (!one.lost && steady - one.absentSince >= ms) found.push(one.person);
    }
    return found;
  }

  /** Whether the person still is missing, asked again just before anything is taken from them. */
  isMissing(person: string, ms: number): boolean {
    const one = this.#people.get(person);
    if (!one || one.connections > 0 || this.#elsewhere(person)) return false;
    return one.absentSince !== undefined && this.#host.steady() - one.absentSince >= ms;
  }

  /** Everything the missing person held is in the queue again; they are told when they come back. */
  async lost(person: PersonRef, count: number): Promise<void> {
    const one = this.#know(person);
    one.lost = true;
    if (count === 0) return;
    one.requeued = { at: this.#now(), count };
    const { state, since, requeued } = one;
    await this.#store.putDocument(kind, person.id, { person, state, since, requeued } satisfies Chosen);
    this.#tell(person.id);
  }

  /** Conversations the person holds changed by `delta`. Whoever takes one without a window open is given time anew. */
  loadChanged(person: PersonRef, delta: number): void {
    const one = this.#know(person);
    one.load = Math.max(0, one.load + delta);
    if (delta > 0) {
      one.lost = false;
      if (one.connections === 0) one.absentSince = this.#host.steady();
    }
    this.#tell(person.id);
  }

  load(person: string): number {
    return this.#people.get(person)?.load ?? 0;
  }

  /** A request is a sign of life, too: where sockets are blocked people still work. */
  active(person: PersonRef): void {
    const one = this.#people.get(person.id);
    if (one?.connections === 0) one.absentSince = one.activeAt = this.#host.steady();
  }

  /**
   * Ids of those at work through this process: connected, or asking for something just now. What other processes say does
   * not count here: two would tell each other for ever of somebody whom neither has seen.
   */
  here(): string[] {
    const since = this.#host.steady() - graceMs;
    return [...this.#people].filter(([, one]) => one.connections > 0 || one.activeAt > since).map(([id]) => id);
  }

  close(): void {
    for (const one of this.#people.values()) one.gone?.();
  }

  #know(person: PersonRef): Known {
    let one = this.#people.get(person.id);
    if (!one) {
      // Nobody is offered work before having said so once.
      one = {
        person,
        state: 'away',
        since: this.#now(),
        chosen: false,
        requeued: undefined,
        connections: 0,
        gone: undefined,
        absentSince: undefined,
        activeAt: -Infinity,
        lost: false,
        load: 0,
      };
      this.#people.set(person.id, one);
    }
    one.person = person;
    return one;
  }

  #presence(id: string): Presence {
    const one = this.#people.get(id)!;
    const { queues, capacity } = this.#duty(id);
    const lately = one.gone !== undefined && this.#host.steady() - (one.absentSince ?? 0) < graceMs;
    const here = one.connections > 0 || lately || this.#elsewhere(id);
    return {
      person: one.person,
      state: here ? one.state : 'offline',
      since: one.since,
      ...(here || one.state === 'offline' ? {} : { reason: one.requeued ? requeuedReason : offlineReason }),
      ...(one.requeued ? { requeued: one.requeued } : {}),
      load: one.load,
      capacity,
      queues: [...queues],
    };
  }

  #tell(id: string): Presence {
    const presence = this.#presence(id);
    this.#changed([presence]);
    return presence;
  }
}

const kind = 'presence';
const graceMs = 20_000;
const offlineReason = 'No window of the desk is open';
const requeuedReason = 'No connection for too long; what they held is in the queue again';

type Chosen = {
  person: PersonRef;
  state: PresenceState;
  since: number;
  requeued?: Presence['requeued'];
};
type Known = {
  person: PersonRef;
  state: PresenceState;
  since: number;
  /** Whether the state was ever chosen, and not only assumed. */
  chosen: boolean;
  requeued: Presence['requeued'];
  connections: number;
  /** Ends the grace after which the person shows as offline. */
  gone: (() => void) | undefined;
  /** By the monotonic clock, since when the person has been connected nowhere. */
  absentSince: number | undefined;
  /** By the monotonic clock, when the person was last seen here. */
  activeAt: number;
  /** What they held has been taken from them in this absence. */
  lost: boolean;
  load: number;
};
type Options = {
  store: Store;
  duty: (person: string) => Duty;
  host: Host;
  /** The desk's time. */
  now: () => number;
  /** Whether the person is connected to another process that lives. */
  elsewhere: (person: string) => boolean;
  changed: (items: Presence[]) => void;
};
