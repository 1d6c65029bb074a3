import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { StoreUnavailable } from '@parley/core';
import { Database } from './driver.ts';
import { migrations } from './schema.ts';

/** `sqlcipher`: AES-256 with an HMAC per page, what auditors know. `aegis`: authenticated too, and about as fast as no encryption. */
export type Cipher = 'sqlcipher' | 'aegis';

export type Opening = { file: string; client: string; key: Uint8Array; cipher: Cipher };

/**
 * Opens the file of one client, or makes it, and brings its schema up to date.
 *
 * @throws StoreUnavailable when the key does not fit or the medium fails; Error when a newer program made the file or it is another client's
 */
export function openDatabase(opening: Opening): Database {
  const { file, client, key } = opening;
  if (key.length !== 32) throw new RangeError(`The key of ${client} has ${key.length} bytes; 32 are needed.`);
  let db: Database | undefined;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // Made here, so that nobody else may read it; SQLite gives its -wal and -shm the same rights.
    closeSync(openSync(file, 'a', 0o600));
    db = connect(opening);
    migrate(db, client);
    // From here on the event loop waits: a writer that is not let in tries again later instead of blocking.
    db.pragma('busy_timeout=20');
    return db;
  } catch (error) {
    db?.close();
    throw error instanceof Database.SqliteError && error.code === 'SQLITE_NOTADB'
      ? new StoreUnavailable(`The key does not open the store of ${client} (${file}), or the file is damaged.`, {
          cause: error,
        })
      : unavailable(error, client);
  }
}

/** A connection to the file, which must exist, with nothing read through it yet but its first page. */
export function connect({ file, key, cipher }: Opening): Database {
  const db = new Database(file, { timeout: 5_000, fileMustExist: true });
  try {
    db.pragma(`cipher='${cipher}'`);
    // A raw key: deriving one from a passphrase would cost 100 ms at each start.
    db.pragma(`key="x'${Buffer.from(key).toString('hex')}'"`);
    // What a commit costs is the number of pages it encrypts. Heads fit into 2 KB.
    db.pragma('page_size=2048');
    db.pragma('temp_store=memory');
    db.pragma('journal_mode=wal');
    db.pragma('synchronous=full');
    // `Upkeep` makes the checkpoints; this is for when it cannot.
    db.pragma('wal_autocheckpoint=32000');
    db.pragma('journal_size_limit=67108864');
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Turns a failure of the medium into `StoreUnavailable`; anything else is given back as it is. */
export function unavailable(error: unknown, client: string): unknown {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: string };
  if (typeof code !== 'string') return error;
  // What a damaged page of the full-text index comes out as.
  if (code === 'SQLITE_ERROR' && message?.startsWith('vtable constructor failed'))
    return new StoreUnavailable(`The store of ${client} is damaged (${code}).`, { cause: error });
  const reason = Object.entries(failures).find(([prefix]) => code === prefix || code.startsWith(`${prefix}_`))?.[1];
  return reason === undefined
    ? error
    : new StoreUnavailable(`The store of ${client} ${reason} (${code}).`, { cause: error });
}

export function isBusy(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED'));
}

/**
 * Waits (up to 10 s) for the lock that `file` stands for. The operating system lets go of it when the process dies.
 *
 * @returns what releases it
 */
export function openLock(file: string): () => void {
  closeSync(openSync(file, 'a', 0o600));
  const db = new Database(file, { timeout: 10_000 });
  try {
    db.exec('begin exclusive');
  } catch (error) {
    db.close();
    throw error;
  }
  return () => db.close();
}

const failures: Record<string, string> = {
  SQLITE_FULL: 'is full',
  SQLITE_IOERR: 'cannot be read or written',
  SQLITE_READONLY: 'is read-only',
  SQLITE_BUSY: 'is held by another process',
  SQLITE_LOCKED: 'is held by another process',
  SQLITE_PROTOCOL: 'is held by another process',
  SQLITE_CANTOPEN: 'cannot be opened',
  SQLITE_PERM: 'may not be opened',
  SQLITE_AUTH: 'may not be opened',
  SQLITE_CORRUPT: 'is damaged',
  SQLITE_NOTADB: 'is damaged, or its key is another one',
  SQLITE_NOMEM: 'has no memory left',
  ENOSPC: 'is full',
  EROFS: 'is read-only',
  EACCES: 'may not be opened',
  EPERM: 'may not be opened',
  EIO: 'cannot be read or written',
  EMFILE: 'cannot be opened',
  ENOTDIR: 'cannot be opened',
};

function migrate(db: Database, client: string): void {
  const version = () => db.pragma('user_version', { simple: true }) as number;
  if (version() < migrations.length) {
    db.exec('begin immediate');
    try {
      // Asked again: another process may have done it meanwhile.
      for (let n = version(); n < migrations.length; n++) {
        db.exec(migrations[n]!);
        if (n === 0) db.prepare(`insert into meta values('client', ?), ('indexed', 0)`).run(client);
        db.pragma(`user_version=${n + 1}`);
      }
      db.exec('commit');
    } catch (error) {
      if (db.inTransaction) db.exec('rollback');
      throw error;
    }
  }
  if (version() > migrations.length)
    throw new Error(
      `The store of ${client} has schema ${version()}, made by a newer release; this one knows schemas up to ${migrations.length}. Start that release instead.`,
    );
  const owner = db.prepare(`select value from meta where name = 'client'`).pluck().get();
  if (owner !== client)
    throw new Error(`The file of ${client} holds the store of ${String(owner)}. Put the right file back.`);
}
