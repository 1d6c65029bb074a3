import type { Store } from '@parley/core';

/** The connection under a SQLite store, which it shows for tests of the medium. */
export function databaseOf(store: Store): Database {
  const { db } = store as Store & { db?: Database };
  if (db === undefined) throw new TypeError('This store is not one of SQLite');
  return db;
}

export type Database = { pragma(source: string, options?: { simple?: boolean }): unknown };
