import { expect, test } from 'vitest';
import { matching } from '../src/features/command-menu/matching.ts';
import { connectionWords } from '../src/features/connection/connection-words.ts';
import { attention, signals, titleOf } from '../src/features/notifications/attention.ts';
import { defaults, readPreferences } from '../src/preferences/stored.ts';

const fine = { waiting: 0, online: true, signIn: false };

test('the connection chip says how true the screen is and what waits to go', () => {
  const live = { state: 'live', since: 0, heardAt: 8_000 } as const;
  const lost = { state: 'reconnecting', since: 0, heardAt: 1_000, reason: 'network' } as const;
  expect(connectionWords(live, fine, 10_000).text).toBe('Live · in step 2 s ago');
  expect(connectionWords(lost, { ...fine, waiting: 2 }, 15_000).text).toBe(
    'Reconnecting · last in step 14 s ago, 2 messages waiting to go',
  );
  expect(connectionWords({ ...lost, heardAt: undefined, reason: 'sign-in' }, { ...fine, waiting: 1 }, 0).text).toBe(
    'Sign-in needed · not yet in step, 1 message waiting to go',
  );
});

test('Y13 the connection chip calls nothing live that is offline or waits for a sign-in, whatever the socket says', () => {
  const live = { state: 'live', since: 0, heardAt: 8_000 } as const;
  expect(connectionWords(live, { ...fine, online: false, waiting: 3 }, 10_000)).toEqual({
    tone: 'lost',
    short: 'Offline',
    text: 'Offline · last in step 2 s ago, 3 messages waiting to go',
  });
  expect(connectionWords(live, { ...fine, signIn: true }, 10_000)).toMatchObject({
    tone: 'lost',
    short: 'Sign-in needed',
  });
  expect(connectionWords(live, { ...fine, online: false, signIn: true }, 10_000).short).toBe('Offline');
});

test('an offer always sounds; a message only where nobody looks', () => {
  for (const where of ['here', 'elsewhere', 'hidden'] as const) expect(signals('offer', where).sound).toBe(true);
  expect(signals('message', attention(true, true))).toEqual({ sound: false, desktop: false });
  expect(signals('message', attention(false, false))).toEqual({ sound: true, desktop: true });
  expect(titleOf('Contoso Bank', 0, 3)).toBe('(3) Contoso Bank · Parley');
  expect(titleOf('Contoso Bank', 1, 3)).toBe('▸ Offer · Contoso Bank · Parley');
});

test('the command menu finds by the beginnings of words', () => {
  const items = ['Give back to the bot', 'Close the conversation', 'Transfer', 'Bob Backer · waiting'];
  expect(matching(items, (item) => item, 'b')).toEqual(['Bob Backer · waiting', 'Give back to the bot']);
  expect(matching(items, (item) => item, 'ba bot')).toEqual(['Give back to the bot']);
  expect(matching(items, (item) => item, '')).toEqual(items);
});

test('preferences survive nonsense in the storage', () => {
  expect(readPreferences(null)).toEqual(defaults);
  expect(readPreferences('{broken')).toEqual(defaults);
  expect(readPreferences('{"theme":"pink","letters":"yes","send":"ctrl-enter","sound":false}')).toEqual({
    ...defaults,
    send: 'ctrl-enter',
    sound: false,
  });
});
