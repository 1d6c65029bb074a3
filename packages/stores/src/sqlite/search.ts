import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Conversation, Entry, TranscriptHit, TranscriptsQuery } from '@parley/contracts';
import { matchesFilters, type TranscriptFacts } from '../facts.ts';
import { makeCursor, readCursor } from '../rules.ts';
import { phrasesOf, snippetOf, textOf, type Phrase } from '../words.ts';
import { seqsEach } from './conversations.ts';
import type { Database } from './driver.ts';

/**
 * Searches what the catalogue has indexed, newest first. Works in slices with a turn of the event loop between them,
 * so that a search through everything holds nobody up.
 *
 * @param readEntry reads one entry of a conversation
 */
export async function search(
  statements: SearchStatements,
  query: TranscriptsQuery & { limit: number },
  readEntry: (id: string, seq: number) => Entry | undefined,
): Promise<{ items: TranscriptHit[]; next?: string }> {
  const after: Position = query.cursor === undefined ? [Number.MAX_SAFE_INTEGER, 0] : readCursor(query.cursor);
  const phrases = query.text === undefined ? undefined : phrasesOf(query.text);
  if (phrases?.length === 0) return { items: [] };

  const found: Candidate[] = [];
  for await (const candidate of phrases ? withWords(statements, phrases, after) : newest(statements, after)) {
    if (query.from !== undefined && candidate.updated < query.from) break;
    if (matchesFilters(candidate.updated, JSON.parse(candidate.facts) as TranscriptFacts, query)) found.push(candidate);
    if (found.length > query.limit) break;
  }
  const page = found.slice(0, query.limit);
  const items = page.map(({ conversation }) => {
    const head = JSON.parse(statements.head.get(conversation) as string) as Conversation;
    return phrases ? { conversation: head, snippet: snippet(statements, phrases, conversation, head.id, readEntry) } : { conversation: head };
  });
  const last = page.at(-1);
  return found.length > page.length && last ? { items, next: makeCursor(last.updated, last.conversation) } : { items };
}

export type SearchStatements = ReturnType<typeof searchStatements>;

export function searchStatements(db: Database) {
  return {
    newest: db.prepare('select n.updated, n.conversation, f.facts from newest n cross join facts f on f.conversation = n.conversation where (n.updated, n.conversation) < (?, ?) order by n.updated desc, n.conversation desc limit ?'),
    one: db.prepare('select i.updated, i.conversation, f.facts from indexed i cross join facts f on f.conversation = i.conversation where i.conversation = ?'),
    head: db.prepare('select body from heads where conversation = ?').pluck(),
    matches: db.prepare('select rowid from words where words match ? limit ?').pluck(),
    matchesOf: db.prepare('select rowid from words where words match ? and rowid between ? and ? order by rowid desc limit 1').pluck(),
  };
}

type Position = readonly [updated: number, conversation: number];
type Candidate = { updated: number; conversation: number; facts: string };

/** Rows looked at between two turns of the event loop: about 3 ms. */
const slice = 500;
/** A word with fewer hits than this is where to begin; with more, it is cheaper to begin with the newest conversations. */
const rare = 5_000;

async function* newest(statements: SearchStatements, after: Position): AsyncGenerator<Candidate> {
  for (let position = after; ; ) {
    const rows = statements.newest.all(...position, slice) as Candidate[];
    yield* rows;
    const last = rows.at(-1);
    if (!last || rows.length < slice) return;
    position = [last.updated, last.conversation];
    await nextTurn();
  }
}

async function* withWords(statements: SearchStatements, phrases: readonly Phrase[], after: Position): AsyncGenerator<Candidate> {
  const queries = phrases.map((phrase) => ftsQuery([phrase]));
  let fewest: { query: string; rows: number[] } | undefined;
  for (const query of queries) {
    const rows = statements.matches.all(query, rare) as number[];
    if (rows.length < (fewest?.rows.length ?? rare)) fewest = { query, rows };
    if (rows.length === 0) return;
  }
  const rest = queries.filter((query) => query !== fewest?.query);
  const all = (conversation: number) => rest.every((query) => lastMatch(statements, query, conversation) !== undefined);

  let looked = 0;
  for await (const candidate of fewest ? among(statements, fewest.rows, after) : newest(statements, after)) {
    if (rest.length > 0 && ++looked % 50 === 0) await nextTurn();
    if (all(candidate.conversation)) yield candidate;
  }
}

/** The conversations of these full-text rows, newest first. */
async function* among(statements: SearchStatements, rows: readonly number[], after: Position): AsyncGenerator<Candidate> {
  const keys = [...new Set(rows.map((rowid) => Math.floor(rowid / seqsEach)))];
  const candidates: Candidate[] = [];
  for (const [i, key] of keys.entries()) {
    const candidate = statements.one.get(key) as Candidate | undefined;
    if (candidate && (candidate.updated < after[0] || (candidate.updated === after[0] && candidate.conversation < after[1]))) candidates.push(candidate);
    if (i % slice === slice - 1) await nextTurn();
  }
  yield* candidates.toSorted((a, b) => b.updated - a.updated || b.conversation - a.conversation);
}

/** From the newest entry that has all of it; where none has, from the newest that has the first phrase. */
function snippet(statements: SearchStatements, phrases: readonly Phrase[], conversation: number, id: string, readEntry: (id: string, seq: number) => Entry | undefined): string {
  const rowid = lastMatch(statements, ftsQuery(phrases), conversation) ?? lastMatch(statements, ftsQuery(phrases.slice(0, 1)), conversation);
  const entry = rowid === undefined ? undefined : readEntry(id, rowid % seqsEach);
  return snippetOf((entry && textOf(entry)) ?? '', phrases);
}

function lastMatch(statements: SearchStatements, query: string, conversation: number): number | undefined {
  return statements.matchesOf.get(query, conversation * seqsEach, conversation * seqsEach + seqsEach - 1) as number | undefined;
}

/** Words hold letters and digits only, so nothing in them can be query syntax. */
function ftsQuery(phrases: readonly Phrase[]): string {
  return phrases.map(({ words, prefix }) => `"${words.join(' ')}"${prefix ? ' *' : ''}`).join(' AND ');
}
