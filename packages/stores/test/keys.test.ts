import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileKeys, sqliteStores } from '@parley/stores';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { conversation, idOf } from '../src/suite/fixtures.ts';

let directory: string;
const wrapping = randomBytes(32);
const file = () => join(directory, 'keyring.json');

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'parley-keys-'));
});
afterEach(() => rm(directory, { recursive: true }));

test('S17 each client has its own key, made once and kept', async () => {
  const keys = fileKeys(file(), wrapping);
  const contoso = await keys.key('contoso');
  const fabrikam = await keys.key('fabrikam');
  expect(contoso).toHaveLength(32);
  expect(Buffer.from(contoso).equals(fabrikam)).toBe(false);
  expect(Buffer.from(await fileKeys(file(), wrapping).key('contoso')).equals(contoso)).toBe(true);
  const text = await readFile(file(), 'utf8');
  for (const secret of [contoso, fabrikam, wrapping])
    for (const encoding of ['hex', 'base64'] as const)
      expect(text).not.toContain(Buffer.from(secret).toString(encoding));
  expect((await stat(file())).mode & 0o777).toBe(0o600);
  expect((await readdir(directory)).toSorted()).toEqual(['keyring.json', 'keyring.json-lock']);
});

test('providers that make keys at the same time lose none and agree', async () => {
  const clients = Array.from({ length: 10 }, (_, i) => `client-${i}`);
  const made = await Promise.all(
    [0, 1, 2].flatMap(() => clients.map((client) => fileKeys(file(), wrapping).key(client))),
  );
  for (const [i, client] of clients.entries()) {
    const stored = Buffer.from(await fileKeys(file(), wrapping).key(client));
    for (const round of [0, 1, 2]) expect(stored.equals(made[round * 10 + i]!)).toBe(true);
  }
});

test('S17 another key-encryption key opens nothing, and adds nothing to the ring', async () => {
  await fileKeys(file(), wrapping).key('contoso');
  const before = await readFile(file(), 'utf8');
  const other = fileKeys(file(), randomBytes(32));
  await expect(other.key('contoso')).rejects.toThrow(/does not open the key of contoso/);
  await expect(other.key('fabrikam')).rejects.toThrow(/does not open/);
  expect(await readFile(file(), 'utf8')).toBe(before);
});

test('S17 a key is bound to its client: exchanging two in the file is noticed', async () => {
  const keys = fileKeys(file(), wrapping);
  await keys.key('contoso');
  await keys.key('fabrikam');
  const ring = JSON.parse(await readFile(file(), 'utf8')) as { keys: Record<string, unknown> };
  [ring.keys.contoso, ring.keys.fabrikam] = [ring.keys.fabrikam, ring.keys.contoso];
  await writeFile(file(), JSON.stringify(ring));
  await expect(keys.key('contoso')).rejects.toThrow(/does not open the key of contoso/);
});

test.skipIf(process.platform === 'win32')('a keyring that others may read is refused with the remedy', async () => {
  const keys = fileKeys(file(), wrapping);
  await keys.key('contoso');
  await chmod(file(), 0o644);
  await expect(keys.key('contoso')).rejects.toThrow(/chmod 600/);
});

test('a key-encryption key has 32 bytes, a client a slug', async () => {
  expect(() => fileKeys(file(), randomBytes(16))).toThrow(RangeError);
  await expect(fileKeys(file(), wrapping).key('__proto__')).rejects.toThrow(RangeError);
  await expect(fileKeys(file(), wrapping).key('constructor')).resolves.toHaveLength(32);
});

test('stores open with it again', async () => {
  for (const round of [0, 1]) {
    const stores = sqliteStores({ directory: join(directory, 'stores'), keys: fileKeys(file(), wrapping) });
    const store = await stores.open('contoso');
    expect(await store.commit(round, conversation(1, { version: round + 1 }), [])).toBe('committed');
    expect((await store.head(idOf(1)))?.version).toBe(round + 1);
    await stores.close();
  }
});
