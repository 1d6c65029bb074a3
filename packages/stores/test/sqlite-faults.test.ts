import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { StoreUnavailable } from '@parley/core';
import { sqliteStores } from '@parley/stores';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SqliteStore } from '../src/sqlite/store.ts';
import { after, ana, change, conversation, follow, idOf, message, put, queued } from '../src/suite/fixtures.ts';

let directory: string;
const key = randomBytes(32);
const file = () => join(directory, 'contoso.db');
const make = (own: Uint8Array = key) => sqliteStores({ directory, keys: { key: async () => own } });
const openOne = () => new SqliteStore({ file: file(), client: 'contoso', key, cipher: 'sqlcipher' });

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'parley-faults-'));
});
afterEach(() => rm(directory, { recursive: true }));

describe('an encrypted file', () => {
  test('S17 shows nothing of what is stored, neither in the log', async () => {
    const stores = make();
    const store = await stores.open('contoso');
    await put(
      store,
      1,
      { holder: queued(1), user: { id: 'canary-user', name: 'Canary Person' }, userLines: ['canary line'] },
      Array.from({ length: 200 }, (_, i) => `canarytext ${i}`),
    );
    await store.putDocument('canary-kind', 'canary-key', 'canary value');
    await store.audit({ at: 1, by: { type: 'person', ...ana }, what: 'canary.read' });
    expect((await store.search({ text: 'canarytext', limit: 1 })).items).toHaveLength(1);
    const check = async (expected: string[]) => {
      expect((await readdir(directory)).toSorted()).toEqual(expected);
      for (const name of expected) {
        const bytes = (await readFile(join(directory, name))).toString('latin1').toLowerCase();
        for (const marker of ['canary', 'sqlite format 3', 'create table', 'directline', 'ana ruiz', 'contoso'])
          expect(bytes.includes(marker), `${marker} in ${name}`).toBe(false);
        if (process.platform !== 'win32') expect((await stat(join(directory, name))).mode & 0o077, name).toBe(0);
      }
    };
    await check(['contoso.db', 'contoso.db-shm', 'contoso.db-wal']);
    await stores.close();
    await check(['contoso.db']);
  });

  test('S17 does not open with another key, and says so', async () => {
    const stores = make();
    await put(await stores.open('contoso'), 1, {}, ['a']);
    await stores.close();
    const other = make(randomBytes(32));
    await expect(other.open('contoso')).rejects.toThrow(StoreUnavailable);
    await expect(other.open('contoso')).rejects.toThrow(/key does not open the store of contoso/);
    await other.close();
    const again = make();
    expect(await (await again.open('contoso')).find(idOf(1), 'm-1')).toEqual(message(1, 'a'));
    await again.close();
  });

  test('S17 never gives changed data: a flipped bit is an error or touches nothing that is read', async () => {
    const stores = make();
    const store = await stores.open('contoso');
    for (let n = 0; n < 30; n++)
      await put(
        store,
        n,
        { holder: queued(n) },
        Array.from({ length: 10 }, (_, i) => `conversation ${n} line ${i}`),
      );
    const read = async (from: Awaited<ReturnType<typeof stores.open>>) => {
      const heads = (await follow(from, '0', 100)).items;
      return JSON.stringify([
        heads,
        await Promise.all(heads.map(({ id }) => from.entries(id, { limit: 100 }))),
        (await from.list({ states: ['queued'] }, { limit: 100 })).items,
      ]);
    };
    const whole = await read(store);
    await stores.close();
    const bytes = await readFile(file());
    let detected = 0;
    for (let trial = 0; trial < 60; trial++) {
      const flipped = Buffer.from(bytes);
      const at = Math.floor((trial / 60) * bytes.length) + (trial % 7) * 31;
      flipped[at % bytes.length]! ^= 1 << (trial % 8);
      await writeFile(file(), flipped);
      const damaged = make();
      try {
        expect(await read(await damaged.open('contoso'))).toBe(whole);
      } catch (error) {
        expect(error, `byte ${at}`).toBeInstanceOf(StoreUnavailable);
        detected++;
      } finally {
        await damaged.close();
      }
    }
    expect(detected).toBeGreaterThan(20);
  });

  test('S17 of another client, or of a newer release, is refused with what to do', async () => {
    const stores = make();
    await put(await stores.open('contoso'), 1, {}, ['canary']);
    await stores.close();
    await rename(file(), join(directory, 'fabrikam.db'));
    const mixed = make();
    await expect(mixed.open('fabrikam')).rejects.toThrow(/holds the store of contoso/);
    await mixed.close();
    await rename(join(directory, 'fabrikam.db'), file());
    const one = openOne();
    one.db.pragma('user_version=99');
    await one.close();
    const newer = make();
    await expect(newer.open('contoso')).rejects.toThrow(/schema 99, made by a newer release/);
    await newer.close();
  });
});

