import { afterAll, beforeAll } from 'vitest';
import { cosmosStores } from '@parley/stores';
import { startEmulator, type Emulator } from '@parley/stores/emulator';
import { storeSuite } from '@parley/stores/suite';

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.close());

let databases = 0;
storeSuite(
  'cosmos',
  async () => {
    const { endpoint, key, ca } = emulator;
    const database = `suite-${++databases}`;
    const make = () => cosmosStores({ endpoint, key, ca, database });
    return { stores: make(), reopen: async () => make() };
  },
  { many: 2_000, runs: 15 },
);
