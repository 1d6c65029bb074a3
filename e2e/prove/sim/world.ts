import type { Host } from '@parley/core';
import { Net } from './net.ts';
import type { RequestFaults } from './requests.ts';
import { Rng } from './rng.ts';
import { Scheduler, type Process } from './scheduler.ts';
import { Truth } from './truth.ts';

/** Counts what happened: faults that struck, and states that are worth having been in. */
export type Counts = Map<string, number>;

/** What everything in one simulation shares. */
export class World {
  readonly seed: number;
  readonly scheduler = new Scheduler();
  /** Chance of faults and plans; apart from that of the lines, so that a plan stays what it is. */
  readonly plan: Rng;
  readonly chance: Rng;
  readonly counts: Counts = new Map();
  readonly net: Net;
  readonly truth: Truth;
  /** No new deeds and no new faults. */
  winding = false;
  /** When that begins, in virtual ms. */
  until = 0;
  /** One process only has routed so far, so that nobody may be asked twice at once. */
  oneRouter = true;
  /** Until when each process may be taken for dead though it is not, in virtual ms. */
  readonly disturbed = new Map<string, number>();
  requestFaults: RequestFaults = { double: 0 };
  #ids = 0;

  constructor(seed: number) {
    this.seed = seed;
    this.plan = new Rng(seed, 1);
    this.chance = new Rng(seed, 2);
    this.net = new Net(this.scheduler, this.chance, (what) => this.count(what));
    this.truth = new Truth(this);
  }

  count(what: string, by = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by);
  }

  /** What the machine gives to one process. Its clock may be wrong; its steady time began when it did. */
  hostOf(process: Process & { clock: number }, salt: number): Host {
    const rng = new Rng(this.seed, salt);
    const began = this.scheduler.time - rng.below(1_000_000);
    return {
      now: () => epoch + this.scheduler.time + process.clock,
      steady: () => this.scheduler.time - began,
      after: (ms, run) => this.scheduler.timer(ms, run, process),
      random: () => rng.next(),
      newId: () => `i${this.nextId()}`,
    };
  }

  /** How long somebody waits between two deeds: longer while hours go by. */
  idle(ms: number): number {
    return this.scheduler.lateness > 0 ? ms * 1_000 : ms;
  }

  /** Unique in this world. */
  nextId(): string {
    return (this.#ids++).toString(36);
  }
}

/** When simulations begin, in ms since 1970. */
const epoch = 1_800_000_000_000;
