import { StoreUnavailable } from '@parley/core';
import { describe, expect, test } from 'vitest';
import type { MakeStores } from '../suite.ts';
import {
  after,
  ana,
  assigned,
  change,
  conversation,
  idOf,
  lukas,
  message,
  put,
  queued,
  withStore,
} from './fixtures.ts';

export function commitCases(makeStores: MakeStores): void {
  describe('commit', () => {
    test('S1 a first commit makes head and entries', () =>
      withStore(makeStores, async (store) => {
        const head = conversation(1, { seq: 2 });
        expect(await store.commit(0, head, [message(1), message(2)])).toBe('committed');
        expect(await store.head(head.id)).toEqual(head);
        expect(await store.entries(head.id, { limit: 10 })).toEqual([message(1), message(2)]);
        expect(await store.find(head.id, 'm-2')).toEqual(message(2));
      }));

    test('S1 what was never committed is not there', () =>
      withStore(makeStores, async (store) => {
        expect(await store.head(idOf(1))).toBeUndefined();
        expect(await store.find(idOf(1), 'm-1')).toBeUndefined();
        expect(await store.entries(idOf(1), { limit: 10 })).toEqual([]);
        await put(store, 1, {}, ['a']);
        expect(await store.find(idOf(1), 'other')).toBeUndefined();
        expect(await store.find(idOf(2), 'm-1')).toBeUndefined();
      }));

    test('S2 a commit on another version is a conflict and changes nothing', () =>
      withStore(makeStores, async (store) => {
        const head = await put(store, 1, {}, ['a']);
        expect(await store.commit(0, conversation(1, { seq: 1 }), [message(1, 'x', 'x')])).toBe('conflict');
        expect(await store.commit(2, { ...head, version: 3, seq: 2 }, [message(2, 'x', 'x')])).toBe('conflict');
        expect(await store.commit(1, conversation(2, { version: 2, seq: 1 }), [message(1, 'x', 'x')])).toBe('conflict');
        expect(await store.head(head.id)).toEqual(head);
        expect(await store.head(idOf(2))).toBeUndefined();
        expect(await store.find(head.id, 'x')).toBeUndefined();
      }));

    test('S3 a taken entry id is repeated and changes nothing, not even its other entries', () =>
      withStore(makeStores, async (store) => {
        const head = await put(store, 1, {}, ['a']);
        expect(await store.commit(1, after(head, 2), [message(2, 'b'), message(3, 'c', 'm-1')])).toBe('repeated');
        expect(await store.head(head.id)).toEqual(head);
        expect(await store.entries(head.id, { limit: 10 })).toHaveLength(1);
        expect(await store.find(head.id, 'm-2')).toBeUndefined();
        // The same id is free in another conversation, and a stale version is told before a taken id.
        expect(await store.commit(0, conversation(2, { seq: 1 }), [message(1)])).toBe('committed');
        expect(await store.commit(0, conversation(1, { seq: 1 }), [message(1)])).toBe('conflict');
      }));

    test('S3 an id stays taken however long the conversation grows', () =>
      withStore(makeStores, async (store) => {
        let head = await put(store, 1, {}, ['a']);
        for (let i = 0; i < 12; i++)
          head = await change(
            store,
            1,
            {},
            Array.from({ length: 25 }, (_, k) => `line ${i} ${k}`),
          );
        for (const seq of [1, 2, 31, 32, 33, 64, 65, 128, 129, 256, 257, head.seq]) {
          expect((await store.find(head.id, `m-${seq}`))?.seq, `m-${seq}`).toBe(seq);
          expect(
            await store.commit(head.version, after(head, 1), [message(head.seq + 1, 'again', `m-${seq}`)]),
            `m-${seq}`,
          ).toBe('repeated');
        }
      }));

    test('S4 numbers that do not fit are the caller’s mistake: it throws and changes nothing', () =>
      withStore(makeStores, async (store) => {
        const head = await put(store, 1, {}, ['a']);
        const bad: [string, () => Promise<unknown>][] = [
          ['gap to the stored seq', () => store.commit(1, { ...after(head, 2), seq: 3 }, [message(3)])],
          ['no entry for a new seq', () => store.commit(1, { ...head, version: 2, seq: 2 }, [])],
          ['an old seq', () => store.commit(1, { ...head, version: 2, seq: 1 }, [message(1, 'x', 'x')])],
          ['gap between entries', () => store.commit(1, { ...head, version: 2, seq: 4 }, [message(2), message(4)])],
          ['entries out of order', () => store.commit(1, after(head, 2), [message(3), message(2)])],
          ['version skipped', () => store.commit(1, { ...after(head, 1), version: 3 }, [message(2)])],
          [
            'two entries with one id',
            () => store.commit(1, after(head, 2), [message(2, 'x', 'x'), message(3, 'x', 'x')]),
          ],
          ['first seq of a new conversation', () => store.commit(0, conversation(9, { seq: 2 }), [message(2)])],
        ];
        for (const [name, run] of bad) await expect(run(), name).rejects.toThrow(RangeError);
        expect(await store.head(head.id)).toEqual(head);
        expect(await store.head(idOf(9))).toBeUndefined();
        expect(await store.commit(1, after(head, 1), [message(2)])).toBe('committed');
      }));

    test('S4 a mistake in one commit does not touch those called with it', () =>
      withStore(makeStores, async (store) => {
        const results = await Promise.allSettled([
          put(store, 1, {}, ['a']),
          store.commit(0, conversation(2, { seq: 5 }), [message(5)]),
          store.commit(4, conversation(3, { version: 5 }), []),
          put(store, 4, {}, ['b']),
          store.commit(0, conversation(4, { seq: 1 }), [message(1)]),
        ]);
        expect(
          results.map((result) =>
            result.status === 'rejected' ? 'rejected' : typeof result.value === 'string' ? result.value : 'committed',
          ),
        ).toEqual(['committed', 'rejected', 'conflict', 'committed', 'conflict']);
        expect(await store.entries(idOf(4), { limit: 10 })).toEqual([message(1, 'b')]);
      }));

    test('S2 of 100 commits on one version one wins', () =>
      withStore(makeStores, async (store) => {
        const head = await put(store, 1, { holder: queued(5) });
        const outcomes = await Promise.all(
          Array.from({ length: 100 }, (_, i) =>
            store.commit(1, after(head, 1, { holder: assigned(6, i % 2 ? ana : lukas) }), [
              message(1, `claim ${i}`, `claim-${i}`),
            ]),
          ),
        );
        expect(outcomes.filter((outcome) => outcome === 'committed')).toHaveLength(1);
        expect(outcomes.filter((outcome) => outcome === 'conflict')).toHaveLength(99);
        const won = outcomes.indexOf('committed');
        expect(await store.entries(head.id, { limit: 10 })).toEqual([message(1, `claim ${won}`, `claim-${won}`)]);
        expect((await store.head(head.id))?.version).toBe(2);
      }));

    test('S2 commits chained in one turn follow each other', () =>
      withStore(makeStores, async (store) => {
        const head = conversation(1, { seq: 1 });
        const all = [store.commit(0, head, [message(1)])];
        for (let i = 2; i <= 50; i++) all.push(store.commit(i - 1, { ...head, version: i, seq: i }, [message(i)]));
        expect(new Set(await Promise.all(all))).toEqual(new Set(['committed']));
        expect((await store.entries(head.id, { limit: 100 })).map(({ seq }) => seq)).toEqual(
          Array.from({ length: 50 }, (_, i) => i + 1),
        );
      }));

    test('S5 a head that was handed out stays as it was, whatever is committed later', () =>
      withStore(makeStores, async (store) => {
        const first = await put(store, 1, { userLines: ['a'] }, ['a']);
        const read = (await store.head(first.id))!;
        const before = structuredClone(read);
        await change(store, 1, { userLines: ['a', 'b'], holder: queued(5) }, ['b']);
        expect(read).toEqual(before);
        expect((await store.head(first.id))?.userLines).toEqual(['a', 'b']);
      }));

    test('S5 no entry that a caller holds is shared with the store', () =>
      withStore(makeStores, async (store) => {
        const entry = message(1);
        const committing = store.commit(0, conversation(1, { seq: 1 }), [entry]);
        Object.assign(entry, { text: 'changed' });
        await committing;
        Object.assign((await store.find(idOf(1), 'm-1'))!, { text: 'changed' });
        expect(await store.find(idOf(1), 'm-1')).toEqual(message(1));
      }));
  });

  describe('entries', () => {
    test('S6 are read in order, forwards and backwards, by page', () =>
      withStore(makeStores, async (store) => {
        await put(
          store,
          1,
          {},
          Array.from({ length: 90 }, (_, i) => `a ${i}`),
        );
        await put(store, 2, {}, ['of another']);
        await change(
          store,
          1,
          {},
          Array.from({ length: 10 }, (_, i) => `b ${i}`),
        );
        const seqs = async (range: { after?: number; before?: number; limit: number }) =>
          (await store.entries(idOf(1), range)).map(({ seq }) => seq);
        const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
        expect(await seqs({ limit: 5 })).toEqual(numbers(1, 5));
        expect(await seqs({ after: 5, limit: 50 })).toEqual(numbers(6, 55));
        expect(await seqs({ after: 95, limit: 50 })).toEqual(numbers(96, 100));
        expect(await seqs({ after: 100, limit: 5 })).toEqual([]);
        expect(await seqs({ before: 101, limit: 50 })).toEqual(numbers(51, 100));
        expect(await seqs({ before: 51, limit: 50 })).toEqual(numbers(1, 50));
        expect(await seqs({ before: 3, limit: 50 })).toEqual([1, 2]);
        expect(await seqs({ before: 1, limit: 50 })).toEqual([]);
        expect(await seqs({ before: 5_000, limit: 2 })).toEqual([99, 100]);
      }));

    test('S6 any text comes back as it was', () =>
      withStore(makeStores, async (store) => {
        const texts = [
          '',
          'naïve café Ünïcödé',
          '日本語とעבריתوالعربية',
          '👩‍👩‍👧‍👦🏳️‍🌈',
          'lone \ud800 high and \udfff low',
          'nul \u0000 inside',
          '\u2028\u2029\ufeff\u200b',
          '"quoted" \\ \r\n\t',
          "'); drop table log;--",
          'x'.repeat(16_000),
          '語'.repeat(16_000),
        ];
        await put(
          store,
          1,
          { userLines: texts.slice(0, 3), user: { id: 'ü \ud800 "id"', name: 'O’Hara \u0000' } },
          texts,
        );
        const entries = await store.entries(idOf(1), { limit: 100 });
        expect(entries.map((entry) => (entry.kind === 'message' ? entry.text : undefined))).toEqual(texts);
        expect((await store.head(idOf(1)))?.user).toEqual({ id: 'ü \ud800 "id"', name: 'O’Hara \u0000' });
      }));
  });

  describe('stores', () => {
    test('S7 one client sees nothing of another', () =>
      withStore(makeStores, async (contoso, { stores }) => {
        const fabrikam = await stores.open('fabrikam');
        await put(
          contoso,
          1,
          {
            holder: queued(1),
            user: { id: 'canary-user' },
            dueAt: 1,
            delivery: { outSeq: 1, deliveredSeq: 0, seenSeq: 0 },
          },
          ['canary'],
        );
        await contoso.putDocument('draft', 'canary', 'canary');
        await contoso.audit({ at: 1, by: { type: 'desk', id: 'desk' }, what: 'canary' });
        expect(await fabrikam.head(idOf(1))).toBeUndefined();
        expect(await fabrikam.find(idOf(1), 'm-1')).toBeUndefined();
        expect(await fabrikam.entries(idOf(1), { limit: 10 })).toEqual([]);
        expect((await fabrikam.list({ states: ['queued'] }, { limit: 10 })).items).toEqual([]);
        expect(await fabrikam.count({ states: ['queued'] })).toBe(0);
        expect((await fabrikam.changes('0', 10)).items).toEqual([]);
        expect(await fabrikam.due(10, 10)).toEqual([]);
        expect((await fabrikam.undelivered({ limit: 10 })).items).toEqual([]);
        expect((await fabrikam.search({ text: 'canary', limit: 10 })).items).toEqual([]);
        expect((await fabrikam.search({ limit: 10 })).items).toEqual([]);
        expect(await fabrikam.ofUser('directline', 'canary-user', 10)).toEqual([]);
        expect(await fabrikam.documents('draft')).toEqual([]);
        expect(await fabrikam.audits({ limit: 10 })).toEqual([]);
        // The same conversation id is another conversation there.
        await put(fabrikam, 1, {}, ['other']);
        expect(await contoso.entries(idOf(1), { limit: 10 })).toEqual([message(1, 'canary')]);
      }));

    test('S7 a name that is no client slug is refused', () =>
      withStore(makeStores, async (_, { stores }) => {
        for (const name of [
          '',
          'a',
          'Contoso',
          '../contoso',
          'contoso/x',
          'con toso',
          '1contoso',
          'contoso\0',
          'a'.repeat(32),
        ])
          await expect(stores.open(name), name).rejects.toThrow(RangeError);
      }));

    test('S7 opening twice gives the same data', () =>
      withStore(makeStores, async (store, { stores }) => {
        const [again, third] = await Promise.all([stores.open('contoso'), stores.open('contoso')]);
        await put(store, 1, {}, ['a']);
        expect(await again.head(idOf(1))).toEqual(await store.head(idOf(1)));
        expect(await third.find(idOf(1), 'm-1')).toEqual(message(1, 'a'));
      }));

    test('S18 closing waits for what was called, and refuses what comes after', () =>
      withStore(makeStores, async (store, { stores }) => {
        const pending = put(store, 1, {}, ['a']);
        await stores.close();
        await expect(pending).resolves.toBeDefined();
        await expect(store.head(idOf(1))).rejects.toThrow(StoreUnavailable);
        await expect(store.commit(0, conversation(2), [])).rejects.toThrow(StoreUnavailable);
        await expect(store.audit({ at: 1, by: { type: 'desk', id: 'desk' }, what: 'x' })).rejects.toThrow(
          StoreUnavailable,
        );
      }));

    test('S8 S10 all of it is there after closing and opening again, where the adapter is durable', () =>
      withStore(makeStores, async (store, { stores, reopen }) => {
        if (!reopen) return;
        const head = await put(
          store,
          1,
          { holder: queued(1), dueAt: 5 },
          Array.from({ length: 70 }, (_, i) => `word${i}`),
        );
        await put(store, 2, { holder: queued(2) });
        await store.putDocument('settings', 'a', { b: 1 });
        await store.audit({ at: 1, by: { type: 'desk', id: 'desk' }, what: 'x' });
        const cursor = await store.changeCursor();
        await stores.close();
        const again = await reopen();
        try {
          const reopened = await again.open('contoso');
          expect(await reopened.head(head.id)).toEqual(head);
          expect(await reopened.entries(head.id, { limit: 100 })).toHaveLength(70);
          expect((await reopened.find(head.id, 'm-3'))?.seq).toBe(3);
          expect(await reopened.commit(1, after(head, 1), [message(71, 'x', 'm-70')])).toBe('repeated');
          expect(await reopened.count({ states: ['queued'] })).toBe(2);
          expect(await reopened.due(9, 9)).toEqual([head]);
          expect((await reopened.search({ text: 'word69', limit: 5 })).items).toHaveLength(1);
          expect(await reopened.document('settings', 'a')).toEqual({ b: 1 });
          expect(await reopened.audits({ limit: 9 })).toHaveLength(1);
          expect(await reopened.changeCursor()).toBe(cursor);
          await change(reopened, 2, {});
          expect((await reopened.changes(cursor, 10)).items.map(({ id }) => id)).toEqual([idOf(2)]);
        } finally {
          await again.close();
        }
      }));
  });
}
