import type { PersonRef, Presence, PresenceState } from '@parley/contracts';
import type { Host, Store } from '@parley/core';

/** What is known of a person's work at this client: queues served and the most conversations at once. */
export type Duty = { queues: readonly string[]; capacity: number };

/**
 * Presence of one client's consultants: one state for all tabs and devices of a person.
 * What a person chose is kept in the store; whether they are connected is known here only.
 */
export class PresenceBook {
  readonly #store: Store;
  readonly #duty: (person: string) => Duty;
  readonly #host: Host;
  readonly #changed: (items: Presence[]) => void;
  readonly #people = new Map<string, Chosen & { connections: number; gone: (() => void) | undefined; load: number }>();

  private constructor(options: Options) {
    this.#store = options.store;
    this.#duty = options.duty;
    this.#host = options.host;
    this.#changed = options.changed;
  }

  /** Reads what people chose before. Loads are counted from the store. */
  static async open(options: Options): Promise<PresenceBook> {
    const book = new PresenceBook(options);
    for (const { key, value } of await options.store.documents<Chosen>(kind)) {
      const load = await options.store.count({ states: ['assigned'], consultant: key });
      book.#people.set(key, { ...value, connections: 0, gone: undefined, load });
    }
    return book;
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
    const chosen: Chosen = { person, state, since: this.#host.now() };
    await this.#store.putDocument(kind, person.id, chosen);
    Object.assign(one, chosen);
    return this.#tell(person.id);
  }

  connected(person: PersonRef): void {
    const one = this.#know(person);
    one.connections += 1;
    one.gone?.();
    one.gone = undefined;
    if (one.connections === 1) this.#tell(person.id);
  }

  /** A reload or a short loss of the network is no absence: the person is offline only after a while. */
  disconnected(person: PersonRef): void {
    const one = this.#know(person);
    one.connections = Math.max(0, one.connections - 1);
    if (one.connections > 0 || one.gone) return;
    one.gone = this.#host.after(graceMs, () => {
      one.gone = undefined;
      this.#tell(person.id);
    });
  }

  /** Conversations the person holds changed by `delta`. */
  loadChanged(person: PersonRef, delta: number): void {
    const one = this.#know(person);
    one.load = Math.max(0, one.load + delta);
    this.#tell(person.id);
  }

  load(person: string): number {
    return this.#people.get(person)?.load ?? 0;
  }

  close(): void {
    for (const one of this.#people.values()) one.gone?.();
  }

  #know(person: PersonRef) {
    let one = this.#people.get(person.id);
    if (!one) {
      // Nobody is offered work before having said so once.
      one = { person, state: 'away', since: this.#host.now(), connections: 0, gone: undefined, load: 0 };
      this.#people.set(person.id, one);
    }
    one.person = person;
    return one;
  }

  #presence(id: string): Presence {
    const one = this.#people.get(id)!;
    const { queues, capacity } = this.#duty(id);
    const here = one.connections > 0 || one.gone !== undefined;
    return {
      person: one.person,
      state: here ? one.state : 'offline',
      since: one.since,
      ...(here || one.state === 'offline' ? {} : { reason: 'No window of the desk is open' }),
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

type Chosen = { person: PersonRef; state: PresenceState; since: number };
type Options = {
  store: Store;
  duty: (person: string) => Duty;
  host: Host;
  changed: (items: Presence[]) => void;
};
