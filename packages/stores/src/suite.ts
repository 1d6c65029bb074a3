import type { Store, Stores } from '@parley/core';
import { describe } from 'vitest';
import { commitCases } from './suite/commits.ts';
import { listCases } from './suite/lists.ts';
import { modelCases } from './suite/model.ts';
import { recordCases } from './suite/records.ts';
import { searchCases } from './suite/search.ts';

/**
 * What every adapter of the store port must keep. Call it in a test file of Vitest.
 *
 * @param name of the adapter, for the test names
 * @param makeStores fresh, empty stores for one test
 * @param effort less of it, where each call is a request: conversations in the test of many (default 20,000), and runs of the model (60)
 */
export function storeSuite(
  name: string,
  makeStores: MakeStores,
  { many = 20_000, runs = 60 }: { many?: number; runs?: number } = {},
): void {
  describe(name, () => {
    commitCases(makeStores);
    listCases(makeStores, many);
    searchCases(makeStores);
    recordCases(makeStores);
    modelCases(makeStores, runs);
  });
}

export type MakeStores = () => Promise<Fixture>;

export type Fixture = {
  stores: Stores;
  /** Opens the same data again, as another process would after a restart. Absent when closing loses it. */
  reopen?: () => Promise<Stores>;
  /** Removes what the test left; runs after all stores are closed. */
  cleanUp?: () => Promise<void>;
};

export type Use = <T>(run: (store: Store, fixture: Fixture) => Promise<T>) => Promise<T>;
