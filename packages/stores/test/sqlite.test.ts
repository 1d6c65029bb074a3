import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqliteStores, type Cipher } from '@parley/stores';
import { storeSuite } from '@parley/stores/suite';

for (const cipher of ['sqlcipher', 'aegis'] satisfies Cipher[])
  storeSuite(`sqlite, ${cipher}`, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'parley-stores-'));
    const key = randomBytes(32);
    const make = () => sqliteStores({ directory, cipher, keys: { key: async () => key } });
    return { stores: make(), reopen: async () => make(), cleanUp: () => rm(directory, { recursive: true }) };
  });
