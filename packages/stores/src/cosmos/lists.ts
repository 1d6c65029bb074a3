import type { Conversation } from '@parley/contracts';
import type { ListFilter } from '@parley/core';
import { readChange } from '../rules.ts';
import type { Containers } from './containers.ts';
import type { Projector } from './projector.ts';
import { asked, nameOf, placeOf, unpacked, type ProjectionDocument } from './shapes.ts';
import type { Wire } from './wire.ts';

/** Reads what the projector has written, each list from one range of one index. */
export class Lists {
  #wire: Wire;
  #container: Containers['desk'];
  #projector: Projector;

  constructor(wire: Wire, { desk }: Containers, projector: Projector) {
    this.#wire = wire;
    this.#container = desk;
    this.#projector = projector;
  }

  async list(
    filter: ListFilter,
    page: { cursor?: string; limit: number },
  ): Promise<{ items: Conversation[]; next?: string }> {
    const after = page.cursor === undefined ? undefined : readPosition(page.cursor);
    const where = restrict(filter);
    if (!where) return { items: [] };
    const states = [...new Set(filter.states)];
    // A state is a range of one index, so a page costs what it shows, however many conversations there are.
    const found = await Promise.all(
      states.map((state) =>
        this.#heads('list', `c.place > @from AND c.place < @to ${where.sql}`, 'c.place', page.limit + 1, {
          from: after ? placeOf(state, ...after) : `${state} `,
          to: `${state}!`,
          ...where.values,
        }),
      ),
    );
    const heads = found.flat().toSorted((a, b) => a.holder.since - b.holder.since || (a.id < b.id ? -1 : 1));
    const items = heads.slice(0, page.limit);
    const last = items.at(-1);
    return heads.length > items.length && last ? { items, next: makePosition(last.holder.since, last.id) } : { items };
  }

  async count(filter: ListFilter): Promise<number> {
    const where = restrict(filter);
    if (!where) return 0;
    const counts = await Promise.all(
      [...new Set(filter.states)].map((state) =>
        this.#wire.query<number>('count', this.#container, this.#wire.client, [
          `SELECT VALUE COUNT(1) FROM c WHERE c.partition = @partition AND c.place > @from AND c.place < @to ${where.sql}`,
          { partition: this.#wire.client, from: `${state} `, to: `${state}!`, ...where.values },
        ]),
      ),
    );
    return counts.flat().reduce((sum, count) => sum + count, 0);
  }

  async changes(since: string, limit: number): Promise<{ items: Conversation[]; cursor: string; more: boolean }> {
    const from = readChange(since);
    const last = await this.#projector.last();
    const rows = await this.#wire.query<Pick<ProjectionDocument, 'head' | 'change'>>(
      'changes',
      this.#container,
      this.#wire.client,
      [
        `SELECT TOP ${limit + 1} c.head, c.change FROM c WHERE c.partition = @partition AND c.change > @from ORDER BY c.change`,
        { partition: this.#wire.client, from },
      ],
      limit + 1,
    );
    const more = rows.length > limit;
    const page = rows.slice(0, limit);
    // The counter rises together with what it counts: up to the greater of the two nothing is missing.
    const end = more ? page.at(-1)!.change : Math.max(from, last, page.at(-1)?.change ?? 0);
    return { items: page.map(headOf), cursor: String(end), more };
  }

  due(now: number, limit: number): Promise<Conversation[]> {
    return this.#heads('due', 'c.due <= @now', 'c.due', limit, { now });
  }

  async undelivered(page: { cursor?: string; limit: number }): Promise<{ items: Conversation[]; next?: string }> {
    const after = page.cursor === undefined ? '' : readPosition(page.cursor)[1];
    const heads = await this.#heads('undelivered', 'c.undelivered > @after', 'c.undelivered', page.limit + 1, {
      after,
    });
    const items = heads.slice(0, page.limit);
    const last = items.at(-1);
    return heads.length > items.length && last ? { items, next: makePosition(0, last.id) } : { items };
  }

  ofUser(channel: string, userId: string, limit: number): Promise<Conversation[]> {
    return this.#heads('ofUser', 'c.user = @user', 'c.opened DESC', limit, { user: nameOf(channel, userId) });
  }

  async #heads(
    operation: string,
    where: string,
    order: string,
    limit: number,
    values: Record<string, unknown>,
  ): Promise<Conversation[]> {
    const rows = await this.#wire.query<Pick<ProjectionDocument, 'head'>>(
      operation,
      this.#container,
      this.#wire.client,
      [
        `SELECT TOP ${limit} c.head FROM c WHERE c.partition = @partition AND ${where} ORDER BY ${order}`,
        { partition: this.#wire.client, ...values },
      ],
      limit,
    );
    return rows.map(headOf);
  }
}

/** A place in a list that is sorted by time and id. */
export function makePosition(time: number, id: string): string {
  return Buffer.from(`${time} ${id}`).toString('base64url');
}

/** @throws RangeError for a cursor that no store made */
export function readPosition(cursor: string): [number, string] {
  const match = /^(\d{1,16}) (.+)$/su.exec(Buffer.from(cursor, 'base64url').toString());
  if (!match) throw new RangeError('This cursor was not made by a store.');
  return [Number(match[1]), match[2]!];
}

/** @returns nothing where nothing can match */
function restrict(filter: ListFilter): { sql: string; values: Record<string, unknown> } | undefined {
  const { states, queues, consultant } = filter;
  if (states.length === 0 || queues?.length === 0) return undefined;
  const values: Record<string, unknown> = {};
  let sql = '';
  if (queues) {
    sql += ` AND c.queue IN (${queues.map((_, i) => `@queue${i}`).join()})`;
    for (const [i, queue] of queues.entries()) values[`queue${i}`] = asked(queue);
  }
  if (consultant !== undefined) {
    sql += ' AND c.consultant = @consultant';
    values['consultant'] = asked(consultant);
  }
  return { sql, values };
}

function headOf({ head }: Pick<ProjectionDocument, 'head'>): Conversation {
  return unpacked(head);
}
