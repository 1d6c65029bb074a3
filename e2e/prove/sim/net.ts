import type { Rng } from './rng.ts';
import type { Process, Scheduler } from './scheduler.ts';

/**
 * How a line is: `up`; `cut`, where the sender learns it at once; `hole`, where nothing comes through and nobody is told;
 * `clogged`, where all waits until it is free again.
 */
export type LineState = 'up' | 'cut' | 'hole' | 'clogged';

export type Packet = {
  from: Process;
  to: Process;
  arrive: () => void;
  /** The sender learns that it did not arrive. */
  refused?: (() => void) | undefined;
};

/** Every line between two processes, each direction on its own. */
export class Net {
  readonly #lines = new Map<string, { state: LineState; held: Packet[] }>();
  readonly #scheduler: Scheduler;
  readonly #chance: Rng;
  readonly #count: (what: string) => void;
  /** Longest ordinary delay in ms. */
  slowest = 20;

  constructor(scheduler: Scheduler, chance: Rng, count: (what: string) => void) {
    this.#scheduler = scheduler;
    this.#chance = chance;
    this.#count = count;
  }

  set(from: string, to: string, state: LineState): void {
    const line = this.#line(from, to);
    line.state = state;
    if (state === 'clogged') return;
    for (const packet of line.held.splice(0)) this.send(packet);
  }

  state(from: string, to: string): LineState {
    return this.#lines.get(`${from}>${to}`)?.state ?? 'up';
  }

  healAll(): void {
    for (const line of this.#lines.values()) {
      line.state = 'up';
      for (const packet of line.held.splice(0)) this.send(packet);
    }
  }

  /** @param earliest not before this virtual time, for lines that keep their order. @returns when it arrives, if it does */
  send(packet: Packet, earliest = 0): number {
    const { from, to, arrive, refused } = packet;
    const line = this.#lines.get(`${from.name}>${to.name}`);
    const at = Math.max(this.#scheduler.time + this.delay(), earliest);
    switch (line?.state ?? 'up') {
      case 'cut':
        this.#count('packet refused');
        if (refused) this.#scheduler.plan(this.delay(), 'net', refused, from);
        return at;
      case 'hole':
        this.#count('packet lost');
        return at;
      case 'clogged':
        this.#count('packet held');
        line?.held.push(packet);
        return at;
      case 'up':
        break;
    }
    this.#scheduler.plan(at - this.#scheduler.time, 'net', () => {
      if (to.alive) {
        // A stopped process takes nothing from its sockets; the packet waits in them.
        if (to.pausedUntil > this.#scheduler.time)
          this.#scheduler.plan(to.pausedUntil - this.#scheduler.time, 'net', () => to.alive && arrive(), to);
        else arrive();
      } else if (refused) this.#scheduler.plan(this.delay(), 'net', refused, from);
    });
    return at;
  }

  /** Mostly short, sometimes long. */
  delay(): number {
    const r = this.#chance.next();
    return 1 + Math.floor(this.slowest * r * r * r);
  }

  #line(from: string, to: string) {
    const key = `${from}>${to}`;
    let line = this.#lines.get(key);
    if (!line) this.#lines.set(key, (line = { state: 'up', held: [] }));
    return line;
  }
}
