import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openJournal } from '../src/channels/journal.ts';

let directory: string;
let file: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sandbox-journal-'));
  file = join(directory, 'deep', 'journal.jsonl');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test('A journal gives back what earlier runs wrote, without a last line that a crash cut off', async () => {
  const first = openJournal<{ n: number; text: string }>(file);
  first.append({ n: 1, text: 'Grüße\n' });
  first.append({ n: 2, text: '' });
  await first.close();
  await appendFile(file, '{"n":3,"te');
  const second = openJournal<{ n: number; text: string }>(file);
  second.append({ n: 4, text: 'x' });
  await second.close();
  expect(openJournal(file).past).toEqual([
    { n: 1, text: 'Grüße\n' },
    { n: 2, text: '' },
    { n: 4, text: 'x' },
  ]);
});

test('A journal with a broken line in its middle is refused, not half read', async () => {
  await writeFile(join(directory, 'broken.jsonl'), '{"n":1}\n{"n"\n{"n":3}\n');
  expect(() => openJournal(join(directory, 'broken.jsonl'))).toThrow(SyntaxError);
});
