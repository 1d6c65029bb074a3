import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { paths, type EntryPage } from '@parley/contracts';
import { seeded } from '../shared/random.ts';
import { startRig, supervisor, type Rig } from '../shared/rig.ts';
import { idOf, Load, percentile, type Phase } from './load.ts';

export type Result = {
  /** Requests a second. */
  capacity: number;
  flood: Phase;
  /** Milliseconds for 99 of 100, at half the capacity: before, and in the last second looked at after. */
  before: number;
  after: number;
  /** Seconds until it was as before; undefined where it never was. */
  recovered: number | undefined;
  /** Megabytes of the process: before, and the most there were. */
  memory: { before: number; most: number };
  lost: string[];
  doubled: string[];
  /** Refused, and stored all the same. */
  kept: string[];
};

/** @returns what a desk does with `factor` times what it can do, for so many milliseconds */
export async function flooding({ ms, factor, seed }: { ms: number; factor: number; seed: number }): Promise<Result> {
  const rig = await startRig();
  const load = new Load(rig, seeded(seed), await rig.botToken(), 200);
  try {
    const desk = await rig.start();
    await desk.up();
    await load.connect();
    await load.closed(8, 1_500);
    const { accepted, seconds } = await load.closed(32, Math.min(4_000, ms));
    const capacity = accepted / seconds;
    const before = percentile((await load.open(capacity / 2, Math.min(4_000, ms))).took, 0.99);

    const memory = { before: await megabytes(desk.pid), most: 0 };
    const watch = watching(desk.pid, memory);
    const flood = await load.open(capacity * factor, ms);
    const { after, recovered } = await recovery(load, capacity / 2, before);
    await watch.stop();
    const stored = await everything(rig, load.places);
    return { capacity, flood, before, after, recovered, memory, ...compare(load, stored) };
  } finally {
    await load.close();
    await rig.close();
  }
}

/** What was promised: as before means within twice of it, but for what a scheduler does to a few milliseconds. */
async function recovery(
  load: Load,
  perSecond: number,
  before: number,
): Promise<{ after: number; recovered: number | undefined }> {
  const start = performance.now();
  for (;;) {
    const { took, accepted, sent } = await load.open(perSecond, 1_000);
    const after = percentile(took, 0.99);
    const seconds = (performance.now() - start) / 1_000;
    if (accepted === sent && after <= Math.max(2 * before, 25)) return { after, recovered: seconds };
    if (seconds > 30) return { after, recovered: undefined };
  }
}

function watching(pid: number, memory: { most: number }): { stop(): Promise<void> } {
  const over = new AbortController();
  const done = (async () => {
    while (!over.signal.aborted) {
      memory.most = Math.max(memory.most, await megabytes(pid));
      await pause(100, undefined, { signal: over.signal }).catch(() => undefined);
    }
  })();
  return {
    stop() {
      over.abort();
      return done;
    },
  };
}

async function megabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1_024;
}

/** Ids of all entries, by conversation. */
async function everything(rig: Rig, places: readonly string[]): Promise<Map<string, string[]>> {
  const token = await rig.token(supervisor);
  const stored = new Map<string, string[]>();
  for (const place of places) {
    const id = idOf(place);
    const ids: string[] = [];
    for (;;) {
      const response = await fetch(`${rig.url}${paths.entries(id)}?after=${ids.length}&limit=200`, {
        headers: { authorization: `Bearer ${token}` },
      });
      if (response.status === 404) break;
      const { entries, conversation } = (await response.json()) as EntryPage;
      ids.push(...entries.map((entry) => entry.id));
      if (ids.length >= conversation.seq) break;
    }
    stored.set(id, ids);
  }
  return stored;
}

function compare({ told }: Load, stored: ReadonlyMap<string, readonly string[]>) {
  const sets = new Map([...stored].map(([id, ids]) => [id, new Set(ids)]));
  const has = (id: string, conversation: string) => sets.get(conversation)?.has(id) ?? false;
  return {
    lost: [...told.stored].flatMap(([id, at]) =>
      has(id, at) ? [] : [`${id} of ${at} was acknowledged and is not there`],
    ),
    doubled: [...stored].flatMap(([at, ids]) => (new Set(ids).size === ids.length ? [] : [`${at} has an id twice`])),
    kept: [...told.refused].flatMap(([id, at]) => (has(id, at) ? [`${id} of ${at} was refused and is there`] : [])),
  };
}
