import type { Conversation, Entry, TranscriptHit, TranscriptsQuery } from '@parley/contracts';
import { contains, phrasesOf, snippetOf, textOf, wordsOf, type Phrase } from '../words.ts';
import type { Containers } from './containers.ts';
import { makePosition, readPosition } from './lists.ts';
import type { Log } from './log.ts';
import { asked, timed, unpacked, type ProjectionDocument } from './shapes.ts';
import type { Wire } from './wire.ts';

/** Entries read at once for a snippet. */
const pageOfEntries = 500;

/**
 * Finds conversations by the words of an index and the facts beside them. What no index tells, whether words follow each
 * other, and the snippet come from the logs of those found, and of no others.
 */
export class Search {
  #wire: Wire;
  #container: Containers['desk'];
  #log: Log;

  constructor(wire: Wire, { desk }: Containers, log: Log) {
    this.#wire = wire;
    this.#container = desk;
    this.#log = log;
  }

  async run(query: TranscriptsQuery & { limit: number }): Promise<{ items: TranscriptHit[]; next?: string }> {
    let after = query.cursor === undefined ? undefined : timed(...readPosition(query.cursor));
    const phrases = query.text === undefined ? undefined : phrasesOf(query.text);
    if (phrases?.length === 0) return { items: [] };
    const where = conditions(query, phrases);

    const found: TranscriptHit[] = [];
    for (let last = false; !last && found.length <= query.limit;) {
      const most = query.limit + 1 - found.length;
      const rows = await this.#wire.query<Pick<ProjectionDocument, 'head' | 'updated'>>(
        'search',
        this.#container,
        this.#wire.client,
        [
          `SELECT TOP ${most} c.head, c.updated FROM c WHERE c.partition = @partition AND c.updated < @after ${where.sql} ORDER BY c.updated DESC`,
          { ...where.values, partition: this.#wire.client, after: after ?? '~' },
        ],
        most,
      );
      last = rows.length < most;
      after = rows.at(-1)?.updated;
      const hits = await Promise.all(rows.map(({ head }) => this.#hit(unpacked(head), phrases)));
      found.push(...hits.filter((hit) => hit !== undefined));
    }
    const items = found.slice(0, query.limit);
    const end = items.at(-1)?.conversation;
    return found.length > items.length && end ? { items, next: makePosition(end.updatedAt, end.id) } : { items };
  }

  /** @returns nothing where the words are there but do not follow each other */
  async #hit(conversation: Conversation, phrases: readonly Phrase[] | undefined): Promise<TranscriptHit | undefined> {
    if (!phrases) return { conversation };
    const missing = new Set(phrases);
    let whole: string | undefined;
    let first: string | undefined;
    // From the newest entry back, until one has all of it and every phrase is known to occur.
    for (let before = conversation.seq + 1; before > 1 && (whole === undefined || missing.size > 0);) {
      const page: Entry[] = await this.#log.entries(conversation.id, { before, limit: pageOfEntries }, 'search');
      if (page.length === 0) break;
      before = page[0]!.seq;
      for (const entry of page.toReversed()) {
        const text = textOf(entry) ?? '';
        const words = wordsOf(text);
        const here = phrases.filter((phrase) => contains(words, phrase));
        for (const phrase of here) missing.delete(phrase);
        if (here.length === phrases.length) whole ??= text;
        if (here.includes(phrases[0]!)) first ??= text;
      }
    }
    if (missing.size > 0) return undefined;
    return { conversation, snippet: snippetOf(whole ?? first ?? '', phrases) };
  }
}

function conditions(
  query: TranscriptsQuery,
  phrases: readonly Phrase[] | undefined,
): { sql: string; values: Record<string, unknown> } {
  const values: Record<string, unknown> = {};
  let sql = '';
  const add = (condition: (name: string) => string, value: unknown) => {
    const name = `v${Object.keys(values).length}`;
    values[name] = typeof value === 'string' ? asked(value) : value;
    sql += ` AND ${condition(`@${name}`)}`;
  };
  if (query.from !== undefined) add((name) => `c.updated >= ${name}`, timed(query.from, ''));
  if (query.to !== undefined) add((name) => `c.facts.openedAt <= ${name}`, query.to);
  if (query.state !== undefined) add((name) => `c.facts.state = ${name}`, query.state);
  if (query.outcome !== undefined) add((name) => `c.facts.outcome = ${name}`, query.outcome);
  if (query.channel !== undefined) add((name) => `c.facts.channel = ${name}`, query.channel);
  if (query.consultant !== undefined) add((name) => `ARRAY_CONTAINS(c.facts.consultants, ${name})`, query.consultant);
  if (query.queue !== undefined) add((name) => `ARRAY_CONTAINS(c.facts.queues, ${name})`, query.queue);
  if (query.handoff === true) add((name) => `c.facts.handoff = ${name}`, true);
  for (const { words, prefix } of phrases ?? [])
    for (const [i, word] of words.entries())
      if (prefix && i === words.length - 1)
        add((name) => `EXISTS(SELECT VALUE w FROM w IN c.words WHERE STARTSWITH(w, ${name}))`, word);
      else add((name) => `ARRAY_CONTAINS(c.words, ${name})`, word);
  return { sql, values };
}
