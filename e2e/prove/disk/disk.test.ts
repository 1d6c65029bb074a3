import { expect, test } from 'vitest';
import { proveDisk } from './prove.ts';

const one = async (only: string, over: { cuts?: number; commits?: number } = {}) => {
  const { violations, line } = await proveDisk({ seed: 1, cuts: 200, commits: 100, only, ...over });
  console.log(line);
  expect(violations).toEqual([]);
};

test('S1 S8 a log torn by a power cut holds every commit before the tear and no half one', () => one('torn'));

test('S15 a disk that is full at any commit refuses it, keeps the others, and takes it once there is room', () =>
  one('full'));

test.skipIf(process.platform !== 'linux')(
  'S1 S15 a write that fails at any byte of a commit acknowledges nothing, and the store recovers by itself',
  () => one('writes', { commits: 200 }),
);

test.skipIf(process.platform === 'win32')(
  'S15 a file or folder that may only be read is a clear error, and is used again when it may be written',
  () => one('read-only'),
);

test('S8 a commit is synced before it is acknowledged', () => one('synced'));

test.skipIf(process.platform !== 'linux')(
  'S15 a whole desk on a full disk answers 503, acknowledges nothing, says that it is not ready, and recovers',
  () => one('desk', { commits: 1_000 }),
);
