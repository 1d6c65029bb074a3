import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqliteStores } from '@parley/stores';
import { differences, History, type State } from './history.ts';
import { Seeded, seedOf } from './seeded.ts';
import { databaseOf } from './sqlite.ts';
import type { Part } from './tally.ts';

/**
 * Power cuts: a store writes, and its files are then opened as a power cut could have left them. What is in the log of
 * SQLite (WAL) up to a commit's end was synced before the commit was acknowledged; anything beyond may be cut off, zeros, noise, or
 * a mix of old and new sectors. The opened store must hold exactly the commits before the first damaged byte.
 *
 * @param cuts how many images are opened
 */
export async function tearTails(part: Part, { seed, cuts }: { seed: number; cuts: number }): Promise<void> {
  const random = new Seeded(seedOf(seed, 'torn'));
  const directory = await mkdtemp(join(tmpdir(), 'parley-torn-'));
  const key = randomBytes(32);
  const stores = sqliteStores({ directory: join(directory, 'live'), keys: { key: async () => key } });
  try {
    const store = await stores.open('contoso');
    const db = databaseOf(store);
    const file = join(directory, 'live', 'contoso.db');
    const history = new History(seedOf(seed, 'torn history'));
    while (part.count('cuts') < cuts) {
      db.pragma('wal_checkpoint(passive)');
      const base = await readFile(file);
      const old = await readFile(`${file}-wal`).catch(() => Buffer.alloc(0));
      const ends = [{ end: 0, state: history.state }];
      const commits = random.between(4, 20);
      for (let n = 0; n < commits; n++) {
        const group = history.steps(random.chance(0.3) ? random.between(2, 6) : 1, random.chance(0.1) ? 4_000 : 0);
        // One turn of the event loop: one transaction.
        const outcomes = await Promise.all(
          group.map(({ before, next, entries }) => store.commit(before, next, entries)),
        );
        for (const [i, step] of group.entries()) {
          if (outcomes[i] !== 'committed') part.violation(`a commit of a free version answered ${outcomes[i]}`);
          history.keep(step);
        }
        part.add('commits');
        ends.push({ end: validEnd(readFileSync(`${file}-wal`)), state: history.state });
      }
      const wal = await readFile(`${file}-wal`);
      if (!base.equals(await readFile(file)) || ends.some(({ end }, i) => i > 0 && end <= ends[i - 1]!.end)) {
        // It was quiet for long enough for the store to move the log into the file by itself.
        part.add('checkpoints between');
        continue;
      }
      for (let n = 0; n < cutsEach && part.count('cuts') < cuts; n++) {
        const { image, kind } = damaged(wal, old, ends, random);
        await open(part, { directory: join(directory, 'torn'), base, image, wal, ends, kind, key, random });
      }
    }
  } finally {
    await stores.close();
    await rm(directory, { recursive: true, force: true });
  }
}

type Ends = readonly { end: number; state: State }[];

