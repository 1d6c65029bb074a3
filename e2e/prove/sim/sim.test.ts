import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const prove = async (...args: string[]) =>
  (await run(process.execPath, [join(import.meta.dirname, '../main.ts'), 'sim', ...args], { maxBuffer: 1 << 24 }))
    .stdout;

test('H22 H24 Y1 D10 S8 P8 whole desks under faults keep every promise, and settle once the faults stop', async () => {
  const said = await prove('--seeds', '140', '--workers', '2');
  expect(said.trim().split('\n').at(-1)).toMatch(/^seeds=140 steps=\d{5,} violations=0 faults=\d{3,} /);
});

test('the same seed makes the same history, and another seed another', async () => {
  const [once, again, other] = await Promise.all([prove('--seed', '7'), prove('--seed', '7'), prove('--seed', '8')]);
  expect(once).toMatch(/hash=[0-9a-f]{8}\n$/);
  expect(again).toBe(once);
  expect(other).not.toBe(once);
});
