import { expect, test } from 'vitest';
import { parseChaos } from '../src/chaos.ts';
import { type ConfigError, loadConfig } from '../src/config.ts';

test('Y20 CHAOS is read part by part, or as a percentage of everything', () => {
  expect(parseChaos('drop=0.1,double=.2,delay=0-2000,fail=0.05')).toEqual({
    drop: 0.1,
    double: 0.2,
    delay: [0, 2000],
    fail: 0.05,
  });
  expect(parseChaos('drop=1')).toEqual({ drop: 1, double: 0, delay: [0, 0], fail: 0 });
  expect(parseChaos('5')).toEqual({ drop: 0.05, double: 0.05, delay: [0, 500], fail: 0.05 });
  for (const wrong of [
    '',
    'yes',
    '101',
    'drop=2',
    'drop=',
    'drop',
    'delay=5',
    'delay=9-1',
    'lose=0.1',
    'drop=0.1;fail=1',
  ])
    expect(parseChaos(wrong), wrong).toBeUndefined();
});

test('Y20 CHAOS is refused in production, and when it cannot be read', () => {
  expect(loadConfig({ CHAOS: 'drop=0.5' }).chaos).toMatchObject({ drop: 0.5 });
  expect(loadConfig({}).chaos).toBeUndefined();
  const complaints = (env: Record<string, string>) => {
    try {
      loadConfig(env);
    } catch (error) {
      return (error as ConfigError).complaints.filter((line) => line.startsWith('CHAOS'));
    }
    return [];
  };
  expect(complaints({ NODE_ENV: 'production', CHAOS: 'drop=0.5' })).toEqual([
    'CHAOS is set: it breaks pushes and calls on purpose, so production refuses it. Remove it.',
  ]);
  expect(complaints({ CHAOS: 'everything' })).toHaveLength(1);
});
