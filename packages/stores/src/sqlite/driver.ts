import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** The driver. Its own declarations are hidden by its `exports` field, so what is used here is declared here. */
export const Database = require('better-sqlite3-multiple-ciphers') as {
  new (file: string, options?: { timeout?: number; fileMustExist?: boolean }): Database;
  readonly SqliteError: new (message: string, code: string) => Error & { code: string };
};

export interface Database {
  readonly inTransaction: boolean;
  prepare(sql: string): Statement;
  exec(sql: string): this;
  pragma(source: string, options?: { simple?: boolean }): unknown;
  close(): this;
}

export interface Statement {
  run(...values: Value[]): { changes: number; lastInsertRowid: number };
  get(...values: Value[]): unknown;
  all(...values: Value[]): unknown[];
  /** Gives the first column instead of an object. */
  pluck(): this;
}

type Value = string | number | Buffer | null;
