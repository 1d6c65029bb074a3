/**
 * Compares shapes of the SQLite schema: what one durable commit of a message costs in each.
 * `node bench/shapes.ts [rounds]`. Shapes take turns within a round, because disk speed drifts; only ratios mean anything.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database } from '../src/sqlite/driver.ts';

const conversations = 5_000;
const prefilled = 20;
const rounds = Number(process.argv[2] ?? 5);

type Shape = { name: string; pageSize: number; open(db: Database): (conversation: number, seq: number) => void };

const head = (c: number, seq: number) =>
  JSON.stringify({
    id: `c_${String(c).padStart(26, '0')}`,
    channel: 'directline',
    channelConversation: `dl-${c}-abcdefghijklmnop`,
    bot: { id: 'c0170500-0000-4000-8000-0000000000c1', name: 'BankX assistant' },
    user: { id: `user-${c}`, name: 'Sam Doe', language: 'en' },
    version: seq,
    seq,
    epoch: 3,
    holder: {
      state: 'assigned',
      since: 1790000000000,
      queue: 'cards',
      consultant: { id: 'c0170500-0000-4000-8000-000000000101', name: 'Ana Ruiz' },
    },
    handoff: {
      n: 1,
      queue: 'cards',
      reason: 'asked for a person',
      requestedAt: 1790000000000,
      requestedSeq: 4,
      acceptedAt: 1790000001000,
      acceptedBy: { id: 'c0170500-0000-4000-8000-000000000101', name: 'Ana Ruiz' },
    },
    last: {
      text: 'my card was declined in the shop and I do not know why, can you look',
      by: 'user',
      at: 1790000000000,
    },
    userLines: [
      'hello there',
      'I need help with my card',
      'my card was declined in the shop and I do not know why, can you look',
    ],
    openedAt: 1790000000000,
    updatedAt: 1790000000000 + seq,
    delivery: { outSeq: 3, deliveredSeq: 3, seenSeq: 2 },
  });
const id = (c: number, seq: number) =>
  `m${((c * 7919 + seq * 104729) >>> 0).toString(36).padStart(8, '0')}-${c}-${seq}-abcdefgh`;
const body = (c: number, seq: number) =>
  JSON.stringify({
    seq,
    id: id(c, seq),
    at: 1790000000000,
    epoch: 3,
    by: { type: 'user', name: 'Sam Doe' },
    kind: 'message',
    text: 'lorem ipsum dolor sit amet '.repeat(6),
  });

const textbook = (pageSize: number): Shape => ({
  name: `heads indexed by every column, entries unique by (conversation, seq) and (conversation, id)`,
  pageSize,
  open(db) {
    db.exec(`create table heads(id text primary key, version int, seq int, change int, state text, queue text, consultant text, since int, due int, outstanding int, body text);
      create index h1 on heads(change); create index h2 on heads(state, queue, since); create index h3 on heads(consultant) where consultant is not null;
      create index h4 on heads(due) where due is not null; create index h5 on heads(outstanding) where outstanding = 1;
      create table entries(conversation text, seq int, id text, body text, primary key(conversation, seq)) without rowid;
      create unique index e1 on entries(conversation, id);`);
    const put =
      db.prepare(`insert into heads values(?,?,?,?,'assigned','cards','ana',?,null,0,?) on conflict(id) do update
      set version=excluded.version, seq=excluded.seq, change=excluded.change, state=excluded.state, queue=excluded.queue, consultant=excluded.consultant, since=excluded.since, due=excluded.due, outstanding=excluded.outstanding, body=excluded.body`);
    const add = db.prepare('insert into entries values(?,?,?,?)');
    let change = 0;
    return (c, seq) => {
      const key = `c_${String(c).padStart(26, '0')}`;
      put.run(key, seq, seq, ++change, c, head(c, seq));
      add.run(key, seq, id(c, seq), body(c, seq));
    };
  },
});

const integers = (pageSize: number): Shape => ({
  name: 'integer keys, appended change list, untouched columns stay untouched',
  pageSize,
  open(db) {
    db.exec(`create table heads(key integer primary key, change int, state text, queue text, consultant text, since int, due int, outstanding int, body text);
      create index h2 on heads(state, queue, since); create index h3 on heads(consultant) where consultant is not null;
      create table changes(n integer primary key, key int);
      create table entries(conversation int, seq int, id text, body text, primary key(conversation, seq)) without rowid;
      create unique index e1 on entries(conversation, id);`);
    const make = db.prepare(`insert into heads values(?,?,'assigned','cards','ana',?,null,0,?)`);
    const put = db.prepare(`update heads set change=?, body=? where key=?`);
    const add = db.prepare('insert into entries values(?,?,?,?)');
    const mark = db.prepare('insert into changes values(?,?)');
    let change = 0;
    return (c, seq) => {
      if (seq === 1) make.run(c, ++change, c, head(c, seq));
      else put.run(++change, head(c, seq), c);
      mark.run(change, c);
      add.run(c, seq, id(c, seq), body(c, seq));
    };
  },
});

const span = 2 ** 20;
const adjacent = (pageSize: number): Shape => ({
  name: 'head beside its newest entries, ids packed in the head',
  pageSize,
  open(db) {
    db.exec(
      `create table rows(key integer primary key, body text, change int, ids blob); create table changes(n integer primary key, key int);`,
    );
    const add = db.prepare('insert into rows(key, body) values(?,?)');
    const make = db.prepare('insert into rows values(?,?,?,?)');
    const put = db.prepare(`update rows set body=?, change=?, ids=? where key=?`);
    const mark = db.prepare('insert into changes values(?,?)');
    let change = 0;
    return (c, seq) => {
      const ids = Buffer.alloc(6 * Math.min(seq, 128), seq);
      if (seq === 1) make.run(c * span + span - 1, head(c, seq), ++change, ids);
      else put.run(head(c, seq), ++change, ids, c * span + span - 1);
      mark.run(change, c);
      add.run(c * span + seq, body(c, seq));
    };
  },
});

const apart = (pageSize: number): Shape => ({
  name: 'appended entries found by positions packed in the head',
  pageSize,
  open(db) {
    db.exec(
      `create table heads(key integer primary key, change int, body text, ids blob); create table changes(n integer primary key, key int); create table log(n integer primary key, body text);`,
    );
    const add = db.prepare('insert into log(n, body) values(?,?)');
    const make = db.prepare('insert into heads values(?,?,?,?)');
    const put = db.prepare(`update heads set body=?, change=?, ids=? where key=?`);
    const mark = db.prepare('insert into changes values(?,?)');
    let change = 0;
    return (c, seq) => {
      const ids = Buffer.alloc(12 * Math.min(seq, 128), seq);
      if (seq === 1) make.run(c, ++change, head(c, seq), ids);
      else put.run(head(c, seq), ++change, ids, c);
      mark.run(change, c);
      add.run(change, body(c, seq));
    };
  },
});

const directory = mkdtempSync(join(tmpdir(), 'shapes-'));
const runs = [
  textbook(4096),
  integers(4096),
  adjacent(4096),
  apart(4096),
  adjacent(2048),
  adjacent(8192),
  apart(2048),
].map((shape, n) => {
  const file = join(directory, `${n}.db`);
  const db = new Database(file);
  db.pragma(`cipher='sqlcipher'`);
  db.pragma(`key="x'${'ab'.repeat(32)}'"`);
  db.pragma(`page_size=${shape.pageSize}`);
  db.pragma('journal_mode=wal');
  db.pragma('synchronous=full');
  db.pragma('temp_store=memory');
  db.pragma('wal_autocheckpoint=0');
  const append = shape.open(db);
  const seqs = Array.from({ length: conversations }, () => 0);
  const one = (c: number) => append(c, (seqs[c] = (seqs[c] ?? 0) + 1));
  db.exec('begin');
  for (let i = 0; i < prefilled; i++) for (let c = 0; c < conversations; c++) one(c);
  db.exec('commit');
  db.pragma('wal_checkpoint(truncate)');
  return {
    shape,
    file,
    db,
    one,
    at1: [] as number[],
    at64: [] as number[],
    pages: [] as number[],
    wall: [] as number[],
  };
});

for (let round = 0; round < rounds + 1; round++) {
  for (const run of round % 2 ? runs.toReversed() : runs) {
    const time = (batches: number, size: number) => {
      const cpu = process.cpuUsage();
      const start = performance.now();
      for (let b = 0; b < batches; b++) {
        run.db.exec('begin immediate');
        for (let i = 0; i < size; i++) run.one(Math.floor(Math.random() * conversations));
        run.db.exec('commit');
      }
      const used = process.cpuUsage(cpu);
      return {
        cpu: (used.user + used.system) / batches / size,
        wall: ((performance.now() - start) * 1000) / batches / size,
      };
    };
    const single = time(150, 1);
    run.db.pragma('wal_checkpoint(truncate)');
    const many = time(20, 64);
    const size = statSync(`${run.file}-wal`).size;
    run.db.pragma('wal_checkpoint(truncate)');
    if (round === 0) continue;
    run.at1.push(single.cpu);
    run.at64.push(many.cpu);
    run.wall.push(many.wall);
    run.pages.push(size / 20 / 64);
  }
}
const median = (list: number[]) => list.toSorted((a, b) => a - b)[list.length >> 1]!.toFixed(1);
console.table(
  runs.map((r) => ({
    shape: r.shape.name,
    page: r.shape.pageSize,
    'CPU µs, 1 a commit': median(r.at1),
    'CPU µs, 64 a commit': median(r.at64),
    'wall µs, 64': median(r.wall),
    'WAL bytes': median(r.pages),
    MB: (statSync(r.file).size / 1e6).toFixed(0),
  })),
);
for (const run of runs) run.db.close();
rmSync(directory, { recursive: true });
