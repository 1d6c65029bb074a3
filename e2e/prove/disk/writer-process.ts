import { execFileSync } from 'node:child_process';
import { chmodSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { StoreUnavailable, type Store } from '@parley/core';
import { sqliteStores } from '@parley/stores';
import { differences, History, type Step } from './history.ts';
import { Seeded, seedOf } from './seeded.ts';
import { databaseOf } from './sqlite.ts';

/**
 * A process that writes to a store while the system lets it write only so far, or not at all. It reports on standard
 * output, one JSON array a line: `["count", name]`, `["violation", text]`.
 */
const [mode = '', directory = '', hex = '', seedText = '1', times = '1'] = process.argv.slice(2);
const seed = Number(seedText);
const key = Buffer.from(hex, 'hex');
const make = () => sqliteStores({ directory, keys: { key: async () => key } });
const file = join(directory, 'contoso.db');
// Without a handler the first write beyond the limit would end the process.
process.on('SIGXFSZ', () => undefined);

const modes: Record<string, () => Promise<void>> = {
  limit: writeToALimit,
  'read-only': openReadOnly,
  sync: writeOften,
};
await modes[mode]!();

/** The write of a commit fails at any byte of it: the log of SQLite may grow by so many bytes and no more. */
async function writeToALimit(): Promise<void> {
  const random = new Seeded(seedOf(seed, 'limit'));
  const history = new History(seedOf(seed, 'limit history'));
  const stores = make();
  const store = await stores.open('contoso');
  for (let k = 1; k <= Number(times); k++) {
    for (const step of history.steps(1)) await commitOne(store, history, step, `commit ${k}`);
    const size = (name: string) => statSync(name, { throwIfNoEntry: false })?.size ?? 0;
    const grown = Math.max(size(file), size(`${file}-wal`));
    limit(grown + random.between(0, 8_000));
    let refused: Step[] = [];
    for (let n = 0; refused.length === 0; n++) {
      // A log that began anew has room below its old end.
      if (n === 5) limit(random.below(2_000));
      if (n > 20) throw new Error(`commit ${k}: a full disk takes everything`);
      const steps = history.steps(random.between(1, 5), 3_000 * n);
      refused = await commitAll(store, history, steps, `commit ${k}`);
    }
    if (random.chance(0.3)) {
      // Moving the log into the file fails too, and loses nothing.
      try {
        databaseOf(store).pragma('wal_checkpoint(truncate)');
      } catch {
        count('failed checkpoints');
      }
    }
    if (k % 5 === 0) await compare(store, history, `limited at commit ${k}`);
    limit('unlimited');
    if ((await commitAll(store, history, refused, `commit ${k} with room again`)).length > 0)
      violation(`commit ${k} does not recover`);
    else count('recovered');
    if (k % 10 === 0) await compare(store, history, `commit ${k}`);
  }
  await stores.close();
  const again = make();
  await compare(await again.open('contoso'), history, 'opened anew');
  await again.close();
}

/** Files and folders that may be read and not written; the same `Stores` goes on when they may be again. */
async function openReadOnly(): Promise<void> {
  const history = new History(seedOf(seed, 'read-only history'));
  const first = make();
  const writable = await first.open('contoso');
  for (let n = 0; n < 40; n++) await commitAll(writable, history, history.steps(3), 'before');
  await first.close();

  for (const [what, fileMode, folderMode] of [
    ['file', 0o400, 0o700],
    ['folder', 0o600, 0o500],
    ['file and folder', 0o400, 0o500],
  ] as const) {
    chmodSync(file, fileMode);
    chmodSync(directory, folderMode);
    const stores = make();
    const refused = await stores.open('contoso').then(
      async (store) => {
        const [step] = history.steps(1) as [Step];
        const rest = await commitAll(store, history, [step], `read-only ${what}`);
        return rest.length > 0;
      },
      (error: unknown) => {
        if (!(error instanceof StoreUnavailable)) violation(`read-only ${what}: ${String(error)}`);
        else if (!/read-only|may not be opened|cannot be opened/.test(error.message))
          violation(`read-only ${what} does not say why: ${error.message}`);
        return true;
      },
    );
    if (refused) count(`read-only ${what}`);
    else violation(`read-only ${what}: a commit is acknowledged`);
    chmodSync(directory, 0o700);
    chmodSync(file, 0o600);
    const store = await stores.open('contoso');
    await compare(store, history, `after a read-only ${what}`);
    if ((await commitAll(store, history, history.steps(1), `after a read-only ${what}`)).length === 0)
      count('recovered');
    else violation(`after a read-only ${what} it does not recover`);
    await stores.close();
  }
}

/** Commits one after the other, for whoever counts what reaches the disk. */
async function writeOften(): Promise<void> {
  const history = new History(seedOf(seed, 'sync history'));
  const stores = make();
  const store = await stores.open('contoso');
  process.stdout.write('["ready"]\n');
  await new Promise<void>((resolve) => process.stdin.once('data', () => resolve()));
  for (let n = 0; n < Number(times); n++) {
    await commitAll(store, history, history.steps(1), 'synced');
    count('synced commits');
  }
  for (const [name, wanted] of [
    ['synchronous', 2],
    ['journal_mode', 'wal'],
  ] as const) {
    const value = databaseOf(store).pragma(name, { simple: true });
    if (value !== wanted)
      violation(`${name} is ${String(value)} instead of ${wanted}: commits may be lost with the power`);
  }
  await stores.close();
}

async function commitOne(store: Store, history: History, step: Step, where: string): Promise<void> {
  if ((await commitAll(store, history, [step], where)).length > 0)
    violation(`${where}: refused although there is room`);
}

async function commitAll(store: Store, history: History, steps: readonly Step[], where: string): Promise<Step[]> {
  const outcomes = await Promise.allSettled(
    steps.map(({ before, next, entries }) => store.commit(before, next, entries)),
  );
  return steps.filter((step, i) => {
    const outcome = outcomes[i]!;
    if (outcome.status === 'fulfilled') {
      if (outcome.value !== 'committed') violation(`${where}: a free version answered ${outcome.value}`);
      history.keep(step);
      count('acknowledged');
      return false;
    }
    if (!(outcome.reason instanceof StoreUnavailable)) violation(`${where}: ${String(outcome.reason)}`);
    count('refused');
    return true;
  });
}

async function compare(store: Store, history: History, where: string): Promise<void> {
  for (const wrong of await differences(store, history.state)) violation(`${where}: ${wrong}`);
  count('compared');
}

function limit(bytes: number | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`]);
}

function count(what: string): void {
  process.stdout.write(`${JSON.stringify(['count', what])}\n`);
}

function violation(what: string): void {
  process.stdout.write(`${JSON.stringify(['violation', what])}\n`);
}
