/**
 * Where unsent messages and unsaved drafts survive a reload and a crash. The application gives one that belongs to the
 * signed-in person alone: what is in it is sent in that person's name. All windows of that person share it.
 */
export interface DeskStorage {
  /** Every record whose key begins with `prefix`. */
  all<T>(prefix: string): Promise<{ key: string; value: T }[]>;
  /** Writes all of these records or none; `undefined` deletes one. Resolves once it would survive a crash. @throws when it cannot be kept */
  write(records: Readonly<Record<string, unknown>>): Promise<void>;
  /**
   * Runs `work` while no other window runs work of that name; a window that dies lets go.
   * @param signal ends the wait for the turn, and rejects then
   */
  exclusive<T>(name: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>;
  /** Tells the keys that another window has written. @returns what ends it */
  watch(hear: (keys: readonly string[]) => void): () => void;
}

/**
 * Forgets at reload; for tests and for programs that do not live long.
 * @param beside another one, whose records this one shares as a second window of the same person does
 */
export function memoryStorage(beside?: DeskStorage): DeskStorage {
  const shared = (beside && shares.get(beside)) ?? { records: new Map(), windows: new Map(), turns: new Map() };
  const self: DeskStorage = {
    async all<T>(prefix: string) {
      return [...shared.records]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, value]) => ({ key, value: JSON.parse(value) as T }));
    },
    async write(records) {
      for (const [key, value] of Object.entries(records)) {
        if (value === undefined) shared.records.delete(key);
        else shared.records.set(key, JSON.stringify(value));
      }
      const keys = Object.keys(records);
      for (const [window, hearers] of shared.windows)
        if (window !== self) for (const hear of hearers) queueMicrotask(() => hear(keys));
    },
    async exclusive(name, signal, work) {
      const turn = shared.turns.get(name) ?? { holder: undefined, depth: 0, waiting: new Set() };
      shared.turns.set(name, turn);
      // What a window left behind when it died is its own to take up again.
      while (turn.holder !== undefined && turn.holder !== self) {
        await new Promise<void>((resolve) => {
          turn.waiting.add(resolve);
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
        signal.throwIfAborted();
      }
      turn.holder = self;
      turn.depth++;
      try {
        return await work();
      } finally {
        if (--turn.depth === 0) {
          turn.holder = undefined;
          for (const wake of turn.waiting) wake();
          turn.waiting.clear();
        }
      }
    },
    watch(hear) {
      const hearers = shared.windows.get(self) ?? new Set();
      shared.windows.set(self, hearers.add(hear));
      return () => void hearers.delete(hear);
    },
  };
  shares.set(self, shared);
  return self;
}

interface Shared {
  records: Map<string, string>;
  windows: Map<DeskStorage, Set<(keys: readonly string[]) => void>>;
  turns: Map<string, { holder: DeskStorage | undefined; depth: number; waiting: Set<() => void> }>;
}

const shares = new WeakMap<DeskStorage, Shared>();
