import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { summary } from '../shared/summary.ts';
import { mutations, type Mutation } from './table.ts';

const root = resolve(import.meta.dirname, '../../..');

/**
 * Breaks each promise once in a copy of the code, and runs the proof that must catch it.
 * `pnpm prove mutations [--only WORDS] [--baseline no]`; `--only` takes the mutations whose name or rule has these words in it.
 */
export async function prove(args: string[]): Promise<number> {
  let values;
  try {
    const options = { only: { type: 'string', default: '' }, baseline: { type: 'string', default: 'yes' } } as const;
    ({ values } = parseArgs({ args, options }));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\nUsage: pnpm prove mutations [--only WORDS] [--baseline no]\n`);
    return 2;
  }
  const wanted = mutations.filter(({ name, breaks }) => `${breaks} ${name}`.includes(values.only));
  const missed = wanted.flatMap((mutation) => applies(mutation) ?? []);
  for (const line of missed) console.log(`✗ ${line}`);
  const copy = copyOfTree();
  let caught = 0;
  try {
    if (values.baseline === 'yes')
      for (const proof of new Set(wanted.map((one) => JSON.stringify(one.proof)))) {
        const { code, output } = await run(copy, JSON.parse(proof) as Mutation['proof']);
        if (code === 0) continue;
        missed.push(`${proof} fails on the code as it is`);
        console.log(`✗ ${missed.at(-1)}\n${tail(output)}`);
      }
    for (const mutation of wanted) {
      if (applies(mutation)) continue;
      const verdict = await attempt(copy, mutation);
      console.log(
        `${verdict.caught ? '✓' : '✗'} ${mutation.breaks} ${mutation.name} (${nameOf(mutation.proof)}, ${verdict.seconds} s)`,
      );
      console.log(`    ${verdict.said}`);
      if (verdict.caught) caught += 1;
      else missed.push(mutation.name);
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
  console.log(summary({ mutations: wanted.length, caught, missed: missed.length }));
  return wanted.length > 0 && missed.length === 0 ? 0 : 1;
}

/** @returns why the mutation cannot be made, if so */
export function applies({ name, file, find }: Mutation): string | undefined {
  const path = join(root, file);
  const times = existsSync(path) ? readFileSync(path, 'utf8').split(find).length - 1 : 0;
  return times === 1 ? undefined : `${name}: ${file} has the text to break ${times} times, not once`;
}

/** Breaks the copy, runs the proof and mends the copy. */
export async function attempt(copy: string, { file, find, replace, proof, says }: Mutation) {
  const path = join(copy, file);
  const sound = readFileSync(path, 'utf8');
  const began = performance.now();
  writeFileSync(
    path,
    sound.replace(find, () => replace),
  );
  try {
    const { code, output } = await run(copy, proof);
    const lines = output
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => typeof proof !== 'string' || line.startsWith('×'));
    const said = lines.find((line) => says.test(line));
    const seconds = Math.round((performance.now() - began) / 1000);
    if (code !== 0 && said !== undefined) return { caught: true, said: said.slice(0, 300), seconds };
    return {
      caught: false,
      said: `${code === 0 ? 'It passed.' : 'It failed for another reason.'} ${tail(output)}`,
      seconds,
    };
  } finally {
    writeFileSync(path, sound);
  }
}

/** The tree as it is, without what is installed: that is shared. */
export function copyOfTree(): string {
  const copy = mkdtempSync(join(tmpdir(), 'parley-mutations-'));
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  for (const path of listed.split('\0')) {
    if (path === '' || path.endsWith('.png') || !existsSync(join(root, path))) continue;
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    cpSync(join(root, path), join(copy, path));
  }
  // Some proofs run parts of themselves as a user with fewer rights.
  chmodSync(copy, 0o755);
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction');
  // A room's own links to other rooms are relative, so that those of the copy lead to the copy.
  const rooms = ['apps', 'packages'].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => `${group}/${name}`),
  );
  for (const room of [...rooms, 'e2e'])
    if (existsSync(join(root, room, 'node_modules')))
      cpSync(join(root, room, 'node_modules'), join(copy, room, 'node_modules'), {
        recursive: true,
        verbatimSymlinks: true,
      });
  return copy;
}

function run(copy: string, proof: Mutation['proof']): Promise<{ code: number; output: string }> {
  const args =
    typeof proof === 'string'
      ? [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--root', copy, proof]
      : [join(copy, 'e2e/prove/main.ts'), ...proof];
  const child = spawn(process.execPath, args, {
    cwd: copy,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limitMs,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  return new Promise((settle, reject) => {
    child.on('error', reject);
    child.on('close', (code) => settle({ code: code ?? 1, output }));
  });
}

const limitMs = 180_000;

function tail(output: string): string {
  return output.trim().split('\n').slice(-8).join('\n    ').slice(-1_500);
}

function nameOf(proof: Mutation['proof']): string {
  return typeof proof === 'string' ? proof : `pnpm prove ${proof.join(' ')}`;
}
