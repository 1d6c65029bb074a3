import { createDesk, type Desk } from '@parley/api/parts';
import type { Policy, Store, Stores } from '@parley/core';
import { sqliteStores } from '@parley/stores';

/** The desk of a racer: the real commands on the real file, and nothing after a commit. */
export async function openDesk(directory: string, key: string): Promise<{ desk: Desk; store: Store; stores: Stores }> {
  const stores = sqliteStores({ directory, keys: { key: async () => Buffer.from(key, 'hex') } });
  const store = await stores.open('contoso');
  const desk = createDesk({ store, policy: () => policy, now: Date.now, committed: () => undefined });
  return { desk, store, stores };
}

export const queue = 'general';

const policy: Policy = {
  queues: [
    { id: queue, name: 'General', warnAfter: 60, dueAfter: 120, deadlineSeconds: 36_000, fallback: { to: 'bot' } },
  ],
  defaultQueue: queue,
  outcomes: [],
  offerSeconds: 36_000,
  goneSeconds: 36_000,
  takeBackSeconds: 36_000,
  uninvited: false,
  capacity: 1_000_000,
};
