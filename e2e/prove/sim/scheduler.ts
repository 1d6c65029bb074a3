/** What happens in a simulation, for the trace and its hash. */
export const labels = ['timer', 'net', 'store', 'sync', 'fault', 'actor', 'look'] as const;
export type Label = (typeof labels)[number];

/** Something that can be killed and paused: what is due for it then is dropped, or waits. */
export interface Process {
  readonly name: string;
  alive: boolean;
  /** In virtual milliseconds. */
  pausedUntil: number;
}

/**
 * Virtual time. One event at a time, in order of time and then of making; after each everything that it set going in promises
 * runs to its end. Nothing else moves, so the same seed makes the same history.
 */
export class Scheduler {
  /** Virtual milliseconds since the beginning. */
  time = 0;
  steps = 0;
  hash = 0x811c_9dc5;
  /** Timers are late by up to this many ms, all together: a long wait costs few steps then. */
  lateness = 0;
  /** Told of every step when set. */
  trace: ((line: string) => void) | undefined;
  readonly #heap: Planned[] = [];
  #made = 0;

  /** Runs something later. @returns what cancels it */
  plan(delay: number, label: Label, run: () => void, owner?: Process): () => void {
    const event: Planned = {
      at: this.time + Math.max(0, Math.ceil(delay)),
      n: this.#made++,
      label,
      run,
      owner,
      off: false,
    };
    this.#push(event);
    return () => {
      event.off = true;
    };
  }

  /** A timer of a process: never early, perhaps late. */
  timer(ms: number, run: () => void, owner: Process): () => void {
    const exact = this.time + Math.max(1, Math.ceil(ms));
    const at = this.lateness > 0 ? Math.ceil(exact / this.lateness) * this.lateness : exact;
    return this.plan(at - this.time, 'timer', run, owner);
  }

  /** Mixes a number into the hash of the history. */
  mix(value: number): void {
    this.hash = Math.imul(this.hash ^ value, 0x0100_0193);
  }

  note(line: () => string): void {
    this.trace?.(`${this.time} ${line()}`);
  }

  /** Runs until there is nothing left, the time is reached, or `stop` says so. */
  async run(until: number, stop: () => boolean = () => false): Promise<void> {
    for (;;) {
      const event = this.#heap[0];
      if (event === undefined || event.at > until) break;
      this.#pop();
      if (event.off || event.owner?.alive === false) continue;
      this.time = event.at;
      if (event.owner !== undefined && event.owner.pausedUntil > this.time) {
        event.at = event.owner.pausedUntil;
        this.#push(event);
        continue;
      }
      this.steps++;
      this.mix(event.at);
      this.mix(labels.indexOf(event.label));
      this.trace?.(`${this.time} ${event.label}${event.owner === undefined ? '' : ` of ${event.owner.name}`}`);
      event.run();
      await settled();
      if (stop()) return;
    }
    this.time = Math.max(this.time, until);
  }

  #push(event: Planned): void {
    const heap = this.#heap;
    let i = heap.push(event) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(event, heap[parent] as Planned)) break;
      heap[i] = heap[parent] as Planned;
      i = parent;
    }
    heap[i] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Planned;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Planned, heap[child] as Planned)) child++;
      if (!before(heap[child] as Planned, last)) break;
      heap[i] = heap[child] as Planned;
      i = child;
    }
    heap[i] = last;
  }
}

const soon = setImmediate;

/** Resolves when every promise that could run has run. */
function settled(): Promise<void> {
  return new Promise((resolve) => void soon(resolve));
}

function before(a: Planned, b: Planned): boolean {
  return a.at < b.at || (a.at === b.at && a.n < b.n);
}

type Planned = {
  at: number;
  n: number;
  label: Label;
  run: () => void;
  owner: Process | undefined;
  off: boolean;
};
