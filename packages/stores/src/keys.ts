import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { openLock } from './sqlite/database.ts';
import { checkClient } from './rules.ts';

/** Gives each client its own data key. Behind it: a key file in development, a key vault in production. */
export interface KeyProvider {
  /** @returns 32 bytes, the same for the same client for ever */
  key(client: string): Promise<Uint8Array>;
}

/**
 * A keyring in one file: JSON, readable by its owner only, holding a random data key per client, each wrapped with
 * AES-256-GCM under the key-encryption key and bound to its client. A key that is missing is made and durable before
 * it is given out. Several processes may share the file.
 *
 * @param file path of the keyring; its directory must exist. `<file>-lock` beside it is empty
 * @param keyEncryptionKey 32 bytes, kept apart from the file
 * @throws RangeError for a key-encryption key of another length; `key` rejects when the file is open to others or the key does not fit
 */
export function fileKeys(file: string, keyEncryptionKey: Uint8Array): KeyProvider {
  if (keyEncryptionKey.length !== 32)
    throw new RangeError(`A key-encryption key has 32 bytes, not ${keyEncryptionKey.length}.`);
  const wrapping = Uint8Array.from(keyEncryptionKey);
  return {
    async key(client) {
      checkClient(client);
      const known = keyOf(read(file), client);
      if (known) return unwrap(file, client, known, wrapping);
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      const release = openLock(`${file}-lock`);
      try {
        const ring = read(file);
        const made = keyOf(ring, client);
        if (made) return unwrap(file, client, made, wrapping);
        // A ring under two key-encryption keys would open with neither: what is in it must open before it grows.
        for (const [other, wrapped] of Object.entries(ring.keys).slice(0, 1)) unwrap(file, other, wrapped, wrapping);
        const key = randomBytes(32);
        write(file, { ...ring, keys: { ...ring.keys, [client]: wrap(client, key, wrapping) } });
        return key;
      } finally {
        release();
      }
    },
  };
}

type Wrapped = { iv: string; key: string; tag: string };
type Keyring = { version: 1; keys: Record<string, Wrapped> };

function keyOf(ring: Keyring, client: string): Wrapped | undefined {
  return Object.hasOwn(ring.keys, client) ? ring.keys[client] : undefined;
}

function read(file: string): Keyring {
  let text: string;
  try {
    if (process.platform !== 'win32' && statSync(file).mode & 0o077)
      throw new Error(`${file} can be read by others. Run: chmod 600 ${file}`);
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { version: 1, keys: {} };
    throw error;
  }
  const ring = JSON.parse(text) as Keyring;
  if (ring.version !== 1)
    throw new Error(`${file} is a keyring of version ${String(ring.version)}; this program reads version 1.`);
  return ring;
}

/** The new ring replaces the old whole, or not at all, and stays after a power failure. */
function write(file: string, ring: Keyring): void {
  const temporary = `${file}.${process.pid}.new`;
  const handle = openSync(temporary, 'w', 0o600);
  try {
    writeSync(handle, `${JSON.stringify(ring, null, 2)}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(temporary, file);
  if (process.platform === 'win32') return;
  const directory = openSync(dirname(file), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function wrap(client: string, key: Uint8Array, wrapping: Uint8Array): Wrapped {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', wrapping, iv).setAAD(Buffer.from(client));
  const wrapped = Buffer.concat([cipher.update(key), cipher.final()]);
  return { iv: iv.toString('base64'), key: wrapped.toString('base64'), tag: cipher.getAuthTag().toString('base64') };
}

function unwrap(file: string, client: string, wrapped: Wrapped, wrapping: Uint8Array): Uint8Array {
  try {
    const cipher = createDecipheriv('aes-256-gcm', wrapping, Buffer.from(wrapped.iv, 'base64'), {
      authTagLength: 16,
    }).setAAD(Buffer.from(client));
    cipher.setAuthTag(Buffer.from(wrapped.tag, 'base64'));
    return Buffer.concat([cipher.update(Buffer.from(wrapped.key, 'base64')), cipher.final()]);
  } catch (cause) {
    throw new Error(
      `The key-encryption key does not open the key of ${client} in ${file}: it is another one, or the file was changed.`,
      { cause },
    );
  }
}
