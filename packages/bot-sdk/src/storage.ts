import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What the SDK remembers between turns lives here. Every `Storage` of botbuilder and of the Microsoft 365 Agents SDK fits. */
export interface ParleyStorage {
  read(keys: string[]): Promise<Record<string, unknown>>;
  write(changes: Record<string, unknown>): Promise<void>;
  delete(keys: string[]): Promise<void>;
}

/** Ends with the process: a restarted bot asks the desk who holds the floor, but cannot reach users before they speak again. */
export function memoryStorage(): ParleyStorage {
  const items = new Map<string, string>();
  return {
    read: (keys) =>
      Promise.resolve(
        Object.fromEntries(keys.flatMap((key) => (items.has(key) ? [[key, JSON.parse(items.get(key)!)]] : []))),
      ),
    write(changes) {
      for (const [key, value] of Object.entries(changes)) items.set(key, JSON.stringify(value));
      return Promise.resolve();
    },
    delete(keys) {
      for (const key of keys) items.delete(key);
      return Promise.resolve();
    },
  };
}

/**
 * One file per item, each replaced in one step, so that a crash leaves the old item or the new one. For one process.
 * @param directory made when missing, readable by this user alone.
 * @param maxAgeDays items untouched for longer are removed, at the first use and once a day. Default 90.
 */
export function fileStorage(directory: string, maxAgeDays = 90): ParleyStorage {
  const dayMs = 24 * 60 * 60 * 1000;
  const path = (key: string) => join(directory, `${createHash('sha256').update(key).digest('hex').slice(0, 40)}.json`);
  let ready: Promise<unknown> | undefined;
  let sweepAt = 0;

  async function prepare(): Promise<void> {
    ready ??= mkdir(directory, { recursive: true, mode: 0o700 });
    await ready;
    if (Date.now() < sweepAt) return;
    sweepAt = Date.now() + dayMs;
    const oldest = Date.now() - maxAgeDays * dayMs;
    for (const name of await readdir(directory)) {
      const file = join(directory, name);
      const modified = await stat(file).then(
        (found) => found.mtimeMs,
        () => Number.POSITIVE_INFINITY,
      );
      if (modified < oldest) await rm(file, { force: true });
    }
  }

  return {
    async read(keys) {
      await prepare();
      const found: Record<string, unknown> = {};
      for (const key of keys) {
        const text = await readFile(path(key), 'utf8').catch(absent);
        if (text !== undefined) found[key] = (JSON.parse(text) as { value: unknown }).value;
      }
      return found;
    },
    async write(changes) {
      await prepare();
      for (const [key, value] of Object.entries(changes)) {
        const draft = `${path(key)}.${randomUUID()}`;
        const file = await open(draft, 'wx', 0o600);
        try {
          await file.writeFile(JSON.stringify({ key, value }));
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(draft, path(key));
      }
    },
    async delete(keys) {
      await prepare();
      for (const key of keys) await rm(path(key), { force: true });
    },
  };
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