describe('when the medium fails', () => {
  test('S15 a full disk refuses all that was called, acknowledges nothing, keeps reading, and recovers by itself', async () => {
    const store = openOne();
    const head = await put(store, 1, {}, ['a']);
    let refused = 0;
    for (const room of [0, 1, 2, 3, 5, 8]) {
      const pages = store.db.pragma('page_count', { simple: true }) as number;
      store.db.pragma(`max_page_count=${pages + room}`);
      const results = await Promise.allSettled(
        Array.from({ length: 40 }, (_, i) =>
          store.commit(0, conversation(1000 + room * 100 + i, { seq: 2 }), [message(1, 'x'.repeat(900)), message(2)]),
        ).concat(store.audit({ at: room, by: { type: 'desk', id: 'desk' }, what: 'x' }) as Promise<never>),
      );
      // One transaction: all or none.
      expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['rejected']));
      for (const result of results)
        expect(result.status === 'rejected' && result.reason).toBeInstanceOf(StoreUnavailable);
      expect(String((results[0] as PromiseRejectedResult).reason)).toMatch(/contoso is full/);
      refused += results.length;
      expect(await store.head(idOf(1000 + room * 100))).toBeUndefined();
      expect(await store.head(head.id)).toEqual(head);
      expect((await store.entries(head.id, { limit: 5 })).length).toBe(1);
      expect(await store.count({ states: ['with-bot'] })).toBe(1);
      expect(await store.audits({ limit: 100 })).toHaveLength(0);
    }
    expect(refused).toBe(6 * 41);
    store.db.pragma('max_page_count=4294967294');
    expect(await store.commit(1, after(head, 1), [message(2)])).toBe('committed');
    expect(await Promise.all(Array.from({ length: 40 }, (_, i) => put(store, 2000 + i, {}, ['x'])))).toHaveLength(40);
    expect(store.db.pragma('integrity_check', { simple: true })).toBe('ok');
    await store.close();
  });

  test('S15 a full disk while heads are folded loses nothing of what was committed', { timeout: 60_000 }, async () => {
    const store = openOne();
    let head = await put(store, 1, {}, ['a']);
    const waiting = () => store.db.prepare('select count(*) from recent').pluck().get() as number;
    let most = 0;
    while (waiting() >= most) {
      most = waiting();
      const other = conversation(most + 10, { seq: 1 });
      store.db.pragma(`max_page_count=${store.db.pragma('page_count', { simple: true })}`);
      const refused = await store.commit(0, other, [message(1, 'x'.repeat(5_000))]).then(
        () => false,
        (error) => error instanceof StoreUnavailable,
      );
      expect(refused).toBe(true);
      store.db.pragma('max_page_count=4294967294');
      expect(await store.head(other.id)).toBeUndefined();
      expect((await store.head(head.id))?.version).toBe(head.version);
      const commits: Promise<string>[] = [];
      for (let i = 0; i < 50; i++) {
        commits.push(store.commit(head.version, after(head, 1), [message(head.seq + 1)]));
        head = after(head, 1);
      }
      expect(new Set(await Promise.all(commits))).toEqual(new Set(['committed']));
    }
    expect(most).toBeGreaterThan(200);
    expect((await store.entries(head.id, { limit: 5_000 })).map(({ seq }) => seq)).toEqual(
      Array.from({ length: head.seq }, (_, i) => i + 1),
    );
    for (const seq of [1, 32, 33, head.seq])
      expect((await store.find(head.id, seq === 1 ? 'm-1' : `m-${seq}`))?.seq).toBe(seq);
    await store.close();
  });

  test.skipIf(process.platform !== 'linux')(
    'S15 a write that fails in the middle of a commit acknowledges nothing, and it recovers by itself',
    { timeout: 60_000 },
    async () => {
      // Files may grow to 400 KB: the first to reach that is the log of SQLite, at COMMIT.
      const script = fileURLToPath(new URL('children/fill.ts', import.meta.url));
      const filler = spawn(
        'bash',
        [
          '-c',
          'trap "" XFSZ; ulimit -S -f 400; exec "$0" "$@"',
          process.execPath,
          script,
          directory,
          key.toString('hex'),
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      let out = '';
      filler.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
      await vi.waitFor(() => expect(out).toContain('full\n'), { timeout: 30_000, interval: 5 });
      execFileSync('prlimit', ['--pid', String(filler.pid), '--fsize=unlimited']);
      await once(filler, 'close');
      expect(filler.exitCode).toBe(0);
      const answers = out
        .split('\n')
        .filter((line) => line !== '' && line !== 'full')
        .map((line) => line.split(' ') as [string, string]);
      const stored = answers.filter(([answer]) => answer === 'stored');
      expect(new Set(answers.map(([answer]) => answer))).toEqual(new Set(['stored', 'refused']));
      const stores = make();
      const store = await stores.open('contoso');
      for (const [answer, n] of answers)
        expect((await store.head(idOf(Number(n))))?.seq, `${answer} ${n}`).toBe(answer === 'stored' ? 1 : undefined);
      expect(await store.count({ states: ['with-bot'] })).toBe(stored.length);
      await stores.close();
    },
  );

  test('S16 another process that writes is waited for, without holding up the event loop', async () => {
    const store = openOne();
    const other = openOne();
    other.db.exec('begin immediate');
    const commit = store.commit(0, conversation(1), []);
    let turns = 0;
    for (const until = performance.now() + 300; performance.now() < until; turns++)
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect(turns).toBeGreaterThan(8);
    expect(await store.head(idOf(1))).toBeUndefined();
    other.db.exec('rollback');
    expect(await commit).toBe('committed');
    expect((await other.head(idOf(1)))?.version).toBe(1);
    await store.close();
    await other.close();
  });

  test(
    'S15 another process that never ends makes it unavailable, and later calls work',
    { timeout: 20_000 },
    async () => {
      const store = openOne();
      const other = openOne();
      other.db.exec('begin immediate');
      await expect(store.commit(0, conversation(1), [])).rejects.toThrow(StoreUnavailable);
      other.db.exec('rollback');
      expect(await store.commit(0, conversation(1), [])).toBe('committed');
      await store.close();
      await other.close();
    },
  );
});

