import type { Conversation, Holder } from '@parley/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { holderWords, lastSaid, liveCounts, liveGroups } from './live-groups.ts';
import { liveSearchOf, toggled } from './live-search.ts';

const ana = { id: 'c0170500-0000-4000-8000-000000000101', name: 'Ana Ruiz' };
const lukas = { id: 'c0170500-0000-4000-8000-000000000102', name: 'Lukas Meyer' };
const queues = [
  { id: 'cards', name: 'Cards', warnAfter: 30, dueAfter: 60 },
  { id: 'general', name: 'General', warnAfter: 60, dueAfter: 600 },
];

function head(id: string, holder: Holder, more: Partial<Conversation> = {}): Conversation {
  return {
    id,
    channel: 'directline',
    channelConversation: id,
    bot: { id: 'assistant', name: 'Contoso assistant' },
    user: { id: 'dl_1' },
    version: 1,
    seq: 1,
    epoch: 1,
    holder,
    userLines: [],
    openedAt: 0,
    updatedAt: 0,
    delivery: { outSeq: 0, deliveredSeq: 0, seenSeq: 0 },
    ...more,
  };
}
const queued = (id: string, since: number, queue = 'cards', more: Partial<Extract<Holder, { state: 'queued' }>> = {}) =>
  head(id, { state: 'queued', since, queue, passedBy: [], ...more });
const assigned = (id: string, consultant = ana, queue = 'cards') =>
  head(id, { state: 'assigned', since: 0, queue, consultant });
const withBot = (id: string, at: number) =>
  head(id, { state: 'with-bot', since: 0 }, { last: { text: 'x', by: 'user', at } });

describe('the live list', () => {
  const heads = [
    withBot('bot-old', 1),
    queued('late', 9_000),
    assigned('held'),
    withBot('bot-new', 2),
    queued('early', 1_000),
    queued('patient', 0, 'general'),
    assigned('other', lukas, 'general'),
  ];
  const ids = (search: Parameters<typeof liveGroups>[1]) =>
    liveGroups(heads, search, queues).map(({ state, heads: shown }) => [state, shown.map(({ id }) => id)]);

  test('who waits comes first, then who is held, then the bot; the promise that breaks first leads', () => {
    expect(ids({})).toEqual([
      ['queued', ['early', 'late', 'patient']],
      ['assigned', ['held', 'other']],
      ['with-bot', ['bot-new', 'bot-old']],
    ]);
  });

  test('a queue shows what waits in it and what is held from it, and nothing of the bot', () => {
    expect(ids({ queue: 'general' })).toEqual([
      ['queued', ['patient']],
      ['assigned', ['other']],
      ['with-bot', []],
    ]);
  });

  test('a consultant shows what they hold and what is kept for or offered to them', () => {
    const more = [
      ...heads,
      queued('kept', 5, 'cards', { reservedFor: lukas }),
      queued('offered', 6, 'cards', { offer: { to: lukas, since: 6, until: 9 } }),
    ];
    expect(
      liveGroups(more, { consultant: lukas.id }, queues).flatMap(({ heads: shown }) => shown.map(({ id }) => id)),
    ).toEqual(['kept', 'offered', 'other']);
  });

  test('counts are what a press on the state would show', () => {
    for (const search of [{}, { queue: 'cards' }, { consultant: ana.id }]) {
      const counts = liveCounts(heads, { ...search, state: 'assigned' });
      for (const { state, heads: shown } of liveGroups(heads, search, queues)) expect(counts[state]).toBe(shown.length);
    }
    expect(
      liveCounts([head('gone', { state: 'closed', since: 0, outcome: 'resolved', by: { type: 'desk' } })], {}),
    ).toEqual({ queued: 0, assigned: 0, 'with-bot': 0 });
  });

  test('who holds it is said by name, and by “You” only of oneself', () => {
    expect(holderWords(assigned('a'), lukas.id, 'Cards')).toBe('Ana Ruiz');
    expect(holderWords(assigned('a'), ana.id, 'Cards')).toBe('You');
    expect(holderWords(queued('a', 0, 'cards', { reservedFor: ana }), ana.id, 'Cards')).toBe('Cards, kept for you');
    expect(holderWords(queued('a', 0, 'cards', { offer: { to: lukas, since: 0, until: 1 } }), ana.id, 'Cards')).toBe(
      'Cards, offered to Lukas Meyer',
    );
    expect(holderWords(withBot('a', 0), ana.id, '')).toBe('Contoso assistant');
  });

  test('a last line that the user did not write names its speaker', () => {
    const said = (by: 'user' | 'bot' | 'person') => lastSaid({ ...assigned('a'), last: { text: 'hello', by, at: 0 } });
    expect([said('user'), said('bot'), said('person')]).toEqual([
      'hello',
      'Contoso assistant: hello',
      'Ana Ruiz: hello',
    ]);
    expect(lastSaid(assigned('a'))).toBe('Nothing said yet');
  });
});

describe('the address of the live list', () => {
  test('what it knows is kept, all else is dropped', () => {
    const good = { c: `c_${'a1'.repeat(13)}`, state: 'queued', queue: 'cards', consultant: ana.id };
    expect(liveSearchOf({ ...good, x: 1 })).toEqual(good);
    expect(liveSearchOf({ c: '../../etc', state: 'closed', queue: 'Cards!', consultant: 7 })).toEqual({});
  });

  test('reading is idempotent and never throws, whatever was typed', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('c', 'state', 'queue', 'consultant', 'zz'), fc.anything()), (typed) => {
        const once = liveSearchOf(typed);
        expect(liveSearchOf({ ...once })).toEqual(once);
      }),
    );
  });

  test('a filter pressed twice is off again', () => {
    const once = toggled({ state: 'queued' }, 'queue', 'cards');
    expect(once).toEqual({ state: 'queued', queue: 'cards' });
    expect(toggled(once, 'queue', 'cards')).toEqual({ state: 'queued' });
    expect(toggled(once, 'queue', 'general')).toEqual({ state: 'queued', queue: 'general' });
  });
});
