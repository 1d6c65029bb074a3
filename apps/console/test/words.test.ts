import { problems, type Delivery, type Entry, type EntryLedger } from '@parley/contracts';
import { expect, test } from 'vitest';
import { deliveryOf, deliverySentence, ledgerLines } from '../src/words/delivery-words.ts';
import { eventWords, type EventEntry, type Naming } from '../src/words/entry-words.ts';
import { userName } from '../src/words/people-words.ts';
import { sentence } from '../src/words/sentence.ts';
import { clockSpan, dayWords, span, spokenSpan } from '../src/words/time-words.ts';
import { ana, log, lukas, me, queues } from './world.ts';

test('every error code of the desk has a sentence of its own, ending like one', () => {
  for (const code of [...Object.keys(problems), 'network', 'timeout', 'aborted']) {
    expect(sentence({ code }), code).toMatch(/^[A-Z].*\.$/);
    expect(sentence({ code }), code).not.toBe('Something went wrong.');
  }
});

test('the loser of a race hears who was quicker and when', () => {
  const holder = { state: 'assigned' as const, since: 10_000, queue: 'cards', consultant: lukas };
  expect(sentence({ code: 'already-held', holder }, 10_400)).toBe('Lukas Meyer took this 0.4 s ago.');
  expect(sentence({ code: 'already-held', holder }, 100_000)).toBe('Lukas Meyer took this 1 m 30 s ago.');
  expect(sentence({ code: 'not-holder', holder })).toContain('Lukas Meyer holds this');
});

const said = (by: 'user' | 'person'): Entry =>
  log({ kind: 'message', by: by === 'user' ? { type: 'user' } : { type: 'person', ...ana } })[0] as Entry;
const at = (over: Partial<Delivery>): Delivery => ({ outSeq: 1, deliveredSeq: 0, seenSeq: 0, ...over });

test.each([
  ['stored', at({})],
  ['delivered', at({ deliveredSeq: 1 })],
  ['seen', at({ deliveredSeq: 1, seenSeq: 1 })],
  ['failed', at({ failed: { seq: 1, reason: 'gone', at: 0 } })],
  ['delivered', at({ deliveredSeq: 1, failed: { seq: 2, reason: 'gone', at: 0 } })],
] as const)('delivery: %s', (word, delivery) => {
  expect(deliveryOf(said('person'), delivery)).toBe(word);
});

test('what the user says has no delivery', () => {
  expect(deliveryOf(said('user'), at({}))).toBeUndefined();
});

const naming: Naming = {
  me,
  bot: 'BankX assistant',
  user: 'Jonas',
  queues,
  outcomes: [{ id: 'resolved', name: 'Resolved' }],
};
const words = (entry: Parameters<typeof log>[0]) => {
  const { who, what } = eventWords(log(entry)[0] as EventEntry, naming);
  return who + what;
};

test.each([
  [
    { kind: 'accepted' as const, consultant: ana, queue: 'cards', by: { type: 'person' as const, ...ana } },
    'You took the conversation',
  ],
  [
    { kind: 'accepted' as const, consultant: lukas, queue: 'cards', uninvited: true as const },
    'Lukas Meyer took the conversation from the bot',
  ],
  [
    {
      kind: 'transferred' as const,
      to: { queue: 'general' },
      queue: 'general',
      comment: 'please',
      by: { type: 'person' as const, ...ana },
    },
    'You transferred it to General · “please”',
  ],
  [
    { kind: 'returned' as const, packet: { outcome: 'resolved' }, by: { type: 'person' as const, ...lukas } },
    'Lukas Meyer gave it back to the bot · Resolved',
  ],
  [
    { kind: 'returned' as const, packet: {}, fallback: 'queue-deadline' as const, by: { type: 'desk' as const } },
    'Back with the bot: nobody was free before the deadline',
  ],
  [{ kind: 'rated' as const, score: 4 }, 'Jonas rated it 4 of 5'],
])('an event in words: %j', (entry, expected) => {
  expect(words(entry)).toBe(expected);
});

test('spans of time', () => {
  expect([0, 41_000, 725_000, 3_729_000].map(clockSpan)).toEqual(['0:00', '0:41', '12:05', '1:02:09']);
  expect([48_000, 94_000, 700_000, 7_500_000, 260_000_000].map(span)).toEqual([
    '48 s',
    '1 m 34 s',
    '11 m',
    '2 h 5 m',
    '3 d',
  ]);
  expect(spokenSpan(61_000)).toBe('1 minute 1 second');
  const noon = new Date(2026, 9, 12, 12).getTime();
  expect([noon, noon - 86_400_000].map((time) => dayWords(time, noon))).toEqual(['Today', 'Yesterday']);
});

test('a verified name goes before a claimed one; without either it is a guest', () => {
  expect(userName({ id: 'user-4821' })).toBe('Guest 4821');
  expect(userName({ id: 'x', name: 'Somebody', verified: { as: 'Jonas Weber', by: 'BankX', at: 0 } })).toBe(
    'Jonas Weber',
  );
});

test('D6 D12 the words below a line and its ledger claim no more than is known', () => {
  const retry = { tries: 6, at: 3_600_000, reason: 'The bot answered 503' };
  expect(deliverySentence('stored', at({ retry }), 0)).toMatch(/^stored, not taken by the bot yet; next try at /);
  expect(deliverySentence('stored', at({}), 0)).toBe('stored, on its way');
  expect(deliverySentence('delivered', at({}), 0)).toBe('delivered');
  const base = { seq: 1, outbound: true, storedAt: 0, tries: [] };
  const shape = (ledger: EntryLedger) => ledgerLines(ledger, 0).map(({ what, when }) => `${what}: ${when}`);
  expect(shape({ ...base, state: 'seen' }).slice(1)).toEqual([
    'Delivered: yes; the time was not noted',
    'Seen: yes; the time was not noted',
  ]);
  expect(shape({ ...base, state: 'delivered', deliveredAt: 1 }).at(-1)).toBe('Seen: not known');
  expect(shape({ ...base, state: 'stored' }).at(-1)).toBe('Delivered: not yet');
  const tries = Array.from({ length: 9 }, (_, n) => ({ at: n, took: 0, reason: `no ${n}` }));
  const many = ledgerLines({ ...base, state: 'stored', tries }, 0).map(({ detail, when }) => detail ?? when);
  expect(many.slice(1, -1)).toEqual(['no 0', '5 more tries', 'no 6', 'no 7', 'no 8']);
});
