import type { Host } from '@parley/core';

/** A machine whose time stands still until a test lets it pass. Several processes may share the time, each with its own host. */
export class VirtualTime {
  time = 0;
  /** Timers are late by up to this many ms, all together: a long wait costs little then. */
  lateness = 0;
  readonly #timers = new Set<{ at: number; run: () => void; of: Sleeper }>();
  #ids = 0;

  /** @param skew ms by which the wall clock of this process is off */
  host(skew = 0): Host & Sleeper {
    const host: Host & Sleeper = {
      asleep: false,
      now: () => Math.floor(1_790_000_000_000 + this.time + skew),
      steady: () => this.time,
      after: (ms, run) => {
        const exact = this.time + ms;
        const at = this.lateness > 0 ? Math.ceil(exact / this.lateness) * this.lateness : exact;
        const timer = { at, run, of: host };
        this.#timers.add(timer);
        return () => void this.#timers.delete(timer);
      },
      random: () => 0.5,
      newId: () => `id-${String(++this.#ids).padStart(9, '0')}`,
    };
    return host;
  }

  /** Lets time pass, timer by timer; what is awake does what is due. */
  async pass(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      await settled();
      const next = [...this.#timers].filter(({ of }) => !of.asleep).toSorted((a, b) => a.at - b.at)[0];
      if (!next || next.at > end) break;
      this.#timers.delete(next);
      this.time = Math.max(this.time, next.at);
      next.run();
    }
    this.time = end;
    await settled();
  }
}

/** A process that sleeps lets its timers lapse until it wakes. */
export type Sleeper = { asleep: boolean };

/** Everything that is under way and needs no time has ended. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setImmediate(resolve));
}
