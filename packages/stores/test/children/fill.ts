/**
 * Commits until the medium refuses, prints what was acknowledged and what was refused, then tries again until it works.
 * Its parent has limited how large files may grow, and lifts that once it reads `full`.
 */
import { writeSync } from 'node:fs';
import { StoreUnavailable } from '@parley/core';
import { sqliteStores } from '@parley/stores';
import { conversation, message } from '../../src/suite/fixtures.ts';

const [directory, key] = process.argv.slice(2) as [string, string];
const stores = sqliteStores({ directory, keys: { key: async () => Buffer.from(key, 'hex') } });
const store = await stores.open('contoso');
let full = false;
for (let n = 0, refusals = 0; ; n += 10) {
  const results = await Promise.allSettled(
    Array.from({ length: 10 }, (_, i) =>
      store.commit(0, conversation(n + i, { seq: 1 }), [message(1, 'x'.repeat(1_000))]),
    ),
  );
  for (const [i, result] of results.entries())
    writeSync(
      1,
      `${result.status === 'fulfilled' ? 'stored' : result.reason instanceof StoreUnavailable ? 'refused' : String(result.reason)} ${n + i}\n`,
    );
  const refused = results.some(({ status }) => status === 'rejected');
  if (refused) refusals++;
  if (refusals >= 3 && !full) {
    full = true;
    writeSync(1, 'full\n');
  }
  if (full && !refused) break;
  if (full) await new Promise((resolve) => setTimeout(resolve, 20));
}
await stores.close();
