import type { TranscriptsQuery } from '@parley/contracts';
import { describe, expect, test } from 'vitest';
import type { MakeStores } from '../suite.ts';
import { hitEnd, hitStart } from '../words.ts';
import {
  allPages,
  ana,
  assigned,
  change,
  closed,
  idOf,
  ids,
  lukas,
  message,
  put,
  queued,
  start,
  withStore,
} from './fixtures.ts';

export function searchCases(makeStores: MakeStores): void {
  describe('search', () => {
    test('S12 finds words anywhere in a conversation, the last one as a prefix', () =>
      withStore(makeStores, async (store) => {
        await put(store, 1, {}, ['My credit card was declined', 'Which shop was it?']);
        await put(store, 2, {}, ['I want a new CARD', 'declining balance']);
        await put(store, 3, {}, ['cardboard']);
        const find = async (text: string) =>
          ids((await store.search({ text, limit: 10 })).items.map(({ conversation }) => conversation)).toSorted();
        expect(await find('card')).toEqual([1, 2, 3].map(idOf));
        expect(await find('card declined')).toEqual([idOf(1)]);
        expect(await find('DECLIN card')).toEqual([]);
        expect(await find('card declin')).toEqual([1, 2].map(idOf));
        expect(await find('shop credit')).toEqual([idOf(1)]);
        expect(await find('ard')).toEqual([]);
        expect(await find('nothing')).toEqual([]);
      }));

    test('S12 sees what was committed just before, and every kind of text', () =>
      withStore(makeStores, async (store) => {
        const head = await put(store, 1, {}, ['first']);
        const by = { type: 'person' as const, ...ana };
        const frame = { at: start, epoch: 0, by };
        const outcome = await store.commit(1, { ...head, version: 2, seq: 5 }, [
          { ...frame, seq: 2, id: 'n', kind: 'note', text: 'secretnote' },
          { ...frame, seq: 3, id: 's', kind: 'suppressed', text: 'lateline', spokenUnder: 0 },
          {
            ...frame,
            seq: 4,
            id: 'h',
            kind: 'handoff-requested',
            handoff: 1,
            queue: 'cards',
            user: head.user,
            packet: { reason: 'fraudreason', summary: 'longsummary' },
          },
          { ...frame, seq: 5, id: 'c', kind: 'closed', outcome: 'solved', comment: 'finalcomment' },
        ]);
        expect(outcome).toBe('committed');
        for (const text of ['first', 'secretnote', 'lateline', 'fraudreason', 'longsummary', 'finalcomment'])
          expect((await store.search({ text, limit: 5 })).items, text).toHaveLength(1);
        await change(store, 1, {}, ['justnow']);
        expect((await store.search({ text: 'justnow', limit: 5 })).items).toHaveLength(1);
        expect((await store.search({ text: 'first justnow', limit: 5 })).items[0]?.conversation).toEqual(
          await store.head(idOf(1)),
        );
      }));

    test('S12 does not care for case and accents, and knows scripts without spaces', () =>
      withStore(makeStores, async (store) => {
        await put(store, 1, {}, ['Überweisung an José García, ﬁnal']);
        await put(store, 2, {}, ['我的银行卡被拒绝了']);
        await put(store, 3, {}, ['カードが使えません']);
        await put(store, 4, {}, ['Моя КАРТА не работает']);
        await put(store, 5, {}, ['write to ana@contoso.example on 2026-03-01 about DE44 5001']);
        const find = async (text: string) =>
          ids((await store.search({ text, limit: 10 })).items.map(({ conversation }) => conversation));
        expect(await find('uberweisung jose garcia')).toEqual([idOf(1)]);
        expect(await find('GARCÍA')).toEqual([idOf(1)]);
        expect(await find('final')).toEqual([idOf(1)]);
        expect(await find('银行')).toEqual([idOf(2)]);
        expect(await find('行银')).toEqual([]);
        expect(await find('使え')).toEqual([idOf(3)]);
        expect(await find('карт')).toEqual([idOf(4)]);
        expect(await find('ana@contoso.example')).toEqual([idOf(5)]);
        expect(await find('contoso@ana')).toEqual([]);
        expect(await find('2026-03')).toEqual([idOf(5)]);
      }));

    test('S12 no text breaks the query', () =>
      withStore(makeStores, async (store) => {
        await put(store, 1, {}, ['AND OR NOT NEAR plain text', 'c++ & "quotes"']);
        const queries = [
          '"',
          '"plain',
          "'",
          "plain'--",
          '*',
          'pl*',
          '(',
          'a OR',
          'NEAR(',
          'text:plain',
          'col : x',
          '-plain',
          '^plain',
          '\\',
          '%',
          '_',
          '{',
          '\u0000',
          '\ud800',
          '😀',
          '   ',
          'NOT',
          'AND',
          'plain "text"',
          '+',
          'x'.repeat(200),
        ];
        for (const text of queries)
          await expect(store.search({ text, limit: 5 }), JSON.stringify(text)).resolves.toBeDefined();
        for (const text of ['NOT', 'near', '"plain', 'plain "text"', 'c++'])
          expect((await store.search({ text, limit: 5 })).items, text).toHaveLength(1);
        for (const text of ['"', '*', '😀', '   ', 'pl*x'])
          expect((await store.search({ text, limit: 5 })).items, text).toHaveLength(0);
      }));

    test('shows where it hit', () =>
      withStore(makeStores, async (store) => {
        await put(store, 1, {}, [
          `${'before '.repeat(60)}the <b>Needle</b> in \uE000here\uE001 ${'after '.repeat(60)}`,
        ]);
        await put(store, 2, {}, ['short needles']);
        const { items } = await store.search({ text: 'needle', limit: 5 });
        const snippets = Object.fromEntries(items.map(({ conversation, snippet }) => [conversation.id, snippet]));
        expect(snippets[idOf(2)]).toBe(`short ${hitStart}needles${hitEnd}`);
        expect(snippets[idOf(1)]).toMatch(
          new RegExp(`^…before .*the <b>${hitStart}Needle${hitEnd}</b> in here after .*…$`, 'u'),
        );
        expect(snippets[idOf(1)]!.length).toBeLessThan(300);
        expect((await store.search({ limit: 1 })).items[0]).not.toHaveProperty('snippet');
      }));

    test('every filter restricts', () =>
      withStore(makeStores, async (store) => {
        const handoff = { n: 1, queue: 'cards', reason: 'x', requestedAt: 1, requestedSeq: 1, heldBy: [] as string[] };
        await put(store, 1, { openedAt: 100, updatedAt: 150 }, ['word']);
        await put(
          store,
          2,
          { openedAt: 200, updatedAt: 400, holder: queued(250, 'loans'), handoff: { ...handoff, queue: 'loans' } },
          ['word'],
        );
        await put(
          store,
          3,
          { openedAt: 300, updatedAt: 350, holder: assigned(320), handoff: { ...handoff, heldBy: [ana.id] } },
          ['word'],
        );
        await put(
          store,
          4,
          {
            openedAt: 500,
            updatedAt: 600,
            holder: closed(600),
            channel: 'msteams',
            handoff: { ...handoff, heldBy: [ana.id, lukas.id] },
          },
          ['word'],
        );
        await put(store, 5, { openedAt: 510, updatedAt: 590, holder: closed(590, 'spam') }, ['other']);
        const cases: [Partial<TranscriptsQuery>, number[]][] = [
          [{}, [4, 5, 2, 3, 1]],
          [{ from: 350 }, [4, 5, 2, 3]],
          [{ from: 401 }, [4, 5]],
          [{ to: 200 }, [2, 1]],
          [{ from: 160, to: 299 }, [2]],
          [{ state: 'closed' }, [4, 5]],
          [{ state: 'with-bot' }, [1]],
          [{ outcome: 'solved' }, [4]],
          [{ consultant: ana.id }, [4, 3]],
          [{ consultant: lukas.id }, [4]],
          [{ queue: 'loans' }, [2]],
          [{ queue: 'cards' }, [4, 3]],
          [{ channel: 'msteams' }, [4]],
          [{ handoff: true }, [4, 2, 3]],
          [{ handoff: false }, [4, 5, 2, 3, 1]],
          [{ handoff: true, channel: 'directline', queue: 'cards' }, [3]],
        ];
        for (const [query, expected] of cases) {
          expect(
            ids((await store.search({ ...query, limit: 10 })).items.map(({ conversation }) => conversation)),
            JSON.stringify(query),
          ).toEqual(expected.map(idOf));
          const worded = expected.filter((n) => n !== 5);
          expect(
            ids(
              (await store.search({ ...query, text: 'word', limit: 10 })).items.map(({ conversation }) => conversation),
            ),
            `word ${JSON.stringify(query)}`,
          ).toEqual(worded.map(idOf));
        }
      }));

    test('pages go on where they ended, newest first, and follow later changes', () =>
      withStore(makeStores, async (store) => {
        for (let n = 1; n <= 25; n++)
          await put(store, n, { updatedAt: start + Math.floor(n / 5) }, ['word', `only${n}`]);
        for (const text of [undefined, 'word']) {
          const first = await store.search({ limit: 6, ...(text && { text }) });
          await put(store, 100 + (text ? 1 : 0), { updatedAt: start + 1000 }, ['word']);
          const rest = (
            await allPages((cursor) => store.search({ limit: 6, ...(text && { text }), cursor: cursor ?? first.next! }))
          ).flat();
          const seen = [...first.items, ...rest].map(({ conversation }) => conversation);
          const known = seen.filter(({ id }) => id < idOf(100));
          expect(new Set(ids(known)).size).toBe(25);
          expect(ids(known)).toHaveLength(25);
          expect(seen.map(({ updatedAt }) => updatedAt)).toEqual(
            seen.map(({ updatedAt }) => updatedAt).toSorted((a, b) => b - a),
          );
        }
        await change(store, 1, { updatedAt: start + 5000 }, ['latest']);
        expect((await store.search({ limit: 1 })).items[0]?.conversation.id).toBe(idOf(1));
        expect((await store.search({ text: 'word', limit: 1 })).items[0]?.conversation.id).toBe(idOf(1));
        await expect(store.search({ limit: 1, cursor: '%%%' })).rejects.toThrow(RangeError);
      }));

    test('a long conversation is found by its first and its last line', () =>
      withStore(makeStores, async (store) => {
        const head = await put(
          store,
          1,
          {},
          Array.from({ length: 1_500 }, (_, i) => (i === 0 ? 'alpha' : i === 1_499 ? 'omega' : 'filler words between')),
        );
        expect((await store.search({ text: 'alpha omega', limit: 5 })).items).toHaveLength(1);
        await store.commit(1, { ...head, version: 2, seq: 1_501 }, [message(1_501, 'beyond')]);
        expect((await store.search({ text: 'alpha beyond', limit: 5 })).items).toHaveLength(1);
      }));
  });
}
