import type { Conversation, Entry } from '@parley/contracts';
import type { Database } from './driver.ts';
import { Facets, facetsOf } from './facets.ts';

/**
 * Heads and entries of one file. Keeps heads that were used lately in memory as long as no other process has written.
 * They are handed out as they are kept: nobody changes a head.
 * All methods are synchronous: who calls `append` has a transaction open.
 */
export class Conversations {
  #statements: ReturnType<typeof statements>;
  #facets: Facets;
  #kept = new Map<string, Row>();
  #dataVersion = -1;
  #looked = false;

  constructor(db: Database) {
    this.#statements = statements(db);
    this.#facets = new Facets(db);
  }

  /** To be called before reading: notices what other processes wrote, once per turn of the event loop. */
  look(): void {
    if (this.#looked) return;
    this.refresh();
    this.#looked = true;
    setImmediate(this.#lookAgain);
  }

  #lookAgain = (): void => {
    this.#looked = false;
  };

  /** To be called at the beginning of a transaction: notices what other processes wrote. */
  refresh(): void {
    const now = this.#statements.dataVersion.get() as number;
    if (now !== this.#dataVersion) this.forget();
    this.#dataVersion = now;
  }

  /** What is in memory may not be what is stored. */
  forget(): void {
    this.#kept.clear();
  }

  get(id: string): Row | undefined {
    const kept = this.#kept.get(id);
    if (kept) return kept;
    const key = this.#statements.key.get(id) as number | undefined;
    if (key === undefined) return undefined;
    const { change, body, tail } = this.#statements.head.get(key) as { change: number; body: string; tail: Buffer };
    const head = JSON.parse(body) as Conversation;
    return this.#keep(id, { key, change, version: head.version, seq: head.seq, head, facets: facetsOf(head), tail });
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
    const take = (records: Buffer, seq: number) => entries.push(this.#read(records.readUIntBE((seq - 1) % perChunk * record + 6, 6)));
    for (let seq = start; seq <= end && seq < first; ) {
      const chunk = Math.floor((seq - 1) / perChunk);
      const records = this.#statements.chunk.get(row.key * chunksEach + chunk) as Buffer;
      for (; seq <= end && seq <= (chunk + 1) * perChunk; seq++) take(records, seq);
    }
    for (let seq = Math.max(start, first); seq <= end; seq++) take(row.tail, seq);
    return entries;
  }

  /**
   * @param ids of the new entries
   * @param texts JSON of `next` and of each new entry, made before the transaction
   */
  append(row: Row | undefined, next: Conversation, ids: readonly string[], texts: { head: string; entries: readonly string[] }): void {
    const s = this.#statements;
    const key = row?.key ?? s.addName.run(next.id).lastInsertRowid;
    const known = row?.tail.length ?? 0;
    let tail = Buffer.allocUnsafeSlow(known + ids.length * record);
    row?.tail.copy(tail);
    ids.forEach((id, i) => {
      const n = s.addEntry.run(texts.entries[i]!).lastInsertRowid;
      tail.writeUIntBE(hashOf(id), known + i * record, 6);
      tail.writeUIntBE(n, known + i * record + 6, 6);
    });
    tail = this.#fold(key, next.seq, tail);

    const change = s.addChange.run(key).lastInsertRowid;
    if (row) s.putHead.run(change, texts.head, tail, key);
    else s.addHead.run(key, change, texts.head, tail);
    const facets = facetsOf(next);
    this.#facets.move(key, row?.facets, facets);
    this.#keep(next.id, { key, change, version: next.version, seq: next.seq, head: next, facets, tail });
  }

  /** Moves full chunks out of the tail, which is written with every commit and must stay small. */
  #fold(key: number, seq: number, tail: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> {
    let rest = tail;
    let first = seq - tail.length / record + 1;
    for (; rest.length >= perChunk * record; rest = rest.subarray(perChunk * record), first += perChunk) {
      const records = rest.subarray(0, perChunk * record);
      this.#statements.addChunk.run(key * chunksEach + (first - 1) / perChunk, records);
      for (let i = 0; i < perChunk; i++) this.#statements.addId.run(key, records.readUIntBE(i * record, 6), first + i);
    }
    return rest === tail ? tail : Buffer.from(rest);
  }

  #entry(row: Row, seq: number): Entry {
    return this.entries(row, seq, seq)[0]!;
  }

  #read(n: number): Entry {
    return JSON.parse(this.#statements.entry.get(n) as string) as Entry;
  }

  #keep(id: string, row: Row): Row {
    this.#kept.set(id, row);
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
  /** Records of the newest entries; their number is less than a chunk. */
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
/** Heads kept in memory, about 3 KB each. */
const most = 4_096;

function statements(db: Database) {
  return {
    dataVersion: db.prepare('pragma data_version').pluck(),
    key: db.prepare('select conversation from names where id = ?').pluck(),
    head: db.prepare('select change, body, tail from heads where conversation = ?'),
    chunk: db.prepare('select records from chunks where chunk = ?').pluck(),
    seqs: db.prepare('select seq from ids where conversation = ? and hash = ?').pluck(),
    entry: db.prepare('select body from log where n = ?').pluck(),
    addName: db.prepare('insert into names(id) values(?)'),
    addEntry: db.prepare('insert into log(body) values(?)'),
    addChange: db.prepare('insert into changes(conversation) values(?)'),
    addHead: db.prepare('insert into heads(conversation, change, body, tail) values(?, ?, ?, ?)'),
    putHead: db.prepare('update heads set change = ?, body = ?, tail = ? where conversation = ?'),
    addChunk: db.prepare('insert into chunks values(?, ?)'),
    addId: db.prepare('insert into ids values(?, ?, ?)'),
  };
}
