import { describe as suite, expect, test } from 'vitest';
import { compare, describe, isEqual, type Line } from './comparer.ts';

const said: Line[] = [
  { by: 'user', text: 'My card is gone' },
  { by: 'bot', text: 'I am sorry to hear that' },
  { by: 'user', text: 'yes' },
  { by: 'consultant', text: 'It is blocked now' },
  { by: 'user', text: 'yes' },
];

suite('comparer', () => {
  test('finds nothing where everything is as it was said', () => {
    const differences = compare(said, structuredClone(said));
    expect(isEqual(differences)).toBe(true);
    expect(describe(differences)).toEqual([]);
  });

  test.each(said.map((line, n) => [n, line.text]))('finds line %i lost (%s)', (n) => {
    const differences = compare(said, said.toSpliced(n, 1));
    expect(isEqual(differences)).toBe(false);
    expect(differences).toMatchObject({ lost: [said[n]], doubled: [], altered: [], added: [] });
  });

  test.each(said.map((line, n) => [n, line.text]))('finds line %i doubled (%s)', (n) => {
    const differences = compare(said, said.toSpliced(n, 0, said[n]!));
    expect(isEqual(differences)).toBe(false);
    expect(differences).toMatchObject({ lost: [], doubled: [said[n]], altered: [], added: [] });
  });

  test('finds two lines swapped, and says where', () => {
    const read = said.with(0, said[1]!).with(1, said[0]!);
    const differences = compare(said, read);
    expect(isEqual(differences)).toBe(false);
    expect(differences).toMatchObject({ lost: [], doubled: [], swapped: { at: 0, said: said[0], read: said[1] } });
  });

  test.each([
    ['a letter', { by: 'user', text: 'My cart is gone' }],
    ['a space at the end', { by: 'user', text: 'My card is gone ' }],
    ['another form of the same letter', { by: 'user', text: 'My c\u0430rd is gone' }],
    ['the speaker', { by: 'consultant', text: 'My card is gone' }],
  ] as const)('finds a line altered by %s', (_, read) => {
    const differences = compare(said, said.with(0, read));
    expect(isEqual(differences)).toBe(false);
    expect(differences).toMatchObject({ lost: [], doubled: [], altered: [{ said: said[0], read }], added: [] });
  });

  test('finds a line that nobody said', () => {
    const read: Line = { by: 'bot', text: 'Buy one, get one free' };
    expect(compare(said, [...said, read])).toMatchObject({ lost: [], doubled: [], altered: [], added: [read] });
  });

  test('counts one identical line among several as lost or doubled', () => {
    const again: Line[] = Array.from({ length: 5 }, () => ({ by: 'user', text: 'ok' }));
    expect(compare(again, again.slice(1)).lost).toHaveLength(1);
    expect(compare(again, [...again, again[0]!]).doubled).toHaveLength(1);
  });

  test('finds a line lost and another doubled at once', () => {
    const read = [said[0]!, said[0]!, said[2]!, said[3]!, said[4]!];
    expect(compare(said, read)).toMatchObject({ lost: [said[1]], doubled: [said[0]], altered: [] });
  });

  test('finds everything lost where nothing was read', () => {
    expect(compare(said, []).lost).toEqual(said);
    expect(isEqual(compare([], []))).toBe(true);
  });
});
