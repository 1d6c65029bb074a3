import type { Host, Store } from '@parley/core';
import type { Down } from './circuit.ts';

/**
 * How the operating system knows a process: `place` is the same for all who can see each other's `pid`, and `mark` tells
 * two that had the same `pid` one after the other apart.
 */
export type Birth = { place: string; pid: number; mark: string };

type Beat = { beat: number; people: string[]; down?: Record<string, Down>; born?: Birth };

type Options = {
  store: Store;
  host: Host;
  /** Name of this process; a fresh one each time it starts. */
  id: string;
  /** Ids of the people connected here. */
  connected: () => Iterable<string>;
  /** Bots that cannot be reached from here. */
  down?: (() => ReadonlyMap<string, Down>) | undefined;
  failed: (error: unknown) => void;
  /** What the operating system says of this process and of others; without it only silence tells that one has ended. */
  system?: System | undefined;
};

export type System = { born: Birth; runs(pid: number): boolean };

/**
 * The processes that serve one client, as each tells the others through the store. Nobody compares clocks: another
 * process is dead when its beat has stayed the same for 20 s of this one's steady clock, and gone when nothing that it
 * began can be under way any more. It began nothing after its last beat was 10 s old (`sure`), and what it began ends
 * within 20 s, so that is after 30 s of silence; at once where it left in order or its end is known.
 */
export class Nodes {
  readonly id: string;
  /** Rises when this process was silent for so long that others may have acted in its place. */
  lapses = 0;
  readonly #options: Options;
  readonly #others = new Map<string, Other>();
  readonly #dead: ((id: string) => void)[] = [];
  readonly #gone: ((id: string) => void)[] = [];
  readonly #told: (() => void)[] = [];
  #beat = 0;
  #beatAt = -Infinity;
  #lookedAt: number;
  #looking: Promise<void> | undefined;
  #failing = false;
  #cancel: () => void = () => undefined;
  #round: Promise<void> | undefined;
  #closed = false;

  private constructor(options: Options) {
    this.#options = options;
    this.id = options.id;
    this.#lookedAt = options.host.steady();
  }

  /** Makes itself known, and learns who else is there. */
  static async open(options: Options): Promise<Nodes> {
    const nodes = new Nodes(options);
    await nodes.#tell();
    await nodes.look();
    nodes.#later();
    return nodes;
  }

