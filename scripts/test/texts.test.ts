import { describe, expect, test } from 'vitest';
import { parseEnvironment } from '../lib/environment.mjs';
import { readable } from '../lib/services.mjs';
import { explain } from '../lib/trouble.mjs';

describe('the .env file', () => {
  test.each([
    ['A=1', { A: '1' }],
    ['export A=1\r\nB = two words \n', { A: '1', B: 'two words' }],
    ['# A=1\n\nB=2 # why', { B: '2' }],
    ['A="x # y\\nz"\nB=\'#\'', { A: 'x # y\nz', B: '#' }],
    ['A=\nB=a=b#c', { A: '', B: 'a=b#c' }],
    ['no line of that form', {}],
  ])('reads %j', (text, values) => {
    expect(parseEnvironment(text)).toEqual(values);
  });
});

describe('the output of a failed tool', () => {
  test.each([
    ['npm error code ENOTFOUND', /registry cannot be reached/],
    ['Failed to write file: No space left\n      on device (os error 28)', /disk is full/],
    ['ERR_PNPM_OUTDATED_LOCKFILE Cannot install', /pnpm install/],
  ])('is told in one sentence: %j', (output, sentence) => {
    expect(explain(output)).toMatch(sentence);
  });

  test('is left alone when its cause is unknown', () => {
    expect(explain('SyntaxError: Unexpected token')).toBeUndefined();
  });
});

describe('a log line', () => {
  const info = '{"level":30,"msg":"listening"}';
  const warning = '{"level":40,"msg":"retrying","err":{"message":"refused"}}';

  test('is shown from warnings on', () => {
    expect(readable(info, false, false)).toBeUndefined();
    expect(readable(warning, false, false)).toBe('warn retrying (refused)');
    expect(readable('plain words', false, false)).toBeUndefined();
    expect(readable('plain words', true, false)).toBe('plain words');
  });

  test('is shown always when all are wanted', () => {
    expect(readable(info, false, true)).toBe('info listening');
    expect(readable('{ not JSON', false, true)).toBe('{ not JSON');
  });
});
