import type { ClientHost } from './host.ts';
import type { DeskStorage } from './storage.ts';
import { createStore, type Readable } from './store.ts';

/** Whether what was written would survive a crash; `memory` means that some of it is in this window alone. */
export type Keeping = { state: 'kept' } | { state: 'memory'; why: 'full' | 'unavailable' };

/** A storage that never fails: what cannot be written stays in memory, is tried again, and is said to be there only. */
export interface Keeper extends Pick<DeskStorage, 'all' | 'exclusive' | 'watch'> {
  readonly state: Readable<Keeping>;
  /** @returns whether it would survive a crash */
  write(records: Readonly<Record<string, unknown>>): Promise<boolean>;
  /** Tries again to write what could not be written. */
  again(): void;
}

/** Browsers are known to leave a transaction hanging for ever; nobody's message waits for that. Milliseconds. */
const patience = 3_000;

export function createKeeper(storage: DeskStorage, host: ClientHost): Keeper {
  const state = createStore<Keeping>({ state: 'kept' });
  const unwritten = new Map<string, unknown>();
  const newest = new Map<string, object>();

  async function attempt(records: Readonly<Record<string, unknown>>): Promise<boolean> {
    const mark = {};
    for (const key of Object.keys(records)) newest.set(key, mark);
    const whole = { ...Object.fromEntries(unwritten), ...records };
    try {
      await inTime(storage.write(whole));
      for (const [key, value] of Object.entries(whole)) if (unwritten.get(key) === value) unwritten.delete(key);
      for (const key of Object.keys(records)) if (newest.get(key) === mark) unwritten.delete(key);
      if (unwritten.size === 0) state.set({ state: 'kept' });
      return true;
    } catch (thrown) {
      for (const [key, value] of Object.entries(records)) if (newest.get(key) === mark) unwritten.set(key, value);
      ill((thrown as { name?: unknown } | undefined)?.name === 'QuotaExceededError' ? 'full' : 'unavailable');
      return false;
    } finally {
      for (const key of Object.keys(records)) if (newest.get(key) === mark) newest.delete(key);
    }
  }

  function ill(why: 'full' | 'unavailable'): void {
    const known = state.getSnapshot();
    if (known.state === 'kept' || known.why !== why) state.set({ state: 'memory', why });
  }

  async function inTime<T>(work: Promise<T>): Promise<T> {
    let cancel: (() => void) | undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = host.after(patience, () => reject(new Error('The storage does not answer')));
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      cancel?.();
    }
  }

  return {
    state,
    async write(records) {
      const trial = attempt(records);
      // A storage that is known to be ill is still tried, but nobody waits for it.
      return state.getSnapshot().state === 'kept' ? trial : false;
    },
    async all<T>(prefix: string) {
      const kept = await inTime(storage.all<T>(prefix)).catch(() => {
        ill('unavailable');
        return [];
      });
      const records = new Map(kept.map(({ key, value }) => [key, value]));
      for (const [key, value] of unwritten) {
        if (!key.startsWith(prefix)) continue;
        if (value === undefined) records.delete(key);
        else records.set(key, value as T);
      }
      return [...records].map(([key, value]) => ({ key, value }));
    },
    async exclusive(name, signal, work) {
      let begun = false;
      try {
        return await storage.exclusive(name, signal, () => {
          begun = true;
          return work();
        });
      } catch (thrown) {
        // Where windows cannot take turns at all, each goes on by itself.
        if (begun || signal.aborted) throw thrown;
        return work();
      }
    },
    watch: (hear) => storage.watch(hear),
    again() {
      if (unwritten.size > 0) void attempt({});
    },
  };
}
