import type { Conversation, Entry } from '@parley/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MakeStores } from '../suite.ts';
import {
  allPages,
  ana,
  assigned,
  closed,
  conversation,
  follow,
  idOf,
  ids,
  lukas,
  message,
  queued,
  start,
  withBot,
  withStore,
} from './fixtures.ts';

/** Random commits against the simplest thing that could be right: a map of heads and arrays of entries. */
export function modelCases(makeStores: MakeStores, runs: number): void {
  describe('any sequence of commits', () => {
    test('S14 leaves what a plain model leaves', { timeout: 120_000 }, () =>
      fc.assert(
        fc.asyncProperty(fc.array(fc.array(attempt, { minLength: 1, maxLength: 8 }), { maxLength: 12 }), (turns) =>
          withStore(makeStores, async (store) => {
            const model = new Model();
            for (const turn of turns) {
              // Called in one turn, so they may share a transaction; each is judged after those called before it.
              const made = turn.map((one) => {
                const { expected, next, entries } = model.commitOf(one);
                return {
                  answer: store.commit(expected, next, entries),
                  expected: model.commit(expected, next, entries),
                  one,
                };
              });
              for (const { answer, expected, one } of made) expect(await answer, JSON.stringify(one)).toBe(expected);
            }

            for (const [id, { head, entries }] of model.rows) {
              expect(await store.head(id)).toEqual(head);
              expect(await store.entries(id, { limit: 1_000 })).toEqual(entries);
              for (const entry of entries) expect(await store.find(id, entry.id)).toEqual(entry);
            }
            const heads = [...model.rows.values()].map(({ head }) => head);
            const byId = (list: Conversation[]) => list.toSorted((a, b) => (a.id < b.id ? -1 : 1));
            for (const filter of filters) {
              const expected = heads.filter((head) => matches(head, filter));
              const listed = (
                await allPages((cursor) =>
                  store.list(filter, cursor === undefined ? { limit: 2 } : { limit: 2, cursor }),
                )
              ).flat();
              expect(byId(listed), JSON.stringify(filter)).toEqual(byId(expected));
              expect(listed.map(({ holder }) => holder.since)).toEqual(
                expected.map(({ holder }) => holder.since).toSorted((a, b) => a - b),
              );
              expect(await store.count(filter), JSON.stringify(filter)).toBe(expected.length);
            }
            const changed = (await follow(store, '0', 2)).items;
            expect(ids(changed)).toEqual(model.changed);
            expect(byId(changed)).toEqual(byId(heads));
            expect(ids(await store.due(start + 5, 100)).toSorted()).toEqual(
              ids(heads.filter(({ dueAt }) => dueAt !== undefined && dueAt <= start + 5)).toSorted(),
            );
            const undelivered = await allPages((cursor) =>
              store.undelivered(cursor === undefined ? { limit: 2 } : { limit: 2, cursor }),
            );
            expect(ids(undelivered.flat()).toSorted()).toEqual(
              ids(
                heads.filter(({ delivery }) => delivery.outSeq > delivery.deliveredSeq && !delivery.failed),
              ).toSorted(),
            );
            const found = (
              await allPages((cursor) =>
                store.search(
                  cursor === undefined ? { text: 'shared li', limit: 2 } : { text: 'shared li', limit: 2, cursor },
                ),
              )
            ).flat();
            expect(byId(found.map(({ conversation: head }) => head))).toEqual(byId(heads.filter(({ seq }) => seq > 0)));
          }),
        ),
        { numRuns: runs },
      ),
    );
  });
}

const filters = [
  { states: ['with-bot'] },
  { states: ['queued', 'closed'] },
  { states: ['queued', 'assigned'], queues: ['cards'] },
  { states: ['assigned'], consultant: ana.id },
  { states: ['assigned', 'queued'], consultant: lukas.id, queues: ['loans', 'cards'] },
  { states: ['with-bot', 'queued', 'assigned', 'closed'] },
] as const satisfies {
  states: readonly Conversation['holder']['state'][];
  queues?: readonly string[];
  consultant?: string;
}[];

const attempt = fc.record({
  n: fc.integer({ min: 1, max: 5 }),
  stale: fc.integer({ min: 0, max: 9 }).map((k) => (k === 9 ? 1 : 0)),
  entries: fc.integer({ min: 0, max: 40 }).map((k) => (k < 36 ? k % 4 : k)),
  repeat: fc.integer({ min: 0, max: 9 }).map((k) => k === 9),
  since: fc.integer({ min: 1, max: 4 }),
  holder: fc.constantFrom('keep', 'with-bot', 'cards', 'loans', 'ana', 'lukas', 'closed'),
  due: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
  behind: fc.boolean(),
  failed: fc.boolean(),
});
type Attempt = typeof attempt extends fc.Arbitrary<infer T> ? T : never;

class Model {
  rows = new Map<string, { head: Conversation; entries: Entry[] }>();
  /** Ids in the order of their last change. */
  changed: string[] = [];

  commitOf({ n, stale, entries, repeat, since, holder, due, behind, failed }: Attempt) {
    const row = this.rows.get(idOf(n));
    const { dueAt: _, ...base } = row?.head ?? conversation(n, { version: 0 });
    const expected = base.version + stale;
    const seq = base.seq + entries;
    const holders = {
      keep: base.holder,
      'with-bot': withBot,
      cards: queued(since),
      loans: queued(since, 'loans'),
      ana: assigned(since),
      lukas: assigned(since, lukas, 'loans'),
      closed: closed(since),
    };
    const delivery = {
      outSeq: seq + 1,
      deliveredSeq: behind ? seq : seq + 1,
      seenSeq: 0,
      ...(failed && { failed: { seq, reason: 'gone', at: 1 } }),
    };
    const next: Conversation = {
      ...base,
      version: expected + 1,
      seq,
      holder: holders[holder],
      delivery,
      ...(due !== undefined && { dueAt: start + due }),
    };
    const added = Array.from({ length: entries }, (_, i) =>
      message(base.seq + i + 1, 'a shared line', repeat && base.seq > 0 && i === entries - 1 ? 'm-1' : undefined),
    );
    return { expected, next, entries: added };
  }

  commit(expected: number, next: Conversation, entries: Entry[]): string {
    const row = this.rows.get(next.id);
    if ((row?.head.version ?? 0) !== expected) return 'conflict';
    if (entries.some(({ id }) => row?.entries.some((entry) => entry.id === id))) return 'repeated';
    this.rows.set(next.id, { head: next, entries: [...(row?.entries ?? []), ...entries] });
    this.changed = [...this.changed.filter((id) => id !== next.id), next.id];
    return 'committed';
  }
}

function matches(
  head: Conversation,
  filter: { states: readonly string[]; queues?: readonly string[]; consultant?: string },
): boolean {
  const { holder } = head;
  return (
    filter.states.includes(holder.state) &&
    (!filter.queues || ('queue' in holder && filter.queues.includes(holder.queue))) &&
    (!filter.consultant || (holder.state === 'assigned' && holder.consultant.id === filter.consultant))
  );
}
