import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readDialogues } from './dialogues.ts';
import { readOptions } from './options.ts';

const fine = { id: 'a', services: [], turns: [{ speaker: 'user', text: 'hello' }] };

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'parley-replay-options-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

test.each([
  [[], { limit: Number.POSITIVE_INFINITY, clients: 2, consultants: 3, desk: { own: true, store: 'sqlite' } }],
  [
    ['--limit', '7', '--clients', '1', '--consultants', '9', '--store', 'memory'],
    { limit: 7, clients: 1, consultants: 9, desk: { own: true, store: 'memory' } },
  ],
  [
    ['--url', 'http://localhost:4300/'],
    { desk: { own: false, url: 'http://localhost:4300', sandbox: 'http://localhost:4400' } },
  ],
  [
    ['--url', 'http://localhost:1', '--sandbox', 'http://localhost:2'],
    { desk: { own: false, url: 'http://localhost:1', sandbox: 'http://localhost:2' } },
  ],
])('options are read: %j', async (args, expected) => {
  const path = await file('fine.jsonl', JSON.stringify(fine));
  expect(readOptions([path, ...args])).toMatchObject({ file: path, ...expected });
  expect(readOptions(['--', path, ...args])).toMatchObject({ file: path, ...expected });
});

test.each([
  ['no file', [], /Name the file/],
  ['a file that is not there', ['nowhere.jsonl'], /There is no file nowhere\.jsonl/],
  ['two files', ['FILE', 'FILE'], /One file at a time/],
  ['a limit of nothing', ['FILE', '--limit', '0'], /--limit is "0"/],
  ['a limit without a number', ['FILE', '--limit'], /--limit/],
  ['more clients than there are', ['FILE', '--clients', '3'], /--clients is "3": give a whole number from 1 to 2/],
  ['an unknown option', ['FILE', '--fast'], /--fast/],
  ['a store that does not exist', ['FILE', '--store', 'paper'], /--store is "paper"/],
  [
    'a store of somebody else’s desk',
    ['FILE', '--url', 'http://localhost:4300', '--store', 'memory'],
    /--store is for a desk of the replay’s own/,
  ],
  ['a sandbox without a desk', ['FILE', '--sandbox', 'http://localhost:4400'], /--sandbox needs --url/],
  ['a desk that is no address', ['FILE', '--url', 'desk'], /--url is "desk"/],
])('wrong usage is told in a sentence: %s', async (_, args, sentence) => {
  const path = await file('fine.jsonl', JSON.stringify(fine));
  expect(() => readOptions(args.map((arg) => (arg === 'FILE' ? path : arg)))).toThrow(
    expect.objectContaining({ name: 'UsageError', message: expect.stringMatching(sentence) }),
  );
});

test('dialogues are read plain and packed, up to a limit, without empty lines', async () => {
  const text = [fine, { ...fine, id: 'b' }, { ...fine, id: 'c' }].map((one) => JSON.stringify(one)).join('\r\n\n');
  for (const path of [await file('three.jsonl', text), await file('three.jsonl.gz', gzipSync(text))]) {
    expect(await readDialogues(path, 2)).toEqual({ dialogues: [fine, { ...fine, id: 'b' }], wordless: 0 });
  }
});

test('turns without words are left out and counted', async () => {
  const path = await file(
    'wordless.jsonl',
    JSON.stringify({ ...fine, turns: [...fine.turns, { speaker: 'bot', text: '' }] }),
  );
  expect(await readDialogues(path, 1)).toEqual({ dialogues: [fine], wordless: 1 });
});

test.each([
  ['broken.jsonl', `${JSON.stringify(fine)}\nhello\n`, /Line 2 of .*broken\.jsonl is not JSON/],
  ['null.jsonl', 'null', /Line 1 of .* has no "id"/],
  ['no-turns.jsonl', '{"id":"a"}', /has no list of "turns"/],
  ['speaker.jsonl', '{"id":"a","turns":[{"speaker":"cat","text":"meow"}]}', /turn 1 has a speaker/],
  ['no-text.jsonl', '{"id":"a","turns":[{"speaker":"bot"}]}', /turn 1 has no "text"/],
  [
    'long.jsonl',
    JSON.stringify({ ...fine, turns: [{ speaker: 'bot', text: 'x'.repeat(16_001) }] }),
    /turn 1 is longer than the 16000/,
  ],
  ['cut.jsonl.gz', gzipSync(JSON.stringify(fine)).subarray(0, -10), /cut\.jsonl\.gz cannot be read/],
  ['latin1.jsonl', Buffer.from('{"id":"\xe9"}', 'latin1'), /latin1\.jsonl cannot be read/],
  ['empty.jsonl', '\n', /holds no dialogue/],
])('a file that cannot be played is told in a sentence: %s', async (name, content, sentence) => {
  await expect(readDialogues(await file(name, content), 10)).rejects.toThrow(
    expect.objectContaining({ name: 'UsageError', message: expect.stringMatching(sentence) }),
  );
});

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}
