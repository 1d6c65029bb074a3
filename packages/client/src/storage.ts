/**
 * Where unsent messages and unsaved drafts survive a reload. The application gives one that belongs to the signed-in
 * person alone: what is in it is sent in that person's name.
 */
export interface DeskStorage {
  /** Every record whose key begins with `prefix`. */
  all<T>(prefix: string): Promise<{ key: string; value: T }[]>;
  put(key: string, value: unknown): Promise<void>;
  delete(key: string): Promise<void>;
}

/** Forgets at reload; for tests and for programs that do not live long. */
export function memoryStorage(): DeskStorage {
  const records = new Map<string, string>();
  return {
    async all<T>(prefix: string) {
      return [...records]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, value]) => ({ key, value: JSON.parse(value) as T }));
    },
    async put(key, value) {
      records.set(key, JSON.stringify(value));
    },
    async delete(key) {
      records.delete(key);
    },
  };
}
