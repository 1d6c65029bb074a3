import type { Conversation } from '@parley/contracts';
import type { ListFilter } from '@parley/core';
import { makeCursor, readChange, readCursor } from '../rules.ts';
import type { Conversations } from './conversations.ts';
import type { Database } from './driver.ts';

/** The reads over many heads. None of them looks at a head that it does not return. */
export class Lists {
  #statements: ReturnType<typeof statements>;
  #conversations: Conversations;

  constructor(db: Database, conversations: Conversations) {
    this.#statements = statements(db);
    this.#conversations = conversations;
  }

  list(filter: ListFilter, page: { cursor?: string; limit: number }): { items: Conversation[]; next?: string } {
    const after = page.cursor === undefined ? ([-1, 0] as const) : readCursor(page.cursor);
    const found =
      filter.consultant === undefined
        ? this.#byState(filter, after, page.limit + 1)
        : this.#byConsultant(filter, after, page.limit + 1);
    const places = found.slice(0, page.limit);
    const items = places.map(({ conversation }) => this.#conversations.headOf(conversation));
    const last = places.at(-1);
    return found.length > places.length && last
      ? { items, next: makeCursor(last.since, last.conversation) }
      : { items };
  }

  count(filter: ListFilter): number {
    if (filter.consultant !== undefined) return this.#byConsultant(filter, [-1, 0], Number.MAX_SAFE_INTEGER).length;
    let total = 0;
    for (const tally of this.#tallies(filter)) total += tally.total;
    return total;
  }

  changes(since: string, limit: number): { items: Conversation[]; cursor: string; more: boolean } {
    const from = readChange(since);
    const found = this.#conversations.changedAfter(from, limit + 1);
    const more = found.length > limit;
    const rows = more ? found.slice(0, limit) : found;
    return {
      items: rows.map(({ head }) => head),
      cursor: String(more ? rows.at(-1)!.change : Math.max(from, this.#conversations.lastChange)),
      more,
    };
  }

  due(now: number, limit: number): Conversation[] {
    return (this.#statements.due.all(now, limit) as number[]).map((key) => this.#conversations.headOf(key));
  }

  undelivered({ cursor, limit }: { cursor?: string; limit: number }): { items: Conversation[]; next?: string } {
    const after = cursor === undefined ? 0 : readCursor(cursor)[0];
    const found = this.#statements.undelivered.all(after, limit + 1) as number[];
    const keys = found.slice(0, limit);
    const items = keys.map((key) => this.#conversations.headOf(key));
    return found.length > keys.length ? { items, next: makeCursor(keys.at(-1)!, 0) } : { items };
  }

  ofUser(channel: string, userId: string, limit: number): Conversation[] {
    return (this.#statements.ofUser.all(channel, userId, limit) as number[]).map((key) =>
      this.#conversations.headOf(key),
    );
  }

  #byState(filter: ListFilter, after: readonly [number, number], limit: number): Place[] {
    const places: Place[] = [];
    for (const { state, queue } of this.#tallies(filter))
      places.push(...(this.#statements.holders.all(state, queue, ...after, limit) as Place[]));
    return places.toSorted((a, b) => a.since - b.since || a.conversation - b.conversation).slice(0, limit);
  }

  #byConsultant(filter: ListFilter, after: readonly [number, number], limit: number): Place[] {
    if (!filter.states.includes('assigned')) return [];
    const places = this.#statements.mine.all(
      filter.consultant!,
      ...after,
      filter.queues ? Number.MAX_SAFE_INTEGER : limit,
    ) as (Place & { queue: string })[];
    return filter.queues ? places.filter(({ queue }) => filter.queues!.includes(queue)).slice(0, limit) : places;
  }

  /** The pairs of state and queue that match: a few, whatever the number of conversations. */
  #tallies(filter: ListFilter): Tally[] {
    const tallies = [...new Set(filter.states)].flatMap((state) => this.#statements.tallies.all(state) as Tally[]);
    return filter.queues ? tallies.filter(({ queue }) => queue !== '' && filter.queues!.includes(queue)) : tallies;
  }
}

type Place = { since: number; conversation: number };
type Tally = { state: string; queue: string; total: number };

function statements(db: Database) {
  return {
    tallies: db.prepare('select state, queue, total from tallies where state = ? and total > 0'),
    holders: db.prepare(
      'select since, conversation from holders where state = ? and queue = ? and (since, conversation) > (?, ?) order by since, conversation limit ?',
    ),
    mine: db.prepare(
      'select since, conversation, queue from mine where consultant = ? and (since, conversation) > (?, ?) order by since, conversation limit ?',
    ),
    due: db.prepare('select conversation from due where at <= ? order by at, conversation limit ?').pluck(),
    undelivered: db
      .prepare('select conversation from undelivered where conversation > ? order by conversation limit ?')
      .pluck(),
    ofUser: db
      .prepare(
        'select conversation from users where channel = ? and user = ? order by opened desc, conversation desc limit ?',
      )
      .pluck(),
  };
}
