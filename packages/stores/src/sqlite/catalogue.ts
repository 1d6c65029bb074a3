import { factsOf, type TranscriptFacts } from '../facts.ts';
import { textOf, wordsOf } from '../words.ts';
import { seqsEach, type Conversations, type Row } from './conversations.ts';
import type { Database } from './driver.ts';

/**
 * What transcripts are searched by: facts and words. It runs behind the commits and follows the changes,
 * so that a conversation that changes ten times is indexed once.
 */
export class Catalogue {
  #statements: ReturnType<typeof statements>;
  #conversations: Conversations;

  constructor(db: Database, conversations: Conversations) {
    this.#statements = statements(db);
    this.#conversations = conversations;
  }

  /** Whether every change is indexed. */
  get complete(): boolean {
    return (this.#statements.behind.get() as number | undefined) === undefined;
  }

  /**
   * Indexes the next changes, up to about `budget` entries; durable with the transaction that is open.
   *
   * @returns whether that was all
   */
  advance(budget: number): boolean {
    const s = this.#statements;
    this.#conversations.fold();
    const from = s.marker.get() as number;
    const changes = s.changes.all(from, budget) as { n: number; conversation: number; id: string; change: number }[];
    const words: { rowid: number; text: string }[] = [];
    let marker = from;
    let left = budget;
    for (const { n, conversation, id, change } of changes) {
      if (left <= 0) break;
      left--;
      if (change !== n) {
        s.dropChange.run(n);
        marker = n;
        continue;
      }
      const row = this.#conversations.get(id)!;
      const to = this.#index(row, left, words);
      left -= to.added;
      if (!to.complete) break;
      // The change of before is a thing nobody needs to follow any more.
      if (to.earlierChange !== null && to.earlierChange !== n) s.dropChange.run(to.earlierChange);
      s.setChange.run(n, conversation);
      marker = n;
    }
    // In the order of their numbers: a smaller one after a greater one would make the index write a segment of its own.
    for (const { rowid, text } of words.toSorted((a, b) => a.rowid - b.rowid)) s.addWords.run(rowid, text);
    if (marker !== from) s.setMarker.run(marker);
    return this.complete;
  }

  #index(
    row: Row,
    budget: number,
    words: { rowid: number; text: string }[],
  ): { added: number; complete: boolean; earlierChange: number | null } {
    const s = this.#statements;
    const known = s.known.get(row.key) as { updated: number; change: number | null; seq: number } | undefined;
    const earlier = known && (s.facts.get(row.key) as string);
    const { head } = row;
    const from = known?.seq ?? 0;
    const to = Math.min(row.seq, from + Math.max(budget, 1));
    const entries = this.#conversations.entries(row, from + 1, to);
    for (const entry of entries) {
      const text = wordsOf(textOf(entry) ?? '').join(' ');
      if (text !== '') words.push({ rowid: row.key * seqsEach + entry.seq, text });
    }
    const facts = JSON.stringify(
      factsOf(head, entries, earlier === undefined ? undefined : (JSON.parse(earlier) as TranscriptFacts)),
    );
    if (facts !== earlier) s.putFacts.run(row.key, facts);
    if (known?.updated !== head.updatedAt) {
      if (known) s.dropNewest.run(known.updated, row.key);
      s.addNewest.run(head.updatedAt, row.key);
    }
    s.putKnown.run(row.key, head.updatedAt, known?.change ?? null, to);
    return { added: entries.length, complete: to === row.seq, earlierChange: known?.change ?? null };
  }
}

function statements(db: Database) {
  return {
    marker: db.prepare(`select value from meta where name = 'indexed'`).pluck(),
    setMarker: db.prepare(`update meta set value = ? where name = 'indexed'`),
    behind: db
      .prepare(
        `select 1 where exists (select 1 from recent) or exists (select 1 from changes where n > (select value from meta where name = 'indexed'))`,
      )
      .pluck(),
    changes: db.prepare(
      'select c.n, c.conversation, m.id, h.change from changes c cross join heads h on h.conversation = c.conversation cross join names m on m.conversation = c.conversation where c.n > ? order by c.n limit ?',
    ),
    dropChange: db.prepare('delete from changes where n = ?'),
    known: db.prepare('select updated, change, seq from indexed where conversation = ?'),
    putKnown: db.prepare('insert or replace into indexed(conversation, updated, change, seq) values(?, ?, ?, ?)'),
    setChange: db.prepare('update indexed set change = ? where conversation = ?'),
    facts: db.prepare('select facts from facts where conversation = ?').pluck(),
    putFacts: db.prepare('insert or replace into facts values(?, ?)'),
    addNewest: db.prepare('insert into newest values(?, ?)'),
    dropNewest: db.prepare('delete from newest where updated = ? and conversation = ?'),
    addWords: db.prepare('insert into words(rowid, text) values(?, ?)'),
  };
}
