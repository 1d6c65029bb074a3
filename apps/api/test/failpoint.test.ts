import { expect, it } from 'vitest';
import { ConfigError, loadConfig } from '../src/config.ts';
import { withFailpoint } from '../src/failpoint.ts';

it('a failpoint is read with its number', () => {
  expect(loadConfig({ PARLEY_FAILPOINT: 'after-commit:7' }).failpoint).toEqual({ at: 'after-commit', nth: 7 });
  expect(loadConfig({ PARLEY_FAILPOINT: 'after-delivery' }).failpoint).toEqual({ at: 'after-delivery', nth: 1 });
});

it.each(['somewhere', 'after-commit:0', 'after-commit:x', 'before-commit:'])('the failpoint %s is refused', (value) => {
  expect(() => loadConfig({ PARLEY_FAILPOINT: value })).toThrow(ConfigError);
});

it('production refuses every failpoint', () => {
  expect(() => loadConfig({ NODE_ENV: 'production', PARLEY_FAILPOINT: 'after-commit' })).toThrow(/PARLEY_FAILPOINT/);
});

it('without a failpoint the parts are the very same', () => {
  const parts = { stores: {} as never, push: () => undefined, callback: async () => ({ status: 204 }) };
  expect(withFailpoint(undefined, parts)).toBe(parts);
});
