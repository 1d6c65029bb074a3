import { describe, expect, test } from 'vitest';
import { createKeep } from '../src/chat/keep.ts';
import { initialsOf } from '../src/chat/initials.ts';
import { readFrameOptions } from '../src/chat/options.ts';
import { transcriptOf } from '../src/chat/transcript.ts';
import { wordsFor } from '../src/chat/words.ts';
import { inkOn, readOptions } from '../src/loader/options.ts';

const here = { baseUrl: 'https://bank.test/page/', language: 'de' };

describe('the script tag', () => {
  test('needs a token address only; the rest comes from the page or is usual', () => {
    expect(readOptions({ tokenUrl: '/api/token' }, here)).toEqual({
      tokenUrl: 'https://bank.test/api/token',
      title: 'Chat',
      color: '#0b5c8c',
      position: 'right',
      locale: 'de',
      theme: 'auto',
    });
  });
  test('says what is wrong with it', () => {
    expect(() => readOptions({}, here)).toThrow('data-token-url');
    expect(() => readOptions({ tokenUrl: '/t', color: 'red;}' }, here)).toThrow('data-color');
  });
});

describe('the chat page', () => {
  const fragment = (parts: object) =>
    `#${new URLSearchParams({ host: 'https://bank.test', token: 'https://bot.test/token', ...parts })}`;

  test('takes what the loader wrote', () => {
    expect(readFrameOptions(fragment({ title: 'BankX', color: '#102030', locale: 'de-CH', theme: 'dark' }))).toEqual({
      host: 'https://bank.test',
      token: 'https://bot.test/token',
      title: 'BankX',
      color: '#102030',
      locale: 'de-CH',
      theme: 'dark',
    });
  });
  test.each([{ token: 'http://bot.test/token' }, { token: 'javascript:alert(1)' }, { token: '' }, { host: '' }])(
    'does not open with %o',
    (parts) => {
      expect(() => readFrameOptions(fragment(parts))).toThrow('parley.js');
    },
  );
  test('allows an unencrypted token address on this machine alone', () => {
    expect(readFrameOptions(fragment({ token: 'http://localhost:4500/t' })).token).toBe('http://localhost:4500/t');
    expect(() => readFrameOptions(fragment({ token: 'http://localhost.evil.test/t' }))).toThrow();
  });
  test('replaces what it cannot use', () => {
    expect(readFrameOptions(fragment({ color: 'url(x)', locale: '"><', theme: 'pink' }))).toMatchObject({
      color: '#0b5c8c',
      locale: 'en',
      theme: 'auto',
    });
  });
});

test('letters on the site’s colour are those easier to read', () => {
  expect([inkOn('#0b4f6c'), inkOn('#ffd200'), inkOn('#ffffff'), inkOn('#000000')]).toEqual([
    '#ffffff',
    '#000000',
    '#000000',
    '#ffffff',
  ]);
});

test('initials are of the first and the last name', () => {
  expect(['Ana Ruiz', 'Mei-Lin Wu', 'cher', 'José María de la Cruz', ''].map(initialsOf)).toEqual([
    'AR',
    'MW',
    'C',
    'JC',
    '',
  ]);
});

test('every language says everything', () => {
  for (const locale of ['de', 'es', 'fr'])
    expect(Object.keys(wordsFor(locale)).sort()).toEqual(Object.keys(wordsFor('en')).sort());
});

describe('what a page keeps for the next', () => {
  const kept = {
    grant: {
      token: 't',
      conversationId: 'c',
      userId: 'dl_u',
      domain: 'https://line.test',
      expiresIn: 1_800,
      refreshUrl: 'https://bot.test/r',
    },
    receivedAt: 5,
  };
  function storage(): Storage {
    const map = new Map<string, string>();
    return {
      getItem: (key: string) => map.get(key) ?? null,
      setItem: (key: string, value: string) => void map.set(key, value),
      removeItem: (key: string) => void map.delete(key),
    } as Storage;
  }

  test('comes back, for the same token address only', () => {
    const tab = storage();
    createKeep(tab, 'https://bot.test/a').save(kept);
    expect(createKeep(tab, 'https://bot.test/a').load()).toEqual(kept);
    expect(createKeep(tab, 'https://bot.test/b').load()).toBeUndefined();
  });
  test('is gone when forgotten, and worthless when malformed', () => {
    const tab = storage();
    const keep = createKeep(tab, 'https://bot.test/a');
    keep.save(kept);
    keep.forget();
    expect(createKeep(tab, 'https://bot.test/a').load()).toBeUndefined();
    tab.setItem('parley:chat:https://bot.test/a', '{"v":1,"grant":7}');
    expect(createKeep(tab, 'https://bot.test/a').load()).toBeUndefined();
  });
  test('costs nothing where storage is forbidden', () => {
    const keep = createKeep(undefined, 'https://bot.test/a');
    keep.save(kept);
    expect(keep.load()).toEqual(kept);
  });
});

test('the saved text names who said what, and leaves events out', () => {
  const heard = [
    { type: 'message', text: 'Hello', from: { role: 'bot' } },
    { type: 'event', name: 'parley/status', from: { role: 'bot' } },
    {
      type: 'message',
      text: 'Good morning',
      from: { role: 'bot' },
      channelData: { parley: { name: 'Ana Ruiz', seq: 1 } },
    },
    {
      type: 'message',
      text: 'Here',
      from: { role: 'user' },
      attachments: [{ contentType: 'image/png', name: 'photo.png' }],
    },
  ].map((activity, index) => ({ activity, live: true, place: index + 1 }));
  expect(transcriptOf(heard, { locale: 'en', title: 'BankX assistant' }, wordsFor('en'))).toBe(
    'BankX assistant\n\nBankX assistant:\nHello\n\nAna Ruiz:\nGood morning\n\nYou:\nHere\n[photo.png]\n',
  );
});
