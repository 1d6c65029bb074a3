import type { Entry } from '@parley/contracts';
import { expect, test } from 'vitest';
import type { Crew } from './crew.ts';
import type { Played } from './play.ts';
import { judge, type Transcript } from './verdict.ts';

const turns = ['hello', 'hi', 'my claim', 'which one?', 'the car', 'it is paid'].map((text, n) => ({
  speaker: n % 2 ? ('bot' as const) : ('user' as const),
  text,
}));
const ana = { type: 'person', id: 'a0000000-0000-4000-8000-000000000001', name: 'Ana Ruiz' } as const;

const entries = [
  said(1, { type: 'user' }, 'hello'),
  said(2, { type: 'bot' }, 'hi'),
  said(3, { type: 'user' }, 'my claim'),
  { ...frame(4, { type: 'desk' }), kind: 'offered', to: ana, until: 0 } as Entry,
  said(5, ana, 'which one?'),
  said(6, { type: 'user' }, 'the car'),
  said(7, ana, 'it is paid'),
];

test('a dialogue is equal when every witness saw all of it', () => {
  expect(judge(played(), transcript())).toEqual({ equal: true, lost: 0, duplicated: 0, complaints: [] });
});

test('a reply that did not reach the callback is lost', () => {
  expect(judge(played({ received: ['which one?'] }), transcript())).toMatchObject({
    equal: false,
    lost: 1,
    complaints: [expect.stringMatching(/^callback: lost .*it is paid/)],
  });
});

test('replies that reached the callback in another order differ', () => {
  expect(judge(played({ received: ['it is paid', 'which one?'] }), transcript())).toMatchObject({
    equal: false,
    lost: 0,
    complaints: [expect.stringMatching(/^callback: swapped/)],
  });
});

test('a reply that reached the callback twice is duplicated', () => {
  expect(judge(played({ received: ['which one?', 'it is paid', 'it is paid'] }), transcript())).toMatchObject({
    equal: false,
    duplicated: 1,
  });
});

test('a line that is missing from the transcript is lost', () => {
  expect(judge(played(), transcript(without(6)))).toMatchObject({ equal: false, lost: 1 });
});

test('a line that is missing from the consultant’s screen is lost', () => {
  expect(judge(played({ screen: without(6) }), transcript())).toMatchObject({ equal: false, lost: 1 });
});

test('a line that the consultant did not find on arrival is lost', () => {
  expect(judge(played({ history: entries.slice(1, 4) }), transcript())).toMatchObject({ equal: false, lost: 1 });
});

test('a bot turn that a consultant should have said differs', () => {
  const byBot = entries.with(4, said(5, { type: 'bot' }, 'which one?'));
  expect(judge(played({ screen: byBot }), transcript(byBot))).toMatchObject({ equal: false });
});

test('a suppressed line does not count as said', () => {
  const suppressed = entries.with(4, { ...frame(5, ana), kind: 'suppressed', text: 'which one?', spokenUnder: 0 });
  expect(judge(played(), transcript(suppressed))).toMatchObject({ equal: false, lost: 1 });
});

test('an exported file that differs from the pages is a difference', () => {
  expect(judge(played(), { ...transcript(), exported: without(4) })).toMatchObject({ equal: false });
});

test('entries with a gap in their numbers are a difference', () => {
  expect(judge(played(), transcript(without(4)))).toMatchObject({
    equal: false,
    lost: 0,
    complaints: [expect.stringContaining('number')],
  });
});

test('a dialogue that could not be played to its end differs', () => {
  expect(judge(played({ trouble: 'nobody came' }), transcript())).toMatchObject({ equal: false });
});

function played(seen: Partial<Played> = {}): Played {
  return {
    dialogue: { id: 'made-up', services: [], turns },
    crew: { client: 'contoso' } as Crew,
    half: 3,
    conversation: 'c_made-up',
    history: entries.slice(0, 4),
    screen: entries,
    received: ['which one?', 'it is paid'],
    ...seen,
  };
}

function transcript(all: Entry[] = entries): Transcript {
  return { view: all, paged: all, exported: all };
}

function without(seq: number): Entry[] {
  return entries.filter((entry) => entry.seq !== seq);
}

function said(seq: number, by: Entry['by'], text: string): Entry {
  return { ...frame(seq, by), kind: 'message', text };
}

function frame(seq: number, by: Entry['by']) {
  return { seq, id: `${by.type[0]}:${seq}`, at: 0, epoch: 0, by };
}
