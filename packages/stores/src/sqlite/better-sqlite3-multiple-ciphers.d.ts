/** The part of the driver that is used here. Its own declarations are hidden by its `exports` field, which names none. */
declare module 'better-sqlite3-multiple-ciphers' {
  class Database {
    constructor(file: string, options?: { timeout?: number; fileMustExist?: boolean; readonly?: boolean });
    readonly inTransaction: boolean;
    readonly open: boolean;
    prepare(sql: string): Database.Statement;
    exec(sql: string): this;
    pragma(source: string, options?: { simple?: boolean }): unknown;
    close(): this;
    static readonly SqliteError: new (message: string, code: string) => Error & { code: string };
  }
  namespace Database {
    type Value = string | number | Buffer | null;
    interface Statement {
      run(...values: Value[]): { changes: number; lastInsertRowid: number };
      get(...values: Value[]): unknown;
      all(...values: Value[]): unknown[];
      pluck(): this;
      raw(): this;
    }
  }
  export default Database;
}
