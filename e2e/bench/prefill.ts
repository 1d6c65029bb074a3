import type { Entry } from '@parley/contracts';
import { blank, evolve } from '@parley/core';
import { fileKeys, sqliteStores } from '@parley/stores';

/** Fills a client's store with finished conversations of ten lines, so that nothing is measured on an empty file. */
export async function prefillStore({
  directory,
  storeKey,
  client,
  conversations,
  cipher,
}: {
  directory: string;
  storeKey: Uint8Array;
  client: string;
  conversations: number;
  cipher: 'sqlcipher' | 'aegis';
}): Promise<void> {
  const stores = sqliteStores({ directory, cipher, keys: fileKeys(`${directory}/keys.json`, storeKey) });
  const store = await stores.open(client);
  for (let from = 0; from < conversations; from += 200) {
    await Promise.all(
      Array.from({ length: Math.min(200, conversations - from) }, (_, k) => {
        const n = from + k;
        const head = blank({
          id: `c_${n.toString(36).padStart(26, '0')}`,
          channel: 'directline',
          channelConversation: `old-${n}`,
          bot: { id: 'assistant', name: 'Assistant' },
          user: { id: `dl_old_${n}` },
          now: 1_700_000_000_000 + n,
        });
        const entries = Array.from({ length: 10 }, (__, line): Entry => ({
          seq: line + 1,
          id: `u:${line}`,
          at: 1_700_000_000_000 + n,
          epoch: 0,
          by: line % 2 ? { type: 'bot' } : { type: 'user' },
          kind: 'message',
          text: `line ${line} ${'x'.repeat(190)}`,
        }));
        return store.commit(0, { ...entries.reduce(evolve, head), version: 1 }, entries);
      }),
    );
  }
  await stores.close();
}
