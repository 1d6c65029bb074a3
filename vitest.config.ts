import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// A room with a Vitest configuration of its own (a browser room, say) is a project of its own; all others share one.
const rooms = ['apps', 'packages'].flatMap((group) => readdirSync(group).map((name) => `${group}/${name}`));
const own = rooms.filter((room) => existsSync(join(room, 'vitest.config.ts')));
const tests = (folder: string) => `${folder}/{src,test}/**/*.test.{ts,tsx}`;

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'rooms',
          include: [
            ...rooms.filter((room) => !own.includes(room)).map(tests),
            'scripts/test/**/*.test.ts',
            'e2e/replay/*.test.ts',
          ],
          testTimeout: 20_000,
          hookTimeout: 30_000,
        },
      },
      ...own,
    ],
  },
});
