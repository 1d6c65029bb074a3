import { expect, test } from 'vitest';
import { seeded } from '../shared/random.ts';
import { clock, offline, sleep } from './away.ts';
import { kill } from './kill.ts';
import { Findings } from './scenario.ts';
import { signInAgain } from './sign-in-again.ts';

/** The short form of `pnpm prove browser`: every part once. */
async function once(fault: string, part: (findings: Findings) => Promise<void>): Promise<void> {
  const findings = new Findings();
  await part(findings);
  expect(findings.violations).toEqual([]);
  expect(findings.counts[fault]).toBeGreaterThan(0);
}

test('Y8 Y11 a browser that is killed in the middle of a word has the draft and the queued lines afterwards', () =>
  once('kills', (findings) => kill(findings, seeded(7), 1)));

test('Y6 after ten minutes of sleep the screen is right at once and without a reload', () => once('sleeps', sleep));

test('Y6 Y7 three replies written in two minutes offline go out once and in order', () =>
  once('offline', (findings) => offline(findings, seeded(7))));

test('Y19 a clock that is an hour wrong and is set meanwhile changes neither order nor times', () =>
  once('wrong-clocks', (findings) => clock(findings, -1)));

test('Y13 in hour 25 a new sign-in destroys nothing, and goes out in nobody else’s name', () =>
  once('dead-sign-ins', (findings) => signInAgain(findings, 'window')));

test('Y13 where the browser allows no window, the sign-in comes back to the same conversation', () =>
  once('dead-sign-ins', (findings) => signInAgain(findings, 'here')));
