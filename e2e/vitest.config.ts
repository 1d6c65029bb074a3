import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['e2e/{journeys,screens}/*.test.ts', 'e2e/prove/*/*.test.ts'],
    // Each journey has three browser windows and three processes: one journey at a time, and none gets a second chance.
    pool: 'forks',
    fileParallelism: false,
    retry: 0,
    testTimeout: 300_000,
    hookTimeout: 120_000,
  },
});
