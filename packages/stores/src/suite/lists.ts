import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MakeStores } from '../suite.ts';
import {
  allPages,
  ana,
  assigned,
  change,
  closed,
  conversation,
  follow,
  idOf,
  ids,
  lukas,
  put,
  queued,
  start,
  withBot,
  withStore,
} from './fixtures.ts';

export function listCases(makeStores: MakeStores, many: number): void {
  describe('lists', () => {
    test('S9 show heads by state, the one waiting longest first', () =>
      withStore(makeStores, async (store) => {
        await put(store, 1, { holder: queued(30) });
        await put(store, 2, { holder: queued(10, 'loans') });
        await put(store, 3, { holder: assigned(20) });
        await put(store, 4, { holder: assigned(5, lukas, 'loans') });
        await put(store, 5, { holder: closed(1) });
        await put(store, 6, { holder: { ...withBot, since: 15 } });
        const list = async (filter: Parameters<typeof store.list>[0]) =>
          ids((await store.list(filter, { limit: 10 })).items);
        expect(await list({ states: ['queued'] })).toEqual([2, 1].map(idOf));
        expect(await list({ states: ['queued', 'assigned'] })).toEqual([4, 2, 3, 1].map(idOf));
        expect(await list({ states: ['with-bot', 'queued', 'assigned', 'closed'] })).toEqual(
          [5, 4, 2, 6, 3, 1].map(idOf),
        );
        expect(await list({ states: ['queued', 'assigned'], queues: ['loans'] })).toEqual([4, 2].map(idOf));
        expect(await list({ states: ['queued', 'assigned'], queues: ['cards', 'loans', 'loans'] })).toEqual(
          [4, 2, 3, 1].map(idOf),
        );
        expect(await list({ states: ['queued', 'closed'], queues: [] })).toEqual([]);
        expect(await list({ states: ['assigned'], consultant: ana.id })).toEqual([idOf(3)]);
        expect(await list({ states: ['assigned', 'assigned'], consultant: lukas.id, queues: ['loans'] })).toEqual([
          idOf(4),
        ]);
        expect(await list({ states: ['assigned'], consultant: lukas.id, queues: ['cards'] })).toEqual([]);
        expect(await list({ states: ['queued'], consultant: ana.id })).toEqual([]);
        expect(await list({ states: [] })).toEqual([]);
      }));

    test('S9 follow a conversation from state to state, with their counts', () =>
      withStore(makeStores, async (store) => {
        const counts = async () => [
          await store.count({ states: ['with-bot'] }),
          await store.count({ states: ['queued'] }),
          await store.count({ states: ['queued'], queues: ['loans'] }),
          await store.count({ states: ['assigned'] }),
          await store.count({ states: ['assigned'], consultant: ana.id }),
          await store.count({ states: ['assigned', 'queued'], consultant: ana.id, queues: ['cards'] }),
          await store.count({ states: ['closed'] }),
          await store.count({ states: ['with-bot', 'queued', 'assigned', 'closed'] }),
        ];
        await put(store, 2, { holder: queued(1) });
        await put(store, 1);
        expect(await counts()).toEqual([1, 1, 0, 0, 0, 0, 0, 2]);
        await change(store, 1, { holder: queued(2, 'loans') });
        expect(await counts()).toEqual([0, 2, 1, 0, 0, 0, 0, 2]);
        await change(store, 1, { holder: assigned(3, ana, 'loans') });
        expect(await counts()).toEqual([0, 1, 0, 1, 1, 0, 0, 2]);
        await change(store, 1, {}, ['says something']);
        await change(store, 1, { holder: assigned(4, lukas) });
        expect(await counts()).toEqual([0, 1, 0, 1, 0, 0, 0, 2]);
        await change(store, 1, { holder: closed(5) });
        expect(await counts()).toEqual([0, 1, 0, 0, 0, 0, 1, 2]);
        expect(ids((await store.list({ states: ['assigned'] }, { limit: 5 })).items)).toEqual([]);
        expect(ids((await store.list({ states: ['closed'] }, { limit: 5 })).items)).toEqual([idOf(1)]);
      }));

    test('S9 go on where the page ended, whatever came in between', () =>
      withStore(makeStores, async (store) => {
        for (let n = 1; n <= 30; n++)
          await put(store, n, { holder: queued(1000 + Math.floor(n / 10) * 10, n % 2 ? 'cards' : 'loans') });
        const filter = { states: ['queued', 'assigned'] as const };
        const first = await store.list(filter, { limit: 12 });
        await put(store, 40, { holder: queued(1) });
        await put(store, 41, { holder: queued(5000) });
        await change(store, 30, { holder: closed(1) });
        await change(store, 1, { holder: closed(1) });
        const rest = (
          await allPages((cursor) => store.list(filter, { limit: 7, cursor: cursor ?? first.next! }))
        ).flat();
        const seen = [...first.items, ...rest].map(({ id }) => id);
        expect(new Set(seen).size).toBe(seen.length);
        expect(seen.toSorted()).toEqual([...Array.from({ length: 29 }, (_, i) => idOf(i + 1)), idOf(41)].toSorted());
      }));

    test('S9 a page that ends exactly at the end has no next', () =>
      withStore(makeStores, async (store) => {
        for (let n = 1; n <= 4; n++) await put(store, n, { holder: queued(7) });
        const pages = await allPages((cursor) =>
          store.list({ states: ['queued'] }, cursor === undefined ? { limit: 2 } : { limit: 2, cursor }),
        );
        expect(pages.map((page) => page.length)).toEqual([2, 2]);
        await expect(store.list({ states: ['queued'] }, { limit: 2, cursor: 'nonsense' })).rejects.toThrow(RangeError);
      }));

    test('S9 of many conversations stay paged', { timeout: 120_000 }, () =>
      withStore(makeStores, async (store) => {
        for (let from = 0; from < many; from += 500)
          await Promise.all(
            Array.from({ length: 500 }, (_, i) =>
              store.commit(
                0,
                conversation(from + i, {
                  holder: queued(start + (((from + i) * 7919) % many), (from + i) % 3 ? 'cards' : 'loans'),
                }),
                [],
              ),
            ),
          );
        const filter = { states: ['queued'] as const };
        expect(await store.count(filter)).toBe(many);
        let cursor: string | undefined;
        const sinces: number[] = [];
        for (let page = 0; page < 20; page++) {
          const { items, next } = await store.list(
            filter,
            cursor === undefined ? { limit: 100 } : { limit: 100, cursor },
          );
          expect(items).toHaveLength(100);
          sinces.push(...items.map(({ holder }) => holder.since));
          cursor = next;
        }
        expect(sinces).toEqual(Array.from({ length: 2_000 }, (_, i) => start + i));
      }),
    );
  });

  describe('due and undelivered', () => {
    test('S10 due heads come earliest first, until the time is changed', () =>
      withStore(makeStores, async (store) => {
        await put(store, 1, { dueAt: 300 });
        await put(store, 2, { dueAt: 100 });
        await put(store, 3, { dueAt: 200 });
        await put(store, 4);
        expect(ids(await store.due(200, 10))).toEqual([2, 3].map(idOf));
        expect(ids(await store.due(1000, 1))).toEqual([idOf(2)]);
        expect(await store.due(99, 10)).toEqual([]);
        await change(store, 2, { dueAt: 400 });
        const head = (await store.head(idOf(3)))!;
        const { dueAt: _, ...without } = head;
        await store.commit(head.version, { ...without, version: head.version + 1 }, []);
        expect(ids(await store.due(1000, 10))).toEqual([1, 2].map(idOf));
      }));

    test('S10 undelivered heads are those behind and not failed', () =>
      withStore(makeStores, async (store) => {
        await put(store, 1, { delivery: { outSeq: 2, deliveredSeq: 1, seenSeq: 0 } }, ['a', 'b']);
        await put(store, 2, { delivery: { outSeq: 2, deliveredSeq: 2, seenSeq: 0 } }, ['a', 'b']);
        await put(
          store,
          3,
          { delivery: { outSeq: 2, deliveredSeq: 1, seenSeq: 0, failed: { seq: 2, reason: 'gone', at: 1 } } },
          ['a', 'b'],
        );
        expect(ids((await store.undelivered({ limit: 10 })).items)).toEqual([idOf(1)]);
        await change(store, 1, { delivery: { outSeq: 2, deliveredSeq: 2, seenSeq: 0 } });
        await change(store, 2, { delivery: { outSeq: 3, deliveredSeq: 2, seenSeq: 0 } }, ['c']);
        await change(store, 3, { delivery: { outSeq: 2, deliveredSeq: 1, seenSeq: 0 } });
        expect(ids((await store.undelivered({ limit: 10 })).items).toSorted()).toEqual([2, 3].map(idOf));
      }));

    test('D10 undelivered heads come page by page, whatever is delivered in between', () =>
      withStore(makeStores, async (store) => {
        const delivery = { outSeq: 1, deliveredSeq: 0, seenSeq: 0 };
        for (let n = 1; n <= 9; n++) await put(store, n, { delivery }, ['a']);
        const first = await store.undelivered({ limit: 4 });
        expect(first.items).toHaveLength(4);
        const [gone] = first.items;
        await store.commit(
          gone!.version,
          { ...gone!, version: gone!.version + 1, delivery: { ...delivery, deliveredSeq: 1 } },
          [],
        );
        const rest = await allPages((cursor) => store.undelivered({ limit: 2, cursor: cursor ?? first.next! }));
        expect(rest.map((page) => page.length)).toEqual([2, 2, 1]);
        expect(ids([...first.items, ...rest.flat()]).toSorted()).toEqual(
          Array.from({ length: 9 }, (_, i) => idOf(i + 1)),
        );
        await expect(store.undelivered({ limit: 2, cursor: 'nonsense' })).rejects.toThrow(RangeError);
      }));
  });

  describe('changes', () => {
    test('S11 give each changed head once, newest state, oldest change first', () =>
      withStore(makeStores, async (store) => {
        const empty = await store.changeCursor();
        expect(await store.changes(empty, 10)).toEqual({ items: [], cursor: empty, more: false });
        for (const n of [1, 2, 3]) await put(store, n);
        const middle = await store.changeCursor();
        await change(store, 1, { holder: queued(1) });
        await change(store, 3, {}, ['a']);
        await change(store, 1, {}, ['b']);
        const page = await store.changes(middle, 10);
        expect(ids(page.items)).toEqual([3, 1].map(idOf));
        expect(page.items[1]).toEqual(await store.head(idOf(1)));
        expect(page.more).toBe(false);
        expect(await store.changes(page.cursor, 10)).toEqual({ items: [], cursor: page.cursor, more: false });
        expect(page.cursor).toBe(await store.changeCursor());
        expect(ids((await follow(store, empty, 1)).items)).toEqual([2, 3, 1].map(idOf));
        await expect(store.changes('nonsense', 1)).rejects.toThrow(RangeError);
      }));

    test(
      'S11 a reader that only follows changes ends with every head, whatever was committed at the same time',
      { timeout: 60_000 },
      () =>
        fc.assert(
          fc.asyncProperty(
            fc.array(fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 8 }), { maxLength: 8 }),
            fc.integer({ min: 1, max: 4 }),
            (rounds, limit) =>
              withStore(makeStores, async (store) => {
                const seen = new Map<string, number>();
                let cursor = await store.changeCursor();
                for (const round of rounds) {
                  const commits = round.map(async (n) => {
                    const head = await store.head(idOf(n));
                    const next = head ? { ...head, version: head.version + 1 } : conversation(n);
                    await store.commit(head?.version ?? 0, next, []);
                  });
                  const page = await store.changes(cursor, limit);
                  for (const head of page.items) seen.set(head.id, head.version);
                  cursor = page.cursor;
                  await Promise.all(commits);
                }
                for (const head of (await follow(store, cursor, limit)).items) seen.set(head.id, head.version);
                for (const n of [1, 2, 3, 4, 5, 6])
                  expect(seen.get(idOf(n))).toBe((await store.head(idOf(n)))?.version);
              }),
          ),
          { numRuns: 25 },
        ),
    );
  });

  test('ofUser gives the conversations of one user of one channel, newest first', () =>
    withStore(makeStores, async (store) => {
      const user = { id: 'sam' };
      await put(store, 1, { user, openedAt: 100 });
      await put(store, 2, { user, openedAt: 300 });
      await put(store, 3, { user, openedAt: 200, channel: 'msteams' });
      await put(store, 4, { user: { id: 'sam2' } });
      await put(store, 5, { user, openedAt: 200 });
      await change(store, 1, { updatedAt: start * 2 });
      expect(ids(await store.ofUser('directline', 'sam', 10))).toEqual([2, 5, 1].map(idOf));
      expect(ids(await store.ofUser('directline', 'sam', 2))).toEqual([2, 5].map(idOf));
      expect(ids(await store.ofUser('msteams', 'sam', 10))).toEqual([idOf(3)]);
      expect(await store.ofUser('directline', 'nobody', 10)).toEqual([]);
      await change(store, 4, { user });
      expect(ids(await store.ofUser('directline', 'sam', 1))).toEqual([idOf(4)]);
      expect(await store.ofUser('directline', 'sam2', 10)).toEqual([]);
    }));
}
