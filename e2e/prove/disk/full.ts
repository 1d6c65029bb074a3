import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoreUnavailable, type Store } from '@parley/core';
import { sqliteStores } from '@parley/stores';
import { differences, History, type Step } from './history.ts';
import { Seeded, seedOf } from './seeded.ts';
import { databaseOf } from './sqlite.ts';
import type { Part } from './tally.ts';

/**
 * A disk that is full at every commit: before each one the file may not grow any more, or by a few pages only.
 * What is refused is refused with `StoreUnavailable` and leaves no trace, what is acknowledged stays, reading goes on, and
 * once there is room the same steps succeed.
 */
export async function fillAtEveryCommit(
  part: Part,
  { seed, commits }: { seed: number; commits: number },
): Promise<void> {
  // A young file has few pages that were given back, which would be room too.
  for (let from = 0; from < commits; from += young)
    await fillOne(part, { seed: seed + from, commits: Math.min(young, commits - from) });
}

async function fillOne(part: Part, { seed, commits }: { seed: number; commits: number }): Promise<void> {
  const random = new Seeded(seedOf(seed, 'full'));
  const directory = await mkdtemp(join(tmpdir(), 'parley-full-'));
  const key = randomBytes(32);
  const make = () => sqliteStores({ directory, keys: { key: async () => key } });
  let stores = make();
  try {
    let store = await stores.open('contoso');
    const history = new History(seedOf(seed, 'full history'), 40);
    for (let k = 1; k <= commits; k++) {
      const db = databaseOf(store);
      const room = random.chance(0.6) ? 0 : random.between(1, 6);
      db.pragma(`max_page_count=${(db.pragma('page_count', { simple: true }) as number) + room}`);
      // Small commits may find room in pages that are there; a long one does not.
      let refused: readonly Step[] = [];
      for (let n = 0; refused.length === 0; n++) {
        if (n > 20) throw new Error(`commit ${k}: a full disk takes everything`);
        // Pages that were given back are room too.
        const spare = (db.pragma('freelist_count', { simple: true }) as number) * pageBytes;
        const steps = history.steps(random.chance(0.3) ? random.between(2, 8) : 1, n === 0 ? 0 : 6_000 * n + spare);
        refused = await tryAll(part, store, history, steps, `commit ${k}`);
      }
      for (const { next, before } of refused) {
        const head = await store.head(next.id);
        if ((head?.version ?? 0) !== before) part.violation(`commit ${k}: ${next.id} was refused and is there`);
      }
      if (k % 20 === 0) await compare(part, store, history, `full at commit ${k}`);

      db.pragma('max_page_count=4294967294');
      const again = await tryAll(part, store, history, refused, `commit ${k} with room again`);
      if (again.length > 0) part.violation(`commit ${k}: does not recover`);
      else part.add('recovered');
      part.add('commits');
      if (k % 50 === 0 || k === commits) {
        // What is on the disk, and not what is remembered.
        await stores.close();
        stores = make();
        store = await stores.open('contoso');
        await compare(part, store, history, `opened anew after commit ${k}`);
        const check = databaseOf(store).pragma('integrity_check', { simple: true });
        if (check !== 'ok') part.violation(`commit ${k}: integrity_check says ${String(check)}`);
        part.add('opened anew');
      }
    }
  } finally {
    await stores.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Commits steps in one turn of the event loop, which makes them one transaction. @returns those that were refused */
async function tryAll(
  part: Part,
  store: Store,
  history: History,
  steps: readonly Step[],
  where: string,
): Promise<Step[]> {
  const outcomes = await Promise.allSettled(
    steps.map(({ before, next, entries }) => store.commit(before, next, entries)),
  );
  const refused: Step[] = [];
  for (const [i, step] of steps.entries()) {
    const outcome = outcomes[i]!;
    if (outcome.status === 'fulfilled') {
      if (outcome.value !== 'committed') part.violation(`${where}: a free version answered ${outcome.value}`);
      history.keep(step);
      part.add('acknowledged');
      continue;
    }
    if (!(outcome.reason instanceof StoreUnavailable)) part.violation(`${where}: ${String(outcome.reason)}`);
    else if (!/is full/.test(outcome.reason.message))
      part.violation(`${where} does not say why: ${outcome.reason.message}`);
    refused.push(step);
    part.add('refused');
  }
  if (refused.length > 0 && refused.length < steps.length) part.violation(`${where}: half a transaction was refused`);
  return refused;
}

async function compare(part: Part, store: Store, history: History, where: string): Promise<void> {
  for (const wrong of await differences(store, history.state)) part.violation(`${where}: ${wrong}`);
  part.add('compared');
}

const pageBytes = 2_048;
/** Commits of one file. */
const young = 250;
