import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TranscriptHit, TranscriptsQuery } from '@parley/contracts';
import { matchesFilters, type TranscriptFacts } from '../facts.ts';
import { makeCursor, readCursor } from '../rules.ts';
import { phrasesOf, snippetOf, textOf, type Phrase } from '../words.ts';
import { seqsEach, type Conversations } from './conversations.ts';
import type { Database } from './driver.ts';

/**
 * Searches what the catalogue has indexed, newest first. Works in slices with a turn of the event loop between them,
 * so that a search through everything holds nobody up.
 */
export class Search {
  #statements: ReturnType<typeof statements>;
  #match: (phrases: readonly Phrase[]) => Promise<Float64Array>;
  #conversations: Conversations;

  /**
   * @param match gives a full-text row of each conversation that has all phrases
   */
  constructor(
    db: Database,
    match: (phrases: readonly Phrase[]) => Promise<Float64Array>,
    conversations: Conversations,
  ) {
    this.#statements = statements(db);
    this.#match = match;
    this.#conversations = conversations;
  }

  async run(query: TranscriptsQuery & { limit: number }): Promise<{ items: TranscriptHit[]; next?: string }> {
    const after: Position = query.cursor === undefined ? [Number.MAX_SAFE_INTEGER, 0] : readCursor(query.cursor);
    const phrases = query.text === undefined ? undefined : phrasesOf(query.text);
    if (phrases?.length === 0) return { items: [] };

    const found: Candidate[] = [];
    for await (const slice of phrases ? this.#among(await this.#match(phrases), after) : this.#newest(after)) {
      for (const candidate of slice) if (passes(candidate, query)) found.push(candidate);
      if (found.length > query.limit || (query.from !== undefined && (slice.at(-1)?.updated ?? 0) < query.from)) break;
    }
    const page = found.slice(0, query.limit);
    this.#conversations.look();
    const items = page.map(({ conversation, row }) => {
      const head = this.#conversations.headOf(conversation);
      if (!phrases || row === undefined) return { conversation: head };
      const seq = row % seqsEach;
      const entry = this.#conversations.entries(this.#conversations.get(head.id)!, seq, seq)[0];
      return { conversation: head, snippet: snippetOf((entry && textOf(entry)) ?? '', phrases) };
    });
    const last = page.at(-1);
    return found.length > page.length && last
      ? { items, next: makeCursor(last.updated, last.conversation) }
      : { items };
  }

  async *#newest(after: Position): AsyncGenerator<Candidate[]> {
    for (let position = after; ;) {
      const rows = this.#statements.newest.all(...position, slice) as Candidate[];
      yield rows;
      const last = rows.at(-1);
      if (!last || rows.length < slice) return;
      position = [last.updated, last.conversation];
      await nextTurn();
    }
  }

  /** The conversations of these full-text rows. */
  async *#among(rows: Float64Array, after: Position): AsyncGenerator<Candidate[]> {
    const places: { updated: number; conversation: number; row: number }[] = [];
    for (const [i, row] of rows.entries()) {
      const conversation = Math.floor(row / seqsEach);
      const updated = this.#statements.updated.get(conversation) as number | undefined;
      if (updated !== undefined && (updated < after[0] || (updated === after[0] && conversation < after[1])))
        places.push({ updated, conversation, row });
      if (i % slice === slice - 1) await nextTurn();
    }
    places.sort((a, b) => b.updated - a.updated || b.conversation - a.conversation);
    for (let from = 0; from < places.length; from += slice) {
      yield places
        .slice(from, from + slice)
        .map((place) => ({ ...place, facts: this.#statements.facts.get(place.conversation) as string }));
      await nextTurn();
    }
  }
}

function passes({ updated, facts }: Candidate, query: TranscriptsQuery): boolean {
  return matchesFilters(updated, JSON.parse(facts) as TranscriptFacts, query);
}

type Position = readonly [updated: number, conversation: number];
type Candidate = { updated: number; conversation: number; facts: string; row?: number };

/** Conversations looked at between two turns of the event loop: about 3 ms. */
const slice = 300;

function statements(db: Database) {
  return {
    newest: db.prepare(
      'select n.updated, n.conversation, f.facts from newest n cross join facts f on f.conversation = n.conversation where (n.updated, n.conversation) < (?, ?) order by n.updated desc, n.conversation desc limit ?',
    ),
    updated: db.prepare('select updated from indexed where conversation = ?').pluck(),
    facts: db.prepare('select facts from facts where conversation = ?').pluck(),
  };
}
