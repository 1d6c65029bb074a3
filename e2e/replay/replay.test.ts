import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { madeUp } from './made-up.ts';

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'parley-replay-test-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a replay of made-up dialogues finds every one of them equal', { timeout: 120_000 }, async () => {
  const dialogues = madeUp(12);
  const turns = dialogues.reduce((sum, dialogue) => sum + dialogue.turns.length, 0);
  const { code, output } = await run(await file('made-up.jsonl', dialogues));
  expect(output.at(-1)).toMatch(
    new RegExp(`^dialogues=12 turns=${turns} equal=12 different=0 lost=0 duplicated=0 seconds=\\d+\\.\\d$`),
  );
  expect(code).toBe(0);
});

test(
  'a replay plays no more than it is asked, from a packed file, with more robots than people',
  { timeout: 120_000 },
  async () => {
    const path = await file('packed.jsonl.gz', madeUp(12));
    const { code, output } = await run(
      path,
      '--limit',
      '5',
      '--clients',
      '1',
      '--consultants',
      '5',
      '--store',
      'memory',
    );
    expect(output.at(-1)).toMatch(/^dialogues=5 turns=\d+ equal=5 different=0 lost=0 duplicated=0 seconds=/);
    expect(code).toBe(0);
  },
);

test('a replay that is interrupted stops cleanly and leaves nothing behind', { timeout: 120_000 }, async () => {
  const path = await file('long.jsonl', Array.from({ length: 40 }, () => madeUp(12)).flat());
  const { child, ended } = start(path, '--store', 'memory');
  child.stdout!.on('data', (text: Buffer) => text.includes('played') && child.kill('SIGINT'));
  const { code, output } = await ended;
  expect(output.at(-2)).toBe('Stopped.');
  expect(output.at(-1)).toMatch(/^dialogues=\d+ /);
  expect(code).toBe(130);
  expect((await readdir(tmpdirOf())).filter((name) => name.startsWith('parley-replay-'))).toEqual([]);
});

test('wrong usage ends with 2 and a sentence', { timeout: 60_000 }, async () => {
  const { code, errors } = await run(await file('fine.jsonl', madeUp(1)), '--limit', 'all');
  expect(errors).toMatch(/^--limit is "all": give a whole number of at least 1\.\n\nUsage: /);
  expect(code).toBe(2);
});

function run(...args: string[]): Promise<Result> {
  return start(...args).ended;
}

function start(...args: string[]): { child: ChildProcess; ended: Promise<Result> } {
  const child = spawn(process.execPath, [fileURLToPath(new URL('main.ts', import.meta.url)), ...args], {
    env: { ...process.env, TMPDIR: tmpdirOf(), TEMP: tmpdirOf(), NODE_OPTIONS: '' },
  });
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].on('data', (chunk: Buffer) => void (said[stream] += chunk.toString()));
  const ended = new Promise<Result>((resolve) => {
    child.on('close', (code) => resolve({ code, output: said.stdout.trimEnd().split('\n'), errors: said.stderr }));
  });
  return { child, ended };
}

type Result = { code: number | null; output: string[]; errors: string };

/** Where the replays of this test keep their desks. */
function tmpdirOf(): string {
  return folder;
}

function file(name: string, dialogues: readonly object[]): Promise<string> {
  const lines = `${dialogues.map((dialogue) => JSON.stringify(dialogue)).join('\n')}\n`;
  return text(name, name.endsWith('.gz') ? gzipSync(lines) : lines);
}

async function text(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}
