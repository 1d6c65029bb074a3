import type { Conversation, Entry } from '@parley/contracts';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { durationsOf, episodesOf, latestEpisode } from './episodes.ts';
import { snippetParts } from './snippet.ts';
import {
  contradiction,
  filtersOf,
  queryOf,
  transcriptSearchOf,
  withFilter,
  type TranscriptSearch,
} from './transcript-search.ts';
import { standing } from './transcript-words.ts';

const ana = { id: 'c0170500-0000-4000-8000-000000000101', name: 'Ana Ruiz' };
const lukas = { id: 'c0170500-0000-4000-8000-000000000102', name: 'Lukas Meyer' };

describe('the address of a search', () => {
  const full = {
    c: `c_${'a1'.repeat(13)}`,
    text: 'card',
    from: '2026-03-01',
    to: '2026-03-31',
    state: 'closed',
    outcome: 'resolved',
    consultant: ana.id,
    queue: 'cards',
    channel: 'msteams',
    handoff: true,
  };

  test('what it knows is kept, all else is dropped', () => {
    expect(transcriptSearchOf({ ...full, more: 'x' })).toEqual(full);
    expect(
      transcriptSearchOf({
        c: 'c_1',
        text: '  ',
        from: '2026-02-30',
        to: 'yesterday',
        state: 'open',
        outcome: 'NO',
        consultant: 'x',
        queue: '',
        channel: 3,
        handoff: 'yes',
      }),
    ).toEqual({});
  });

  test('a number that was searched for stays what was typed', () => {
    expect(transcriptSearchOf({ text: 20931 })).toEqual({ text: '20931' });
  });

  test('a text is never longer than the desk allows', () => {
    expect(transcriptSearchOf({ text: 'x'.repeat(500) }).text).toHaveLength(200);
  });

  test('reading is idempotent and never throws, whatever was typed', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...Object.keys(full), 'zz'), fc.anything()), (typed) => {
        const once = transcriptSearchOf(typed);
        expect(transcriptSearchOf({ ...once })).toEqual(once);
      }),
    );
  });

  // A day does not begin at midnight where clocks go forward then, and once there was none at all.
  describe.each(['UTC', 'Europe/Berlin', 'America/Sao_Paulo', 'Pacific/Apia'])('for a reader in %s', (zone) => {
    beforeAll(() => {
      vi.stubEnv('TZ', zone);
    });
    afterAll(() => {
      vi.unstubAllEnvs();
    });

    test('days become the moments at which they begin and end for the reader, the last one included', () => {
      const { from, to, ...rest } = queryOf({ c: full.c, from: '2026-03-01', to: '2026-03-01', queue: 'cards' });
      expect(rest).toEqual({ queue: 'cards' });
      expect(new Date(from ?? 0).toString()).toContain('Mar 01 2026 00:00:00');
      expect(new Date(to ?? 0).toString()).toContain('Mar 01 2026 23:59:59');
      expect((to ?? 0) % 1_000).toBe(999);
    });

    test('every day of years ends right before the next begins, also where clocks change', () => {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 12_000 }), (n) => {
          const day = (shift: number) => new Date(Date.UTC(2000, 0, 1 + n + shift)).toISOString().slice(0, 10);
          expect((queryOf({ to: day(0) }).to ?? 0) + 1).toBe(queryOf({ from: day(1) }).from);
        }),
      );
    });
  });

  test('filters are counted without the text and without what is open', () => {
    expect(filtersOf({ c: full.c, text: 'x', queue: 'cards', handoff: true })).toEqual(['queue', 'handoff']);
    expect(withFilter({ text: 'x', queue: 'cards' }, 'queue', undefined)).toEqual({ text: 'x' });
  });

  test('a search that can find nothing says why', () => {
    expect(contradiction({ from: '2026-03-02', to: '2026-03-01' })).toMatch('after');
    expect(contradiction({ outcome: 'resolved', state: 'queued' })).toMatch('closed');
    expect(contradiction({ text: '···' })).toMatch('word');
    for (const fine of [
      {},
      { text: '手数料' },
      { text: 'c-3' },
      { outcome: 'resolved' },
      { from: '2026-03-01', to: '2026-03-01' },
    ] as TranscriptSearch[])
      expect(contradiction(fine)).toBeUndefined();
  });
});

describe('snippets', () => {
  test('hits stand between the marks', () => {
    expect(snippetParts('…my \uE000card\uE001 is a \uE000Cardio\uE001.')).toEqual([
      { text: '…my ', hit: false },
      { text: 'card', hit: true },
      { text: ' is a ', hit: false },
      { text: 'Cardio', hit: true },
      { text: '.', hit: false },
    ]);
  });

  test('no text is lost or invented and no mark is shown, however marks stand', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', ' ', '<b>', '\uE000', '\uE001') }), (snippet) => {
        const parts = snippetParts(snippet);
        expect(parts.map(({ text }) => text).join('')).toBe(snippet.replaceAll(/[\uE000\uE001]/g, ''));
        expect(parts.every(({ text }) => text !== '')).toBe(true);
      }),
    );
  });

  test('an unpaired mark marks nothing', () => {
    expect(snippetParts('a\uE000b')).toEqual([{ text: 'ab', hit: false }]);
    expect(snippetParts('a\uE001b')).toEqual([{ text: 'ab', hit: false }]);
  });
});

