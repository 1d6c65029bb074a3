/** Commits messages as fast as it can, many at once, and prints each acknowledged one. Killed by its parent. */
import { writeSync } from 'node:fs';
import { sqliteStores } from '@parley/stores';
import { after, conversation, idOf, message } from '../../src/suite/fixtures.ts';

const [directory, key, lanes] = process.argv.slice(2) as [string, string, string];
const stores = sqliteStores({ directory, keys: { key: async () => Buffer.from(key, 'hex') } });
const store = await stores.open('contoso');
await Promise.all(
  Array.from({ length: Number(lanes) }, async (_, n) => {
    for (;;) {
      const head = (await store.head(idOf(n))) ?? conversation(n, { version: 0 });
      const seq = head.seq + 1;
      const outcome = await store.commit(head.version, after(head, 1), [message(seq, `said ${n} ${seq}`)]);
      if (outcome !== 'committed') throw new Error(outcome);
      writeSync(1, `${n} ${seq}\n`);
    }
  }),
);