describe('several processes', () => {
  test('S16 see at once what another wrote, also when they had read before', async () => {
    const here = openOne();
    const there = openOne();
    const head = await put(here, 1, { holder: queued(1) }, ['a']);
    expect(await there.head(head.id)).toEqual(head);
    const next = await change(there, 1, { holder: queued(2, 'loans') }, ['b']);
    expect(await here.head(head.id)).toEqual(next);
    expect(await here.find(head.id, 'm-2')).toEqual(message(2, 'b'));
    expect(await here.commit(1, after(head, 1), [message(2, 'x', 'x')])).toBe('conflict');
    expect(await here.commit(2, after(next, 1), [message(3, 'x', 'm-2')])).toBe('repeated');
    expect((await here.search({ text: 'b', limit: 5 })).items).toHaveLength(1);
    await change(here, 1, {}, ['canary']);
    expect((await there.search({ text: 'canary', limit: 5 })).items).toHaveLength(1);
    await here.close();
    expect((await there.head(head.id))?.seq).toBe(3);
    await there.close();
  });

  test('S16 agree on everything, whoever commits, reads, searches or starts anew', { timeout: 60_000 }, async () => {
    const handles = [openOne(), openOne(), openOne()];
    const model = new Map<number, { version: number; texts: string[] }>();
    let seed = 7;
    const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    for (let step = 0; step < 1_200; step++) {
      // What another one committed is seen from the next turn on.
      await nextTurn();
      const store = handles[random(3)]!;
      const n = random(12);
      const known = model.get(n);
      const what = random(20);
      if (what === 0) await store.search({ text: 'nothing', limit: 1 });
      else if (what === 1) {
        const at = handles.indexOf(store);
        await store.close();
        handles[at] = openOne();
      } else if (what < 8) {
        expect((await store.head(idOf(n)))?.version).toBe(known?.version);
        const entries = await store.entries(idOf(n), { limit: 1_000 });
        expect(entries.map((entry) => entry.kind === 'message' && entry.text)).toEqual(known?.texts ?? []);
        const changed = (await follow(store, '0', 3)).items;
        expect(changed.map(({ id, version }) => [id, version])).toEqual(
          [...model].map(([key, { version }]) => [idOf(key), version]),
        );
        expect(
          (await store.list({ states: ['with-bot', 'queued'] }, { limit: 50 })).items
            .map(({ id, version }) => `${id} ${version}`)
            .toSorted(),
        ).toEqual([...model].map(([key, { version }]) => `${idOf(key)} ${version}`).toSorted());
      } else {
        const texts = Array.from({ length: random(9) }, (_, i) => `said ${step} ${i}`);
        const over = random(3) ? {} : { holder: queued(step) };
        if (known) await change(store, n, over, texts);
        else await put(store, n, over, texts);
        // A map keeps the order of its first keys; the feed goes by the newest change.
        model.delete(n);
        model.set(n, { version: (known?.version ?? 0) + 1, texts: [...(known?.texts ?? []), ...texts] });
      }
    }
    expect(handles[0]!.db.pragma('integrity_check', { simple: true })).toBe('ok');
    await Promise.all(handles.map((store) => store.close()));
  });

  test('S16 four processes claim 400 waiting conversations: each has one holder', { timeout: 60_000 }, async () => {
    const stores = make();
    const store = await stores.open('contoso');
    const count = 400;
    await Promise.all(Array.from({ length: count }, (_, n) => put(store, n, { holder: queued(n) })));
    const children = [0, 1, 2, 3].map((me) =>
      child('claim.ts', directory, key.toString('hex'), String(me), String(count)),
    );
    // All at once, or the first would have won everything before the last is there.
    await Promise.all(children.map(({ stdout }) => once(stdout, 'readable')));
    const outputs = children.map(({ stdout }) => text(stdout));
    for (const { stdin } of children) stdin.end();
    const won = (await Promise.all(outputs)).map((output) => JSON.parse(output.replace('ready\n', '')) as number[]);
    expect(won.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, n) => n));
    expect(won.filter((list) => list.length > 0).length).toBeGreaterThan(1);
    for (const [me, list] of won.entries())
      for (const n of list) {
        expect((await store.head(idOf(n)))?.holder).toMatchObject({ consultant: { id: `p-${me}` } });
        expect(await store.entries(idOf(n), { limit: 10 })).toHaveLength(1);
      }
    expect(await store.count({ states: ['assigned'] })).toBe(count);
    expect(await store.count({ states: ['queued'] })).toBe(0);
    await stores.close();
  });

  test(
    'S8 what was acknowledged is there after kill -9 at any instant, without a gap',
    { timeout: 120_000 },
    async () => {
      const acknowledged = new Map<number, number>();
      for (let round = 0; round < 10; round++) {
        const writer = child('write.ts', directory, key.toString('hex'), '16');
        let out = '';
        writer.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
        await vi.waitFor(() => expect(out.split('\n').length).toBeGreaterThan(20), { timeout: 20_000, interval: 2 });
        const more = out.length + round * 400;
        await vi.waitFor(() => expect(out.length).toBeGreaterThan(more), { timeout: 20_000, interval: 1 });
        writer.kill('SIGKILL');
        await once(writer, 'close');
        for (const line of out.split('\n').slice(0, -1)) {
          const [n, seq] = line.split(' ').map(Number) as [number, number];
          acknowledged.set(n, Math.max(seq, acknowledged.get(n) ?? 0));
        }
        const stores = make();
        const store = await stores.open('contoso');
        for (let n = 0; n < 16; n++) {
          const head = await store.head(idOf(n));
          const entries = await store.entries(idOf(n), { limit: 1_000_000 });
          expect(head?.seq).toBeGreaterThanOrEqual(acknowledged.get(n) ?? 0);
          expect(head?.version).toBe(head?.seq);
          expect(entries.map((entry) => (entry.kind === 'message' ? `${entry.seq} ${entry.text}` : ''))).toEqual(
            Array.from({ length: head?.seq ?? 0 }, (_, i) => `${i + 1} said ${n} ${i + 1}`),
          );
        }
        expect(await store.count({ states: ['with-bot'] })).toBe(16);
        if (round === 9) expect((await store.search({ text: 'said', limit: 20 })).items).toHaveLength(16);
        await stores.close();
      }
      expect([...acknowledged.values()].reduce((a, b) => a + b, 0)).toBeGreaterThan(1_000);
    },
  );
});

test(
  'under steady load the log is shortened by its own thread, and closing empties it',
  { timeout: 60_000 },
  async () => {
    const store = openOne();
    const state = () => (store.db.pragma('wal_checkpoint(noop)') as { log: number; checkpointed: number }[])[0]!;
    let most = 0;
    let shortened = false;
    for (let from = 0; from < 40_000 && !shortened; from += 100) {
      await Promise.all(
        Array.from({ length: 100 }, (_, i) =>
          store.commit(0, conversation(from + i, { seq: 1 }), [message(1, 'x'.repeat(1_500))]),
        ),
      );
      const { log, checkpointed } = state();
      if (log < most / 2) shortened = true;
      most = Math.max(most, log - checkpointed);
    }
    expect(shortened).toBe(true);
    expect(most).toBeGreaterThan(8_000);
    await store.close();
    expect(await readdir(directory)).toEqual(['contoso.db']);
  },
);

function child(name: string, ...args: string[]) {
  return spawn(process.execPath, [fileURLToPath(new URL(`children/${name}`, import.meta.url)), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}
