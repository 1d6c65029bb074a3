import { expect, test } from 'vitest';
import { play } from './scenario.ts';

// The desk's timers run ten times faster here: pushes are late by up to 0.4 s.
const heavy = 'drop=0.4,double=0.3,delay=0-4000,fail=0.2';

test('Y20 Y1 Y3 with heavy chaos screens, log and bot end equal and right', async () => {
  const recovery = { gaps: 0, repeated: 0 };
  for (const seed of [1, 2, 3]) {
    const verdict = await play({ seed, link: 'browser', direction: 'down', kind: 'slow-close' }, { CHAOS: heavy });
    expect(verdict.violations, `seed ${seed}`).toEqual([]);
    recovery.gaps += verdict.recovery.gaps;
    recovery.repeated += verdict.recovery.repeated;
  }
  // Which calls fail is left to chance, so one short run may meet none; three that meet none have met no chaos.
  expect(recovery.gaps).toBeGreaterThan(0);
  expect(recovery.repeated).toBeGreaterThan(0);
});

test('Y3 when every push is lost, keep-alives alone bring every screen in step', async () => {
  const { violations } = await play(
    { seed: 4, link: 'browser', direction: 'down', kind: 'slow-close' },
    { CHAOS: 'drop=1' },
  );
  expect(violations).toEqual([]);
});
