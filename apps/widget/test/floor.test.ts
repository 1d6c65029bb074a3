import { describe, expect, test } from 'vitest';
import { beginning, hear } from '../src/chat/floor.ts';
import type { Talk } from '../src/chat/floor.ts';
import type { Activity } from '../src/line/activity.ts';

const bot = { id: 'bot', role: 'bot' };
const user = { id: 'dl_user', role: 'user' };
const botSays = (announces?: number): Activity => ({
  type: 'message',
  text: 'line',
  from: bot,
  ...(announces && { channelData: { parley: { announces } } }),
});
const anaSays = (seq: number, name = 'Ana Ruiz'): Activity => ({
  type: 'message',
  text: 'line',
  from: bot,
  channelData: { parley: { seq, id: `id-${seq}`, name } },
});
const status = (seq: number, state: string, name?: string): Activity => ({
  type: 'event',
  name: 'parley/status',
  from: bot,
  value: { seq, state, ...(name && { consultant: { name } }) },
});
const own = (name: string, value: object): Activity => ({ type: 'event', name, from: user, value });
const after = (...activities: Activity[]): Talk => activities.reduce(hear, beginning);

describe('whom the user is talking to', () => {
  test.each<[string, Activity[], Talk['floor']]>([
    ['the bot, at first', [botSays()], { with: 'bot' }],
    ['nobody yet, once the bot announces the handoff', [botSays(), botSays(9)], { with: 'waiting' }],
    [
      'the consultant who accepted',
      [botSays(9), status(11, 'accepted', 'Ana Ruiz'), botSays(11)],
      { with: 'consultant', name: 'Ana Ruiz' },
    ],
    [
      'the consultant who speaks, if the status was missed',
      [botSays(9), anaSays(12)],
      { with: 'consultant', name: 'Ana Ruiz' },
    ],
    [
      'nobody, while one consultant passes on to another',
      [status(11, 'accepted', 'Ana Ruiz'), status(14, 'transferred'), botSays(14)],
      { with: 'waiting' },
    ],
    [
      'the second consultant after a transfer',
      [status(11, 'accepted', 'Ana Ruiz'), status(14, 'transferred'), status(15, 'accepted', 'Lukas Meyer')],
      { with: 'consultant', name: 'Lukas Meyer' },
    ],
    [
      'nobody, when the consultant is gone',
      [status(11, 'accepted', 'Ana Ruiz'), status(14, 'requeued')],
      { with: 'waiting' },
    ],
    [
      'the bot, when the consultant has finished',
      [status(11, 'accepted', 'Ana Ruiz'), anaSays(12), status(14, 'completed', 'Ana Ruiz'), botSays(14)],
      { with: 'bot' },
    ],
    ['the bot, when nobody came', [botSays(9), status(14, 'failed'), botSays(14)], { with: 'bot' }],
    [
      'the bot, although a late line of the consultant follows',
      [status(11, 'accepted', 'Ana Ruiz'), status(14, 'completed'), anaSays(12)],
      { with: 'bot' },
    ],
    [
      'the latest, although an older status comes again',
      [status(11, 'accepted', 'Ana Ruiz'), status(14, 'completed'), status(11, 'accepted', 'Ana Ruiz')],
      { with: 'bot' },
    ],
    [
      'nobody yet, at a second handoff',
      [status(11, 'accepted', 'Ana Ruiz'), status(14, 'completed'), botSays(14), botSays(20)],
      { with: 'waiting' },
    ],
  ])('is %s', (_name, activities, floor) => expect(after(...activities).floor).toEqual(floor));

  test('is not what the user claims', () => {
    expect(after({ ...status(11, 'accepted', 'Mallory'), from: user }).floor).toEqual({ with: 'bot' });
  });
});

describe('a rating', () => {
  const finished = [status(11, 'accepted', 'Ana Ruiz'), status(14, 'completed')];

  test('is asked for when a consultant has finished, by name', () =>
    expect(after(...finished).unrated).toEqual({ name: 'Ana Ruiz' }));
  test('is not asked for when nobody came', () =>
    expect(after(botSays(9), status(14, 'failed')).unrated).toBeUndefined());
  test('is not asked for twice, also after a reload', () =>
    expect(after(...finished, own('parley/rating', { score: 5 })).unrated).toBeUndefined());
  test('is asked for again after the next consultant', () => {
    expect(
      after(
        ...finished,
        own('parley/rating', { score: 5 }),
        status(20, 'accepted', 'Lukas Meyer'),
        status(24, 'completed'),
      ).unrated,
    ).toEqual({ name: 'Lukas Meyer' });
  });
});

test('what was shown is counted, and what the desk was told, also by an earlier page', () => {
  expect(after(anaSays(12), anaSays(13), own('parley/seen', { seq: 12 }))).toMatchObject({ shownSeq: 13, toldSeq: 12 });
});
