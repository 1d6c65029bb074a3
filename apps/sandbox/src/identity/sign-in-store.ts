import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Adapter, AdapterPayload } from 'oidc-provider';

/** Sessions, grants, codes and refresh tokens of all tenants. */
export interface SignInStore {
  /** Signs the session cookies; persists with the sessions. */
  readonly cookieSecret: string;
  /** The provider's storage adapter for one tenant. */
  adapter(tid: string): (model: string) => Adapter;
  /** Writes what is not written yet. */
  flush(): void;
}

/**
 * Keeps what the provider stores, by the sandbox's clock: the provider itself only knows the machine's,
 * so expiry is shifted between the two on the way in and out.
 * @param now milliseconds since the epoch.
 * @param dataDirectory where `sign-in.json` persists; without it, in memory only.
 */
export function createSignInStore(now: () => number, dataDirectory?: string): SignInStore {
  const file = dataDirectory && join(dataDirectory, 'sign-in.json');
  const { cookieSecret, records: stored } = file ? load(file) : emptyState();
  const records = new Map(Object.entries(stored));
  let dirty = false;

  function flush(): void {
    if (!file || !dirty) return;
    dirty = false;
    prune();
    mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
    writeFileSync(`${file}.new`, JSON.stringify({ cookieSecret, records: Object.fromEntries(records) }), {
      mode: 0o600,
    });
    renameSync(`${file}.new`, file);
  }

  function touch(): void {
    if (records.size > pruneAbove) prune();
    if (dirty || !file) return;
    dirty = true;
    setImmediate(flush);
  }

  function prune(): void {
    for (const [key, record] of records) {
      if (record.expiresAt !== null && record.expiresAt + keptAfterExpiry < now()) records.delete(key);
    }
  }

  function adapter(tid: string, model: string): Adapter {
    const keyOf = (id: string) => `${tid} ${model} ${id}`;
    const read = (record: StoredRecord | undefined) => record && shiftTimes(record, now() - Date.now());

    return {
      async upsert(id, payload, expiresIn = 0) {
        const expiresAt = expiresIn > 0 ? now() + expiresIn * 1000 : null;
        records.set(keyOf(id), { payload, expiresAt, offset: now() - Date.now() });
        touch();
      },
      async find(id) {
        return read(records.get(keyOf(id)));
      },
      async findByUid(uid) {
        const prefix = keyOf('');
        for (const [key, record] of records) {
          if (key.startsWith(prefix) && record.payload.uid === uid) return read(record);
        }
        return undefined;
      },
      async findByUserCode() {
        return undefined;
      },
      async consume(id) {
        // Entra lets a refresh token be used again until it dies: two tabs may refresh at the same moment.
        if (model === 'RefreshToken') return;
        const record = records.get(keyOf(id));
        if (record) record.payload.consumed = Math.floor(Date.now() / 1000);
        touch();
      },
      async destroy(id) {
        records.delete(keyOf(id));
        touch();
      },
      async revokeByGrantId(grantId) {
        for (const [key, record] of records) {
          if (key.startsWith(`${tid} `) && record.payload.grantId === grantId) records.delete(key);
        }
        touch();
      },
    };
  }

  return { cookieSecret, adapter: (tid) => (model) => adapter(tid, model), flush };
}

/** Expired records stay a day, so that a client is told "expired" and not "unknown". Milliseconds. */
const keptAfterExpiry = 86_400_000;
const pruneAbove = 10_000;

function shiftTimes({ payload, offset }: StoredRecord, offsetNow: number): AdapterPayload {
  const seconds = Math.round((offsetNow - offset) / 1000);
  const shifted = { ...payload };
  for (const time of ['exp', 'iat', 'loginTs'] as const) {
    const value = shifted[time];
    if (typeof value === 'number') shifted[time] = value - seconds;
  }
  return shifted;
}

function load(file: string): StoredState {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as StoredState;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return emptyState();
    throw new Error(`${file} cannot be read: delete it to sign everybody out`, { cause: error });
  }
}

function emptyState(): StoredState {
  return { cookieSecret: randomBytes(32).toString('base64url'), records: {} };
}

interface StoredState {
  cookieSecret: string;
  records: Record<string, StoredRecord>;
}

interface StoredRecord {
  payload: AdapterPayload;
  /** Milliseconds of the sandbox's clock; null never expires. */
  expiresAt: number | null;
  /** How far the sandbox's clock was ahead of the machine's when the record was written. */
  offset: number;
}
