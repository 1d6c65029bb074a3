import type { OutboxItem } from '@parley/client';
import { expect, test } from 'vitest';
import { cardText, safeHref, textParts } from '../src/features/thread/plain-text.ts';
import { prepended, startIndex, threadItems, type ThreadItem } from '../src/features/thread/thread-items.ts';
import { ana, log, lukas } from './world.ts';

const quiet = { open: new Set<string>(), unreadFrom: undefined, outbox: [] };
const shape = (items: ThreadItem[]) =>
  items
    .filter(({ type }) => type !== 'day')
    .map((item) => (item.type === 'fold' ? `fold ${item.entries.length}${item.open ? ' open' : ''}` : item.key));
const request = {
  kind: 'handoff-requested' as const,
  handoff: 1,
  queue: 'cards',
  packet: { reason: 'help', tried: [{ what: 'Block card' }] },
  user: { id: 'u' },
  by: { type: 'bot' as const },
};
const taken = { kind: 'accepted' as const, consultant: ana, queue: 'cards', by: { type: 'person' as const, ...ana } };
const returned = { kind: 'returned' as const, packet: {}, by: { type: 'person' as const, ...ana } };
const line = { kind: 'message' as const };
const pending: OutboxItem = {
  id: 'x',
  n: 1,
  conversation: 'c',
  kind: 'reply',
  text: 'hello',
  epoch: 1,
  composedAt: 0,
  state: 'queued',
};

test('what was said with the bot folds with what it tried; what a human said does not', () => {
  const items = threadItems(log(line, line, line, request, taken, line, line), quiet);
  expect(shape(items)).toEqual(['fold 3', 'entry-4', 'entry-5', 'entry-6', 'entry-7']);
  expect(items.find((item) => item.type === 'fold')).toMatchObject({ tried: [{ what: 'Block card' }] });
});

test('each part with the bot folds on its own, and the one that goes on stays open', () => {
  const entries = log(line, request, taken, line, returned, line, request, taken, returned, line, line);
  expect(shape(threadItems(entries, quiet))).toEqual([
    'fold 1',
    'entry-2',
    'entry-3',
    'entry-4',
    'entry-5',
    'fold 1',
    'entry-7',
    'entry-8',
    'entry-9',
    'entry-10',
    'entry-11',
  ]);
});

test('a conversation that never left the bot is shown whole', () => {
  expect(shape(threadItems(log(line, line), quiet))).toEqual(['entry-1', 'entry-2']);
});

test('an opened fold shows its lines below it', () => {
  const items = threadItems(log(line, line, request), { ...quiet, open: new Set(['fold-2']) });
  expect(shape(items)).toEqual(['fold 2 open', 'entry-1', 'entry-2', 'entry-3']);
});

test('no entry is lost by folding, whatever the log', () => {
  const entries = log(
    line,
    { kind: 'suppressed', text: 'x', spokenUnder: 1 },
    line,
    request,
    { kind: 'offered', to: lukas, until: 0 },
    { kind: 'offer-expired', to: lukas },
    taken,
    { kind: 'note', text: 'n' },
    line,
    { kind: 'closed', outcome: 'resolved' },
    line,
    { kind: 'rated', score: 5 },
    line,
  );
  const seen = threadItems(entries, { ...quiet, open: new Set(['fold-3']) }).flatMap((item) =>
    'entry' in item ? [item.entry.seq] : [],
  );
  expect(seen).toEqual(entries.map(({ seq }) => seq));
});

test('an offer that was taken is told by its taking', () => {
  expect(shape(threadItems(log(request, { kind: 'offered', to: ana, until: 0 }, taken), quiet))).toEqual([
    'entry-1',
    'entry-3',
  ]);
  expect(shape(threadItems(log(request, { kind: 'offered', to: lukas, until: 0 }, taken), quiet))).toEqual([
    'entry-1',
    'entry-2',
    'entry-3',
  ]);
});

test('the unread separator stands before the first unread line and counts the user’s lines only', () => {
  const items = threadItems(log(request, taken, line, { kind: 'note', text: 'n' }, line), { ...quiet, unreadFrom: 3 });
  expect(shape(items)).toEqual(['entry-1', 'entry-2', 'unread', 'entry-3', 'entry-4', 'entry-5']);
  expect(items.find((item) => item.type === 'unread')).toMatchObject({ count: 2, since: 180_000 });
  expect(items[startIndex(items) + 1]?.type).toBe('unread');
});

test('unsent messages come last, and the record of their refusal is not shown beside them', () => {
  const entries = log(request, taken, { kind: 'suppressed', text: 'hello', spokenUnder: 1, id: 'p:x' });
  expect(shape(threadItems(entries, { ...quiet, outbox: [{ ...pending, state: 'failed' }] }))).toEqual([
    'entry-1',
    'entry-2',
    'x',
  ]);
  expect(shape(threadItems(entries, quiet))).toEqual(['entry-1', 'entry-2', 'entry-3']);
});

test('earlier lines in front are counted, others are not', () => {
  const later = threadItems(log(request, taken, line), quiet).slice(1);
  expect(prepended(later, [{ type: 'day', key: 'day-0', at: 0 }, ...later])).toBe(1);
  expect(prepended(later, [...later, { type: 'pending', key: 'x', item: pending }])).toBe(0);
});

test('only http and https become links', () => {
  expect(textParts('see https://bank.example/a?b=1. And www.bank.example, mail a@b.example')).toEqual([
    { text: 'see ' },
    { text: 'https://bank.example/a?b=1', href: 'https://bank.example/a?b=1' },
    { text: '. And www.bank.example, mail a@b.example' },
  ]);
  for (const text of [
    'javascript:alert(1)',
    'data:text/html,x',
    '//evil.example/x',
    'mailto:a@b.example',
    'ftp://x.example',
    '<a href="https://',
  ]) {
    expect(
      textParts(text).some(({ href }) => href !== undefined),
      text,
    ).toBe(false);
  }
  expect(textParts('<img src=x onerror=alert(1)>')).toEqual([{ text: '<img src=x onerror=alert(1)>' }]);
});

test('an attachment’s address is used only if it is a web address', () => {
  expect(safeHref('https://files.example/a.pdf')).toBe('https://files.example/a.pdf');
  for (const url of ['javascript:alert(1)', 'data:text/html,x', 'blob:https://x', 'nonsense', undefined])
    expect(safeHref(url)).toBeUndefined();
});

test('a card is read for its words', () => {
  expect(
    cardText(
      JSON.stringify({
        type: 'AdaptiveCard',
        body: [{ type: 'TextBlock', text: 'Your limit' }],
        actions: [{ type: 'Action.Submit', title: 'Raise it' }],
      }),
    ),
  ).toEqual(['Your limit', 'Raise it']);
  expect(cardText('{not json')).toEqual([]);
});
