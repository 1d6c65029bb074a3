import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError, type StoreKeySource } from './config.ts';

/**
 * The 32-byte key that encrypts the keys of the clients' stores.
 * @throws {ConfigError} when the file is missing (and may not be made) or holds something else
 */
export function readStoreKey(source: StoreKeySource): Buffer {
  if (source.from === 'value') return source.bytes;
  const text = readKeyFile(source.path) ?? (source.create ? createKeyFile(source.path) : undefined);
  if (text === undefined)
    throw new ConfigError([`${source.path} does not exist: put the store's key there, 32 bytes in base64.`]);
  const bytes = Buffer.from(text.trim(), 'base64');
  if (bytes.length !== 32)
    throw new ConfigError([
      `${source.path} does not hold 32 bytes in base64: restore the key from your backup. Without it the store cannot be read.`,
    ]);
  return bytes;
}

function readKeyFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function createKeyFile(path: string): string {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    writeFileSync(path, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    // Another process made it in the meantime: that one counts.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(path, 'utf8');
}