  /** Whether a process serves; of one never heard of the answer is no. */
  alive(id: string): boolean {
    return id === this.id || (this.#others.get(id)?.silence ?? Infinity) < deadMs;
  }

  /** Whether nothing that the process began can be under way any more; to be asked after a `look`. */
  gone(id: string): boolean {
    return id !== this.id && !this.#others.has(id);
  }

  /** Whether a person is connected to another process that is alive. */
  elsewhere(person: string): boolean {
    for (const { people, silence } of this.#others.values()) if (silence < deadMs && people.has(person)) return true;
    return false;
  }

  /** Whether no other process serves this client. */
  alone(): boolean {
    return [...this.#others.values()].every(({ silence }) => silence >= deadMs);
  }

  /** Bots that some process cannot reach, and since when. */
  down(): Map<string, Down> {
    const all = new Map(this.#options.down?.());
    for (const { down, silence } of this.#others.values()) {
      if (silence >= deadMs) continue;
      for (const [bot, one] of Object.entries(down))
        if (one.since < (all.get(bot)?.since ?? Infinity)) all.set(bot, one);
    }
    return all;
  }

  /** People connected to any process that is alive, this one included. */
  people(): Set<string> {
    const all = new Set(this.#options.connected());
    for (const { people, silence } of this.#others.values())
      if (silence < deadMs) for (const person of people) all.add(person);
    return all;
  }

  /** No other process takes this one for dead, now and for the next 20 s of a call it begins. */
  sure(): boolean {
    return this.#options.host.steady() - this.#beatAt < sureMs;
  }

  /** A process was heard of no more, or left. Called once for each, before `onGone`. */
  onDead(run: (id: string) => void): void {
    this.#dead.push(run);
  }

  onGone(run: (id: string) => void): void {
    this.#gone.push(run);
  }

  /** This process has made itself heard, and is `sure` again if it was not. */
  onBeat(run: () => void): void {
    this.#told.push(run);
  }

  /** Reads what the others told last. */
  look(): Promise<void> {
    return (this.#looking ??= this.#look().finally(() => (this.#looking = undefined)));
  }

  /** Leaves, so that others need not wait. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    await this.#round;
    this.#beatAt = -Infinity;
    await this.#options.store.deleteDocument(kind, this.id).catch(() => undefined);
  }

  #later(): void {
    if (this.#closed) return;
    this.#cancel = this.#options.host.after(beatMs, () => {
      void this.beat().finally(() => this.#later());
    });
  }

  /** Says that it is there, and hears of the others; done every five seconds, and whenever somebody cannot wait for it. */
  beat(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return (this.#round ??= this.#tellAndLook().finally(() => (this.#round = undefined)));
  }

  async #tellAndLook(): Promise<void> {
    try {
      await this.#tell();
      await this.look();
      this.#failing = false;
    } catch (error) {
      // One report for a store that is away, not one every five seconds.
      if (!this.#failing) this.#options.failed(error);
      this.#failing = true;
    }
  }

  async #tell(): Promise<void> {
    const { store, host, connected, system } = this.#options;
    const down = this.#options.down?.();
    // From before it is written: others count from when they read it.
    const began = host.steady();
    const beat: Beat = {
      beat: ++this.#beat,
      people: [...connected()],
      ...(down && down.size > 0 && { down: Object.fromEntries(down) }),
      ...(system && { born: system.born }),
    };
    await store.putDocument(kind, this.id, beat);
    if (began - this.#beatAt >= sureMs) this.lapses += 1;
    this.#beatAt = began;
    for (const run of this.#told) run();
  }

  async #look(): Promise<void> {
    const { store, host } = this.#options;
    const began = host.steady();
    const told = new Map((await store.documents<Beat>(kind)).map(({ key, value }) => [key, value]));
    // Who was asleep has not listened: of a long while only as much counts as between two looks.
    const passed = Math.min(began - this.#lookedAt, 2 * beatMs);
    this.#lookedAt = began;

    for (const [id, { beat, born, ...one }] of told) {
      if (id === this.id) continue;
      const known = this.#others.get(id);
      const fresh = { beat, people: new Set(one.people), down: one.down ?? {}, silence: 0 };
      if (this.#hasEnded(born)) {
        this.#others.set(id, known ?? fresh);
        await this.#bury(id);
      } else if (!known || known.beat !== beat) {
        this.#others.set(id, fresh);
      } else {
        const before = known.silence;
        known.silence += passed;
        if (before < deadMs && known.silence >= deadMs) this.#announce(this.#dead, id);
        if (known.silence >= goneMs) await this.#bury(id);
      }
    }
    for (const id of this.#others.keys()) if (!told.has(id)) await this.#bury(id);
  }

  #hasEnded(born: Birth | undefined): boolean {
    const { system } = this.#options;
    return (
      system !== undefined &&
      born !== undefined &&
      born.place === system.born.place &&
      (born.pid === system.born.pid ? born.mark !== system.born.mark : !system.runs(born.pid))
    );
  }

  async #bury(id: string): Promise<void> {
    const { silence } = this.#others.get(id)!;
    this.#others.delete(id);
    if (silence < deadMs) this.#announce(this.#dead, id);
    this.#announce(this.#gone, id);
    // Others have noticed or will; a process that only slept writes its own anew.
    await this.#options.store.deleteDocument(kind, id);
  }

  #announce(listeners: readonly ((id: string) => void)[], id: string): void {
    for (const run of listeners) run(id);
  }
}

const kind = 'node';
const beatMs = 5_000;
const sureMs = 10_000;
const deadMs = 20_000;
const goneMs = 30_000;

/** `silence`: ms of this process's steady clock in which the beat stayed the same. */
type Other = { beat: number; people: ReadonlySet<string>; down: Record<string, Down>; silence: number };
