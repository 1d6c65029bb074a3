import { expect, test } from 'vitest';
import { keysOf } from '../src/commands/key-names.ts';
import { fill, openVariable } from '../src/features/composer/canned.ts';
import { cleaned, sends, tooFresh, whyNotSend } from '../src/features/composer/sending.ts';

const press = (over: object = {}) => ({
  key: 'Enter',
  shiftKey: false,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  isComposing: false,
  ...over,
});

test('Enter sends and Shift+Enter breaks the line, or Ctrl+Enter sends, by setting', () => {
  expect(sends(press(), 'enter')).toBe(true);
  expect(sends(press({ shiftKey: true }), 'enter')).toBe(false);
  expect(sends(press(), 'ctrl-enter')).toBe(false);
  expect(sends(press({ ctrlKey: true }), 'ctrl-enter')).toBe(true);
  expect(sends(press({ metaKey: true }), 'ctrl-enter')).toBe(true);
});

test('Enter that ends the composition of a character never sends', () => {
  expect(sends(press({ isComposing: true }), 'enter')).toBe(false);
});

test('a line that came in less than 700 ms ago holds Enter back', () => {
  expect(tooFresh(1_000, 1_699)).toBe(true);
  expect(tooFresh(1_000, 1_700)).toBe(false);
  expect(tooFresh(undefined, 0)).toBe(false);
});

test('variables are filled with what is known; one that is not keeps the reply from being sent', () => {
  const text = fill('Hello {{user.firstName}}, {{ me }} of {{client}} here. Order {{order number}}?', {
    user: 'Jonas Weber',
    me: 'Ana Ruiz',
    client: 'Contoso Bank',
  });
  expect(text).toBe('Hello Jonas, Ana Ruiz of Contoso Bank here. Order {{order number}}?');
  expect(openVariable(text)).toEqual({ name: 'order number', start: 50, end: 66 });
  expect(whyNotSend(text, 'reply')).toBe('Fill in {{order number}} first.');
  expect(whyNotSend(text.replace('{{order number}}', '88'), 'reply')).toBeUndefined();
});

test('what the desk would refuse is not sent: nothing, too much; control characters are dropped', () => {
  expect(whyNotSend(' \n', 'note')).toBe('Write a note first.');
  expect(whyNotSend('x'.repeat(16_001), 'reply')).toContain('1 characters too long');
  expect(cleaned('a\r\nb\u0000\u0007\tc ')).toBe('a\nb\tc');
});

test('keys are named as commands name them', () => {
  const key = (over: object) =>
    keysOf({ key: 'a', ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...over });
  expect([
    key({}),
    key({ ctrlKey: true, key: 'k' }),
    key({ metaKey: true, key: 'k' }),
    key({ key: '?', shiftKey: true }),
    key({ key: 'F6' }),
    key({ key: 'F6', shiftKey: true }),
  ]).toEqual(['A', 'Ctrl K', 'Ctrl K', '?', 'F6', 'Shift F6']);
  expect([key({ altKey: true }), key({ shiftKey: true }), key({ key: 'Enter' })]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
