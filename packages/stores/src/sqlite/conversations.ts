import type { Conversation, Entry } from '@parley/contracts';
import type { Database } from './driver.ts';
import { Facets, facetsOf } from './facets.ts';
import { applyPatch } from './patch.ts';

/**
 * Heads and entries of one file. Heads that are not folded into their table, and those used lately, are in memory.
 * They are handed out as they are kept: nobody changes a head.
 * All methods are synchronous: who calls `append` has a transaction open.
 */
export class Conversations {
  #db: Database;
  #statements: ReturnType<typeof statements>;
  #facets: Facets;
  #kept = new Map<string, Row>();
  /** By conversation, those with commits in `recent`. */
  #unfolded = new Map<number, Row>();
  /** Rows of `recent`. */
  #commits = 0;
  /** Whether a tail is so long that looking through it takes its time. */
  #long = false;
  /** The newest change, and the newest that is folded. */
  #last = -1;
  #folded = -1;
  #dataVersion = -1;
  #looked = false;

  constructor(db: Database) {
    this.#db = db;
    this.#statements = statements(db);
    this.#facets = new Facets(db);
  }

  /** To be called before reading: notices what other processes wrote, once per turn of the event loop. */
  look(): void {
    if (this.#looked) return;
    if (this.#statements.dataVersion.get() !== this.#dataVersion) {
      // In one transaction: another process may fold just now.
      this.#statements.begin.run();
      try {
        this.refresh();
      } finally {
        if (this.#db.inTransaction) this.#statements.commit.run();
      }
    }
    this.#looked = true;
    setImmediate(this.#lookAgain);
  }

  #lookAgain = (): void => {
    this.#looked = false;
  };

  /** To be called at the beginning of a transaction: notices what other processes wrote. */
  refresh(): void {
    const now = this.#statements.dataVersion.get() as number;
    if (now === this.#dataVersion) return;
    const s = this.#statements;
    const folded = s.folded.get() as number;
    // Another process has folded: maybe commits of which we know nothing, and what is unfolded here is no more.
    if (folded !== this.#folded) this.forget();
    this.#folded = folded;
    this.#last = Math.max(this.#last, folded);
    for (const { n, conversation, patch, records } of s.recent.all(this.#last) as {
      n: number;
      conversation: number;
      patch: string;
      records: Buffer;
    }[]) {
      const before = this.#unfolded.get(conversation) ?? this.#stored(conversation);
      const head = applyPatch(before?.head, patch);
      this.#add({
        key: conversation,
        change: n,
        version: head.version,
        seq: head.seq,
        head,
        facets: facetsOf(head),
        tail: before ? Buffer.concat([before.tail, records]) : records,
      });
    }
    this.#dataVersion = now;
  }

  /** What is in memory may not be what is stored. */
  forget(): void {
    this.#kept.clear();
    this.#unfolded.clear();
    this.#commits = 0;
    this.#long = false;
    this.#last = this.#folded = this.#dataVersion = -1;
    this.#looked = false;
  }

  get(id: string): Row | undefined {
    const kept = this.#kept.get(id);
    if (kept) return kept;
    const key = this.#statements.key.get(id) as number | undefined;
    if (key === undefined) return undefined;
    const row = this.#unfolded.get(key) ?? this.#stored(key);
    return row && this.#keep(row);
  }

  /** The head as it is in memory, if it is, without a look at what is stored. */
  peek(id: string): Conversation | undefined {
    return this.#kept.get(id)?.head;
  }

  headOf(key: number): Conversation {
    return (this.#unfolded.get(key) ?? this.#stored(key))!.head;
  }

  get lastChange(): number {
    return this.#last;
  }

  /** Conversations that changed after `from`, in the order of their newest change. */
  changedAfter(from: number, limit: number): { change: number; head: Conversation }[] {
    const found: { change: number; head: Conversation }[] = [];
    for (let at = from; at < this.#folded && found.length < limit;) {
      const rows = this.#statements.changes.all(at, limit) as { n: number; conversation: number; body: string }[];
      for (const { n, conversation, body } of rows)
        if (!this.#unfolded.has(conversation)) found.push({ change: n, head: JSON.parse(body) as Conversation });
      at = rows.at(-1)?.n ?? this.#folded;
    }
    if (found.length >= limit) return found.slice(0, limit);
    const newer = [...this.#unfolded.values()]
      .filter(({ change }) => change > from)
      .toSorted((a, b) => a.change - b.change);
    return [...found, ...newer].slice(0, limit);
  }

  /** @returns the seq of the entry with this id */
  seqOf(row: Row, entryId: string): number | undefined {
    const wanted = hashOf(entryId);
    const first = row.seq - row.tail.length / record + 1;
    for (let at = 0; at < row.tail.length; at += record)
      if (row.tail.readUIntBE(at, 6) === wanted) {
        const seq = first + at / record;
        if (this.#entry(row, seq).id === entryId) return seq;
      }
    if (first === 1) return undefined;
    const seqs = this.#statements.seqs.all(row.key, wanted) as number[];
    return seqs.find((seq) => this.#entry(row, seq).id === entryId);
  }

  /** Entries `from` to `to`, both included, that exist. */
  entries(row: Row, from: number, to: number): Entry[] {
    const start = Math.max(from, 1);
    const end = Math.min(to, row.seq);
    const first = row.seq - row.tail.length / record + 1;
    const entries: Entry[] = [];
    const take = (records: Buffer, at: number) => entries.push(this.#read(records.readUIntBE(at * record + 6, 6)));
    for (let seq = start; seq <= end && seq < first;) {
      const chunk = Math.floor((seq - 1) / perChunk);
      const records = this.#statements.chunk.get(row.key * chunksEach + chunk) as Buffer;
      for (; seq <= end && seq <= (chunk + 1) * perChunk; seq++) take(records, (seq - 1) % perChunk);
    }
    for (let seq = Math.max(start, first); seq <= end; seq++) take(row.tail, seq - first);
    return entries;
  }

  /**
   * @param ids of the new entries
   * @param texts of each new entry the JSON, and of the head what `patchOf` made of it and the one of `row`
   */
  append(
    row: Row | undefined,
    next: Conversation,
    ids: readonly string[],
    texts: { patch: string; entries: readonly string[] },
  ): void {
    const s = this.#statements;
    const key = row?.key ?? s.addName.run(next.id).lastInsertRowid;
    const known = row?.tail.length ?? 0;
    const tail = ids.length > 0 || !row ? Buffer.allocUnsafeSlow(known + ids.length * record) : row.tail;
    if (ids.length > 0) row?.tail.copy(tail);
    for (let i = 0; i < ids.length; i++) {
      const n = s.addEntry.run(texts.entries[i]!).lastInsertRowid;
      tail.writeUIntBE(hashOf(ids[i]!), known + i * record, 6);
      tail.writeUIntBE(n, known + i * record + 6, 6);
    }
    const change = this.#last + 1;
    s.addRecent.run(change, key, texts.patch, tail.subarray(known));
    const facets = facetsOf(next);
    this.#facets.move(key, row?.facets, facets);
    this.#add({ key, change, version: next.version, seq: next.seq, head: next, facets, tail });
  }

  /** To be called in a transaction that writes, after `refresh`. */
  foldWhenLong(): void {
    if (this.#long || this.#commits >= commitsAtOnce || this.#unfolded.size >= headsAtOnce) this.fold();
  }

  /** Moves what is in `recent` to the heads; to be called in a transaction that writes, after `refresh`. */
  fold(): void {
    if (this.#commits === 0) return;
    const s = this.#statements;
    const rows = [...this.#unfolded.values()].toSorted((a, b) => a.key - b.key);
    for (const row of rows) {
      const tail = this.#shorten(row);
      s.putHead.run(row.key, row.change, JSON.stringify(row.head), tail);
      if (this.#kept.get(row.head.id) === row) this.#kept.set(row.head.id, { ...row, tail });
    }
    for (const { change, key } of rows.toSorted((a, b) => a.change - b.change)) s.addChange.run(change, key);
    s.dropRecent.run();
    this.#unfolded.clear();
    this.#commits = 0;
    this.#long = false;
    this.#folded = this.#last;
  }

  /** Makes chunks of what is full in the tail, and gives the rest. */
  #shorten({ key, seq, tail }: Row): Buffer {
    let rest = tail;
    let first = seq - tail.length / record + 1;
    for (; rest.length >= perChunk * record; rest = rest.subarray(perChunk * record), first += perChunk) {
      const records = rest.subarray(0, perChunk * record);
      this.#statements.addChunk.run(key * chunksEach + (first - 1) / perChunk, records);
      for (let i = 0; i < perChunk; i++) this.#statements.addId.run(key, records.readUIntBE(i * record, 6), first + i);
    }
    return rest === tail ? tail : Buffer.from(rest);
  }

  #add(row: Row): void {
    this.#last = row.change;
    this.#commits++;
    if (row.tail.length >= longTail) this.#long = true;
    this.#unfolded.set(row.key, row);
    this.#keep(row);
  }

  #stored(key: number): Row | undefined {
    const stored = this.#statements.head.get(key) as { change: number; body: string; tail: Buffer } | undefined;
    if (!stored) return undefined;
    const head = JSON.parse(stored.body) as Conversation;
    return {
      key,
      change: stored.change,
      version: head.version,
      seq: head.seq,
      head,
      facets: facetsOf(head),
      tail: stored.tail,
    };
  }

  #entry(row: Row, seq: number): Entry {
    return this.entries(row, seq, seq)[0]!;
  }

  #read(n: number): Entry {
    return JSON.parse(this.#statements.entry.get(n) as string) as Entry;
  }

  #keep(row: Row): Row {
    this.#kept.set(row.head.id, row);
    if (this.#kept.size > most) for (const oldest of this.#kept.keys()) if (this.#kept.delete(oldest)) break;
    return row;
  }
}

/** A head in memory. */
export type Row = {
  key: number;
  change: number;
  version: number;
  seq: number;
  head: Conversation;
  facets: ReturnType<typeof facetsOf>;
  /** Records of the newest entries, all that are in no chunk. */
  tail: Buffer;
};

/** A conversation has fewer entries than this. */
export const seqsEach = 2 ** 20;

function hashOf(id: string): number {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (let i = 0; i < id.length; i++) {
    const code = id.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x85ebca6b);
    b ^= b >>> 13;
  }
  return ((a ^ (a >>> 15)) >>> 0) * 0x10000 + ((b ^ (b >>> 16)) & 0xffff);
}

/** 6 bytes of hash, 6 of log position. */
const record = 12;
const perChunk = 32;
const chunksEach = 2 ** 16; // times 32 is more than `seqsEach`
/** What is folded together: the more, the fewer pages each commit costs, and the longer a fold takes (about 10 ms for so many heads). */
const commitsAtOnce = 2_000;
const headsAtOnce = 500;
const longTail = 256 * record;
/** Heads kept in memory, about 3 KB each. */
const most = 4_096;

function statements(db: Database) {
  return {
    begin: db.prepare('begin'),
    commit: db.prepare('commit'),
    dataVersion: db.prepare('pragma data_version').pluck(),
    key: db.prepare('select conversation from names where id = ?').pluck(),
    head: db.prepare('select change, body, tail from heads where conversation = ?'),
    chunk: db.prepare('select records from chunks where chunk = ?').pluck(),
    seqs: db.prepare('select seq from ids where conversation = ? and hash = ?').pluck(),
    entry: db.prepare('select body from log where n = ?').pluck(),
    addName: db.prepare('insert into names(id) values(?)'),
    addEntry: db.prepare('insert into log(body) values(?)'),
    addRecent: db.prepare('insert into recent(n, conversation, patch, records) values(?, ?, ?, ?)'),
    recent: db.prepare('select n, conversation, patch, records from recent where n > ? order by n'),
    dropRecent: db.prepare('delete from recent'),
    folded: db.prepare('select coalesce(max(n), 0) from changes').pluck(),
    addChange: db.prepare('insert into changes(n, conversation) values(?, ?)'),
    changes: db.prepare(
      'select c.n, c.conversation, h.body from changes c cross join heads h on h.conversation = c.conversation and h.change = c.n where c.n > ? order by c.n limit ?',
    ),
    putHead: db.prepare('insert or replace into heads(conversation, change, body, tail) values(?, ?, ?, ?)'),
    addChunk: db.prepare('insert into chunks values(?, ?)'),
    addId: db.prepare('insert into ids values(?, ?, ?)'),
  };
}