describe('handoffs of a log', () => {
  let seq = 0;
  const entry = (at: number, rest: object) =>
    ({ seq: ++seq, id: `x:${seq}`, at, epoch: 0, by: { type: 'bot' }, ...rest }) as Entry;
  const asked = (at: number, handoff: number) =>
    entry(at, {
      kind: 'handoff-requested',
      handoff,
      queue: 'cards',
      packet: { reason: 'lost card' },
      user: { id: 'u' },
    });
  const taken = (at: number, consultant: typeof ana, more: object = {}) =>
    entry(at, { kind: 'accepted', consultant, queue: 'cards', by: { type: 'person', ...consultant }, ...more });
  const said = (at: number, by: object) => entry(at, { kind: 'message', text: 'x', by });
  const person = { type: 'person', ...ana };

  test('times are those of the first acceptance and the first line of a human; lines of the bot and the user count for nothing', () => {
    const [first, second, ...none] = episodesOf([
      said(0, { type: 'user' }),
      asked(1_000, 1),
      said(2_000, { type: 'bot' }),
      taken(5_000, ana),
      said(6_000, { type: 'user' }),
      said(9_000, person),
      entry(10_000, { kind: 'transferred', to: { queue: 'cards' }, queue: 'cards', by: person }),
      taken(20_000, lukas),
      said(21_000, person),
      entry(30_000, { kind: 'returned', packet: {}, by: person }),
      said(31_000, { type: 'bot' }),
      asked(40_000, 2),
      entry(50_000, { kind: 'user-left' }),
      entry(50_000, { kind: 'closed', outcome: 'no-response', fallback: 'user-left' }),
      said(60_000, person),
    ]);
    expect(none).toEqual([]);
    expect(first).toMatchObject({
      n: 1,
      requestedAt: 1_000,
      acceptedAt: 5_000,
      firstReplyAt: 9_000,
      endedAt: 30_000,
      heldBy: ['Ana Ruiz', 'Lukas Meyer'],
      transfers: 1,
    });
    expect(durationsOf(first!, 99_000)).toEqual({
      waited: 4_000,
      abandoned: false,
      firstResponse: 8_000,
      handled: 25_000,
    });
    expect(second).toMatchObject({ n: 2, requestedAt: 40_000, endedAt: 50_000, heldBy: [], transfers: 0 });
    expect(durationsOf(second!, 99_000)).toEqual({ waited: 10_000, abandoned: true });
  });

  test('a conversation taken from the bot uninvited is a handoff without a wait', () => {
    const [only] = episodesOf([said(0, { type: 'user' }), taken(7_000, ana, { uninvited: true }), said(8_000, person)]);
    expect(durationsOf(only!, 10_000)).toEqual({ waited: 0, abandoned: false, firstResponse: 1_000, handled: 3_000 });
    expect(only?.heldBy).toEqual(['Ana Ruiz']);
  });

  test('what still runs is counted until now, and never below nothing when clocks differ', () => {
    const [waiting] = episodesOf([asked(5_000, 1)]);
    expect(durationsOf(waiting!, 8_000)).toEqual({ waited: 3_000, abandoned: false });
    expect(durationsOf(waiting!, 1_000).waited).toBe(0);
  });

  test('the head alone tells the latest one', () => {
    const handoff = {
      n: 3,
      queue: 'cards',
      reason: 'r',
      requestedAt: 1,
      requestedSeq: 151,
      acceptedAt: 2,
      acceptedBy: ana,
      heldBy: [ana.id],
    };
    const head = {
      handoff,
      holder: { state: 'assigned', since: 2, queue: 'cards', consultant: lukas },
    } as unknown as Conversation;
    expect(latestEpisode(head)).toEqual({
      n: 3,
      seq: 151,
      queue: 'cards',
      reason: 'r',
      requestedAt: 1,
      acceptedAt: 2,
      heldBy: ['Lukas Meyer'],
      transfers: 0,
    });
    expect(latestEpisode({ holder: head.holder } as Conversation)).toBeUndefined();
  });
});

test('how a conversation ended is said by its outcome, or by why nobody decided it', () => {
  const naming = { queues: [], outcomes: [{ id: 'resolved', name: 'Resolved' }] };
  const closed = (more: object) =>
    standing(
      {
        holder: { state: 'closed', since: 0, outcome: 'resolved', by: { type: 'desk' }, ...more },
      } as unknown as Conversation,
      naming,
    );
  expect(closed({})).toBe('Closed · Resolved');
  expect(closed({ fallback: 'user-left' })).toBe('Closed: the user left');
});
