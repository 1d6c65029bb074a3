import { describe, expect, test } from 'vitest';
import { createCircuits, type Down } from '../src/circuit.ts';

describe('the circuit of a bot', () => {
  test('D13 opens after five failures in a row, in whichever conversations, and says since when and why', () => {
    const { circuits, told, fail } = rig();
    fail(4);
    circuits.succeeded('bankx', 'c0');
    fail(4);
    expect(circuits.state('bankx')).toBeUndefined();
    fail(1);
    expect(circuits.state('bankx')).toEqual({ since: 1_000, reason: 'answered 503' });
    expect(told).toEqual([['bankx', { since: 1_000, reason: 'answered 503' }]]);
    expect(circuits.pass('other', 'c1')).toBe('go');
  });

  test('D13 lets one probe through at a time, with growing pauses', () => {
    const { circuits, clock, fail } = rig();
    fail(5);
    const pauses: number[] = [];
    for (let n = 0; n < 8; n++) {
      const before = clock.steady;
      for (let answer = circuits.pass('bankx', 'c1'); answer !== 'go'; answer = circuits.pass('bankx', 'c1'))
        clock.steady += Math.min(100, answer.waitMs);
      pauses.push(clock.steady - before);
      // Of a thousand who ask while it is under way, none goes.
      for (let m = 0; m < 1_000; m++) expect(circuits.pass('bankx', `x${m}`)).not.toBe('go');
      circuits.failed('bankx', 'c1', 'answered 503');
    }
    expect(pauses[0]).toBeLessThanOrEqual(1_300);
    for (let n = 1; n < 5; n++) expect(pauses[n]!).toBeGreaterThan(pauses[n - 1]!);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(36_100);
  });

  test('D14 closes after two successes, not after one; a failure between them opens it as before', () => {
    const { circuits, clock, told, fail } = rig();
    fail(5);
    clock.steady += 2_000;
    expect(circuits.pass('bankx', 'c1')).toBe('go');
    circuits.succeeded('bankx', 'c1');
    expect(circuits.state('bankx')).toBeDefined();
    expect(circuits.pass('bankx', 'c2')).toBe('go');
    circuits.failed('bankx', 'c2', 'answered 503');
    expect(circuits.pass('bankx', 'c3')).not.toBe('go');
    expect(told).toHaveLength(1);
    clock.steady += 5_000;
    for (const conversation of ['c1', 'c2']) {
      expect(circuits.pass('bankx', conversation)).toBe('go');
      circuits.succeeded('bankx', conversation);
    }
    expect(circuits.state('bankx')).toBeUndefined();
    expect(told.at(-1)).toEqual(['bankx', undefined]);
  });

  test('closes after one success where nothing more is to be said for a while', () => {
    const { circuits, clock, fail, pass } = rig();
    fail(5);
    clock.steady += 2_000;
    circuits.pass('bankx', 'c1');
    circuits.succeeded('bankx', 'c1');
    pass(14_000);
    expect(circuits.state('bankx')).toBeDefined();
    pass(2_000);
    expect(circuits.state('bankx')).toBeUndefined();
  });

  test('asks for a probe after each pause, and knows nothing of a bot for whom nothing waits', () => {
    const { circuits, asked, fail, pass, waits } = rig();
    fail(5);
    pass(1_500);
    expect(asked).toEqual(['bankx']);
    expect(circuits.pass('bankx', 'c1')).toBe('go');
    circuits.failed('bankx', 'c1', 'answered 503');
    waits.value = false;
    pass(3_000);
    expect(asked).toEqual(['bankx', 'bankx']);
    expect(circuits.state('bankx')).toBeUndefined();
  });

  test('D13 does not hold up others where all failures were of one conversation', () => {
    const { circuits } = rig();
    for (let n = 0; n < 5; n++) circuits.failed('bankx', 'ill', 'answered 500');
    expect(circuits.pass('bankx', 'ill')).not.toBe('go');
    expect(circuits.pass('bankx', 'well')).toBe('go');
    circuits.succeeded('bankx', 'well');
    expect(circuits.pass('bankx', 'well')).toBe('go');
    circuits.succeeded('bankx', 'well');
    expect(circuits.state('bankx')).toBeUndefined();
  });

  test('gives up a probe that never came back', () => {
    const { circuits, clock, fail } = rig();
    fail(5);
    clock.steady += 2_000;
    expect(circuits.pass('bankx', 'c1')).toBe('go');
    clock.steady += 31_000;
    expect(circuits.pass('bankx', 'c2')).toBe('go');
  });

  test('D14 tells when the reason becomes another, and keeps since when', () => {
    const { circuits, told, fail } = rig();
    fail(5);
    circuits.failed('bankx', 'c9', 'no answer in 20 s');
    circuits.failed('bankx', 'c9', 'no answer in 20 s');
    expect(told.map(([, down]) => down)).toEqual([
      { since: 1_000, reason: 'answered 503' },
      { since: 1_000, reason: 'no answer in 20 s' },
    ]);
  });
});

function rig() {
  const clock = { steady: 0 };
  const told: [string, Down | undefined][] = [];
  const timers: { at: number; run: () => void }[] = [];
  const asked: string[] = [];
  const waits = { value: true };
  const circuits = createCircuits({
    host: {
      steady: () => clock.steady,
      random: () => 0.5,
      after(ms, run) {
        const timer = { at: clock.steady + ms, run };
        timers.push(timer);
        return () => void timers.splice(0, timers.length, ...timers.filter((one) => one !== timer));
      },
    },
    now: () => clock.steady + 1_000,
    changed: (bot, down) => told.push([bot, down]),
    probe(bot) {
      asked.push(bot);
      return waits.value;
    },
  });
  /** Lets time go by, and does what is due meanwhile. */
  const pass = (ms: number) => {
    const end = clock.steady + ms;
    for (;;) {
      const [next] = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      timers.splice(timers.indexOf(next), 1);
      clock.steady = Math.max(clock.steady, next.at);
      next.run();
    }
    clock.steady = end;
  };
  let n = 0;
  const fail = (times: number) => {
    for (let m = 0; m < times; m++) circuits.failed('bankx', `c${n++}`, 'answered 503');
  };
  return { circuits, clock, told, asked, waits, fail, pass };
}
