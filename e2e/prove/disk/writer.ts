import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chown, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Part } from './tally.ts';

/** Writes that the system refuses in the middle of a commit: SQLite's log may grow by so many bytes and no more. */
export async function failWrites(part: Part, { seed, times }: { seed: number; times: number }): Promise<void> {
  if (!has('prlimit')) return part.add('skipped: no prlimit');
  await withWriter(part, ['limit', seed, times], {});
  part.mustHave('acknowledged', 'refused', 'recovered', 'compared');
}

/** A file, a folder and both that may only be read. Root may write everything, so it is done as nobody. */
export async function forbidWrites(part: Part, { seed }: { seed: number }): Promise<void> {
  await withWriter(part, ['read-only', seed, 1], { asNobody: true });
  part.mustHave('read-only file', 'read-only folder', 'read-only file and folder', 'recovered');
}

/** Every acknowledged commit was synced before: as many syncs as commits, seen by strace where it may look. */
export async function countSyncs(part: Part, { seed, commits }: { seed: number; commits: number }): Promise<void> {
  let syncs: number | undefined;
  await withWriter(part, ['sync', seed, commits], {
    async ready(child) {
      const tracer = has('strace') ? await trace(child.pid!) : undefined;
      child.stdin!.end('go\n');
      await once(child, 'exit');
      syncs = await tracer?.();
    },
  });
  if (syncs === undefined) part.add('skipped: no strace');
  else {
    part.add('syncs', syncs);
    if (syncs < part.count('synced commits'))
      part.violation(
        `${syncs} syncs for ${part.count('synced commits')} acknowledged commits: a power cut would lose some`,
      );
  }
  part.mustHave('synced commits');
}

async function withWriter(
  part: Part,
  given: readonly (string | number)[],
  { asNobody = false, ready }: { asNobody?: boolean; ready?: (child: ChildProcess) => Promise<void> },
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-disk-'));
  const data = join(directory, 'data');
  try {
    await mkdir(data);
    const nobody = asNobody && process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined;
    if (nobody) {
      await chown(directory, nobody.uid, nobody.gid);
      await chown(data, nobody.uid, nobody.gid);
    }
    const [mode = '', ...rest] = given.map(String);
    const child = spawn(process.execPath, [script, mode, data, randomBytes(32).toString('hex'), ...rest], {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...nobody,
    });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    const exited = once(child, 'exit') as Promise<[number | null]>;
    const lines = createInterface({ input: child.stdout });
    const read = once(lines, 'close');
    if (!ready) child.stdin.end();
    lines.on('line', (line) => {
      const [what, text = ''] = JSON.parse(line) as [string, string?];
      if (what === 'count') part.add(text);
      else if (what === 'violation') part.violation(text);
      else if (what === 'ready') void ready?.(child).catch((error: unknown) => part.violation(String(error)));
    });
    const [[code]] = await Promise.all([exited, read]);
    if (code !== 0) part.violation(`the writer ended with ${code}: ${errors.slice(-800)}`);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Counts the syncs of a process from now on. @returns what waits for its end and gives the number; undefined where strace may not look */
async function trace(pid: number): Promise<(() => Promise<number | undefined>) | undefined> {
  const tracer = spawn('strace', ['-f', '-q', '-e', 'trace=fsync,fdatasync', '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  tracer.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = once(tracer, 'exit') as Promise<[number | null]>;
  await Promise.race([ended, attached(pid)]);
  if (tracer.exitCode !== null) return undefined;
  return async () => {
    await ended;
    return (
      [...output.matchAll(/\bf(?:data)?sync\(\d+\)\s+= 0/g)].length +
      [...output.matchAll(/f(?:data)?sync resumed>.*= 0/g)].length
    );
  };
}

/** Resolves when the process has a tracer. */
async function attached(pid: number): Promise<void> {
  for (let n = 0; n < 400; n++) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    if (/^TracerPid:\s+[1-9]/m.test(status)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Whether this machine has a program of Linux. */
export function has(program: string): boolean {
  return process.platform === 'linux' && spawnSync(program, ['-V']).status === 0;
}

const script = fileURLToPath(new URL('writer-process.ts', import.meta.url));
