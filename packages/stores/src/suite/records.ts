import { describe, expect, test } from 'vitest';
import type { MakeStores } from '../suite.ts';
import { withStore } from './fixtures.ts';

export function recordCases(makeStores: MakeStores): void {
  describe('documents', () => {
    test('S13 are put, replaced, listed by kind and deleted', () =>
      withStore(makeStores, async (store) => {
        expect(await store.document('draft', 'a')).toBeUndefined();
        await store.putDocument('draft', 'a', { text: 'one' });
        await store.putDocument('draft', 'b', 'plain \ud800 \u0000 text');
        await store.putDocument('presence', 'a', null);
        await store.putDocument('draft', 'a', { text: 'two' });
        expect(await store.document('draft', 'a')).toEqual({ text: 'two' });
        expect(await store.document('presence', 'a')).toBeNull();
        const drafts = await store.documents('draft');
        expect(drafts.toSorted((a, b) => (a.key < b.key ? -1 : 1))).toEqual([
          { key: 'a', value: { text: 'two' } },
          { key: 'b', value: 'plain \ud800 \u0000 text' },
        ]);
        await store.deleteDocument('draft', 'a');
        await store.deleteDocument('draft', 'never there');
        expect(await store.document('draft', 'a')).toBeUndefined();
        expect(await store.documents('draft')).toHaveLength(1);
        expect(await store.documents('unknown')).toEqual([]);
      }));

    test('S13 the last put called wins', () =>
      withStore(makeStores, async (store) => {
        await Promise.all(Array.from({ length: 20 }, (_, i) => store.putDocument('draft', 'a', i)));
        expect(await store.document('draft', 'a')).toBe(19);
      }));

    test('keys are any well-formed text of up to 200 characters, and nothing else', () =>
      withStore(makeStores, async (store) => {
        const keys = ['', 'a/b', 'c_1:ü', '日本', "' or 1=1", 'nul\u0000', 'x'.repeat(200)];
        for (const key of keys) await store.putDocument('k', key, key);
        for (const key of keys) expect(await store.document('k', key)).toBe(key);
        expect((await store.documents('k')).map(({ key }) => key).toSorted()).toEqual(keys.toSorted());
        await expect(store.putDocument('k', 'x'.repeat(201), 1)).rejects.toThrow(RangeError);
        await expect(store.putDocument('x'.repeat(201), 'k', 1)).rejects.toThrow(RangeError);
        await expect(store.putDocument('k', '\ud800', 1)).rejects.toThrow(RangeError);
        await expect(store.putDocument('k', 'k', undefined)).rejects.toThrow(TypeError);
      }));
  });

  describe('audit', () => {
    test('S13 is kept in the order of the calls and read by page', () =>
      withStore(makeStores, async (store) => {
        const record = (i: number) => ({
          at: 1000 - i,
          by: { type: 'person' as const, id: 'p', name: 'Marta' },
          what: 'conversation.read',
          of: `c_${i}`,
          why: 'complaint',
        });
        await Promise.all(Array.from({ length: 30 }, (_, i) => store.audit(record(i))));
        await store.audit(record(30));
        const first = await store.audits({ limit: 20 });
        expect(first.map(({ of }) => of)).toEqual(Array.from({ length: 20 }, (_, i) => `c_${i}`));
        const rest = await store.audits({ after: first.at(-1)!.n, limit: 20 });
        expect(rest.map(({ of }) => of)).toEqual(Array.from({ length: 11 }, (_, i) => `c_${20 + i}`));
        const { n, ...kept } = rest[0]!;
        expect(kept).toEqual(record(20));
        expect(n).toBeGreaterThan(first.at(-1)!.n);
        expect(await store.audits({ after: rest.at(-1)!.n, limit: 5 })).toEqual([]);
      }));
  });
}
