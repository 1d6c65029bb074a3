import type { DeskStorage } from '@parley/client';
import { openDB, type IDBPDatabase } from 'idb';

/**
 * What must survive a crash of the browser, in a database of this person at this client alone; all windows of the person
 * share it and take turns. Where the browser allows none, writing fails and the desk says so.
 */
export function browserStorage(client: string, person: string): DeskStorage {
  const name = `parley ${client} ${person}`;
  const channel = new BroadcastChannel(name);
  let opened: Promise<IDBPDatabase> | undefined;

  function database(): Promise<IDBPDatabase> {
    opened ??= openDB(name, 1, {
      upgrade: (fresh) => void fresh.createObjectStore(store),
      // A newer page wants another version, or the browser has closed it: the next call opens it again.
      blocking: () => void close(),
      terminated: () => (opened = undefined),
    }).catch((thrown: unknown) => {
      opened = undefined;
      throw thrown;
    });
    return opened;
  }

  async function close(): Promise<void> {
    const old = opened;
    opened = undefined;
    (await old)?.close();
  }

  return {
    async all<T>(prefix: string) {
      const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
      const transaction = (await database()).transaction(store, 'readonly');
      const [keys, values] = await Promise.all([
        transaction.store.getAllKeys(range),
        transaction.store.getAll(range) as Promise<T[]>,
        transaction.done,
      ]);
      return values.map((value, index) => ({ key: keys[index] as string, value }));
    },
    async write(records) {
      const changes = Object.entries(records);
      // A message must survive a power cut too; a key press that does not is typed again.
      const durability = changes.some(([key, value]) => key.startsWith('outbox/') && value !== undefined);
      const transaction = (await database()).transaction(store, 'readwrite', {
        durability: durability ? 'strict' : 'relaxed',
      });
      await Promise.all([
        ...changes.map(([key, value]) =>
          value === undefined ? transaction.store.delete(key) : transaction.store.put(value, key),
        ),
        transaction.done,
      ]);
      channel.postMessage(changes.map(([key]) => key));
    },
    exclusive: async (task, signal, work) => navigator.locks.request(`${name} ${task}`, { signal }, work),
    watch(hear) {
      const listen = ({ data }: MessageEvent<string[]>) => hear(data);
      channel.addEventListener('message', listen);
      return () => channel.removeEventListener('message', listen);
    },
  };
}

const store = 'desk';