/** Opens one image and compares it with what was committed before its first damaged byte. */
async function open(
  part: Part,
  given: {
    directory: string;
    base: Buffer;
    image: Buffer;
    wal: Buffer;
    ends: Ends;
    kind: string;
    key: Buffer;
    random: Seeded;
  },
): Promise<void> {
  const { directory, base, image, wal, ends, kind, key, random } = given;
  const whole = ends.at(-1)!.end;
  const first = firstDifference(image.subarray(0, whole), wal.subarray(0, whole));
  const survived = ends.findLastIndex(({ end }) => end <= first);
  const { end, state } = ends[survived]!;
  const where = `${kind} at byte ${first} of ${whole}, commit ${survived} of ${ends.length - 1}`;

  await rm(directory, { recursive: true, force: true });
  await mkdir(directory);
  await writeFile(join(directory, 'contoso.db'), base);
  await writeFile(join(directory, 'contoso.db-wal'), image);
  const make = () => sqliteStores({ directory, keys: { key: async () => key } });
  let stores = make();
  try {
    let store = await stores.open('contoso');
    for (const wrong of await differences(store, state)) part.violation(`${where}: ${wrong}`);
    if (random.chance(0.1)) {
      const check = databaseOf(store).pragma('integrity_check', { simple: true });
      if (check !== 'ok') part.violation(`${where}: integrity_check says ${String(check)}`);
      part.add('checked whole');
    }
    if (random.chance(0.1)) {
      // Life goes on where it was cut off.
      const [id, { head, entries }] = [...state][0] ?? [undefined, { head: undefined, entries: [] }];
      if (id !== undefined && head !== undefined) {
        const next = { ...head, version: head.version + 1, updatedAt: head.updatedAt + 1 };
        if ((await store.commit(head.version, next, [])) !== 'committed') part.violation(`${where}: takes no commit`);
        await stores.close();
        stores = make();
        store = await stores.open('contoso');
        const expected = new Map(state).set(id, { head: next, entries });
        for (const wrong of await differences(store, expected)) part.violation(`${where}, gone on: ${wrong}`);
        part.add('gone on');
      }
    }
  } catch (error) {
    part.violation(`${where}: ${String(error)}`);
  } finally {
    await stores.close();
  }
  part.add('cuts');
  part.add(kind);
  if (first > end && first < whole) part.add('inside a commit');
  if (survived === 0) part.add('before the first commit');
}

/** The log as a power cut could have left it, `old` being what was in the file before. */
function damaged(wal: Buffer, old: Buffer, ends: Ends, random: Seeded): { image: Buffer; kind: string } {
  const whole = ends.at(-1)!.end;
  // Often close to the end of a commit, where a mistake would be.
  const near = random.pick(ends).end + random.between(-40, 40);
  const at = random.chance(0.3) ? Math.max(0, Math.min(whole - 1, near)) : random.below(whole);
  const kind = random.pick(['cut off', 'zeros', 'noise', 'sectors']);
  switch (kind) {
    case 'cut off':
      return { kind, image: Buffer.from(wal.subarray(0, at)) };
    case 'zeros':
      return { kind, image: Buffer.from(wal).fill(0, at, whole) };
    case 'noise': {
      const image = Buffer.from(wal);
      random.bytes(random.between(1, 64)).copy(image, at);
      return { kind, image };
    }
    default: {
      const from = random.below(ends.length - 1);
      const [start, end] = [ends[from]!.end, ends[from + 1]!.end];
      const image = Buffer.alloc(Math.max(old.length, end));
      old.copy(image);
      wal.copy(image, 0, 0, start);
      for (let sector = Math.floor(start / 512) * 512; sector < end; sector += 512) {
        const [first, last] = [Math.max(sector, start), Math.min(sector + 512, end)];
        if (random.chance(0.7)) wal.copy(image, first, first, last);
      }
      return { kind, image };
    }
  }
}

/** Where the last whole commit of a log ends. Source: SQLite's file format, section 4, "the write-ahead log". */
function validEnd(wal: Buffer): number {
  if (wal.length < header) return 0;
  const page = wal.readUInt32BE(8);
  const salts = wal.subarray(16, 24);
  let end = header;
  for (let at = header; at + frameHeader + page <= wal.length; at += frameHeader + page) {
    if (!wal.subarray(at + 8, at + 16).equals(salts)) break;
    // The last frame of a commit carries the size of the database.
    if (wal.readUInt32BE(at + 4) !== 0) end = at + frameHeader + page;
  }
  return end;
}

function firstDifference(image: Buffer, wal: Buffer): number {
  const shared = Math.min(image.length, wal.length);
  if (image.subarray(0, shared).equals(wal.subarray(0, shared))) return shared;
  for (let from = 0; ; from += 4_096) {
    if (image.subarray(from, from + 4_096).equals(wal.subarray(from, from + 4_096))) continue;
    for (let at = from; ; at++) if (image[at] !== wal[at]) return at;
  }
}

const header = 32;
const frameHeader = 24;
/** Images of one stretch of commits. */
const cutsEach = 60;
