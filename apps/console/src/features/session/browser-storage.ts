import { memoryStorage, type DeskStorage } from '@parley/client';
import { createStore, del, entries, set } from 'idb-keyval';

/** What must survive a crash of the browser, in a database of this person at this client alone. */
export function browserStorage(client: string, person: string): DeskStorage {
  if (typeof indexedDB === 'undefined') return memoryStorage();
  const store = createStore(`parley ${client} ${person}`, 'desk');
  return {
    async all<T>(prefix: string) {
      const all = await entries<string, T>(store);
      return all.filter(([key]) => key.startsWith(prefix)).map(([key, value]) => ({ key, value }));
    },
    put: (key, value) => set(key, value, store),
    delete: (key) => del(key, store),
  };
}
