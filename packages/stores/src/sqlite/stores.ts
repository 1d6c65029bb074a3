import { join } from 'node:path';
import type { Stores } from '@parley/core';
import { StoreUnavailable } from '@parley/core';
import type { KeyProvider } from '../keys.ts';
import { checkClient } from '../rules.ts';
import type { Cipher } from './database.ts';
import { SqliteStore } from './store.ts';
import type { StoreLog } from './writer.ts';

export type SqliteOptions = {
  /** Where the files lie, one per client: `<client>.db`. Made when missing. On a local disk: SQLite's locks do not hold on network shares. */
  directory: string;
  keys: KeyProvider;
  /** Must stay the same for the life of a file. Default `sqlcipher`. */
  cipher?: Cipher;
  log?: StoreLog;
};

/**
 * Stores in one encrypted SQLite file per client, each with its own key.
 * Several processes on one machine may open the same files.
 *
 * `open` rejects with `StoreUnavailable` when the key does not fit or the medium fails, and with an Error that says
 * what to do when the file was made by a newer release or belongs to another client.
 */
export function sqliteStores({ directory, keys, cipher = 'sqlcipher', log }: SqliteOptions): Stores {
  const stores = new Map<string, Promise<SqliteStore>>();
  let closed = false;

  async function make(client: string): Promise<SqliteStore> {
    const key = await keys.key(client);
    if (closed) throw new StoreUnavailable('The stores are closed.');
    return new SqliteStore({ file: join(directory, `${client}.db`), client, key, cipher }, log);
  }

  return {
    async open(client) {
      checkClient(client);
      if (closed) throw new StoreUnavailable('The stores are closed.');
      const known = stores.get(client);
      if (known) return known;
      const opening = make(client);
      stores.set(client, opening);
      // A failed attempt must not be the answer for ever.
      opening.catch(() => stores.delete(client));
      return opening;
    },
    async close() {
      closed = true;
      const opened = await Promise.allSettled(stores.values());
      await Promise.all(opened.map((store) => (store.status === 'fulfilled' ? store.value.close() : undefined)));
    },
  };
}
