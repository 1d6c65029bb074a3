import type { Change, Conversation, Delivery, Entry, Mark } from '@parley/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  applyChange,
  applyMark,
  applyNumbers,
  isBehind,
  lastSeq,
  prepend,
  settle,
  startLog,
  type Log,
} from '../src/index.ts';
import { head, line } from './world.ts';

/** One conversation as the desk has it, and every push it ever made. */
function history(steps: readonly ('say' | 'say-two' | 'deliver' | 'see' | 'fail' | 'delay')[]) {
  let conversation = head();
  const entries: Entry[] = [line(1)];
  const pushes: ({ change: Change } | { mark: Mark })[] = [];
  for (const step of steps) {
    const { delivery, seq, version } = conversation;
    const next = { ...conversation, version: version + 1 };
    if (step === 'say' || step === 'say-two') {
      const fresh = Array.from({ length: step === 'say' ? 1 : 2 }, (_, index) => line(seq + 1 + index, 'me'));
      entries.push(...fresh);
      conversation = {
        ...next,
        seq: seq + fresh.length,
        epoch: conversation.epoch + (step === 'say-two' ? 1 : 0),
        delivery: { ...delivery, outSeq: seq + fresh.length },
      };
      pushes.push({ change: { conversation, entries: fresh } });
    } else {
      const marked =
        step === 'deliver'
          ? { ...withoutRetry(delivery), deliveredSeq: delivery.outSeq }
          : step === 'see'
            ? { ...delivery, seenSeq: delivery.deliveredSeq }
            : step === 'delay'
              ? { ...delivery, retry: { tries: 1, at: version, reason: 'busy' }, lane: { by: 'node', n: version } }
              : { ...delivery, failed: { seq, reason: 'gone', at: version } };
      conversation = { ...next, delivery: marked };
      pushes.push({ mark: { id: conversation.id, version: conversation.version, delivery: marked } });
    }
  }
  return { conversation, entries, pushes };
}

function withoutRetry({ retry: _, ...rest }: Delivery): Delivery {
  return rest;
}

function fetchAfter(log: Log, truth: { conversation: Conversation; entries: readonly Entry[] }): Log {
  const entries = truth.entries.filter((entry) => entry.seq > lastSeq(log));
  return settle(applyChange(log, { conversation: truth.conversation, entries }), truth.conversation);
}

const steps = fc.array(
  fc.constantFrom(
    'say' as const,
    'say-two' as const,
    'deliver' as const,
    'see' as const,
    'fail' as const,
    'delay' as const,
  ),
  { maxLength: 25 },
);

test('Y1 Y3 whatever pushes are lost, doubled or reordered, one keep-alive and one fetch equal a fresh read', () => {
  fc.assert(
    fc.property(steps, fc.infiniteStream(fc.nat()), (made, dice) => {
      const truth = history(made);
      const roll = () => dice.next().value as number;
      const delivered = truth.pushes.flatMap((push) =>
        roll() % 4 === 0 ? [] : roll() % 4 === 0 ? [push, push] : [push],
      );
      const shuffled = delivered.map((push, index) => ({ push, at: index + (roll() % 5) })).sort((a, b) => a.at - b.at);

      let log = startLog(head(), [line(1)]);
      for (const { push } of shuffled) {
        const before = log.head.version;
        log = 'change' in push ? applyChange(log, push.change) : applyMark(log, push.mark);
        expect(log.entries.map(({ seq }) => seq)).toEqual(log.entries.map((_, index) => index + 1));
        expect(log.head.version).toBeGreaterThanOrEqual(before);
        if (roll() % 6 === 0 && isBehind(log)) log = fetchAfter(log, truth);
      }
      log = applyNumbers(log, { seq: truth.conversation.seq, version: truth.conversation.version });
      if (isBehind(log)) log = fetchAfter(log, truth);

      expect(log.entries).toEqual(truth.entries);
      expect(log.head).toEqual(truth.conversation);
      expect(isBehind(log)).toBe(false);
    }),
    { numRuns: 500 },
  );
});

test('Y1 pushes in order need no fetch at all', () => {
  fc.assert(
    fc.property(steps, (made) => {
      const truth = history(made);
      let log = startLog(head(), [line(1)]);
      for (const push of truth.pushes) {
        log = 'change' in push ? applyChange(log, push.change) : applyMark(log, push.mark);
        expect(isBehind(log)).toBe(false);
      }
      expect(log.head).toEqual(truth.conversation);
    }),
  );
});

test('Y1 a gap is noticed and nothing after it is shown', () => {
  const log = applyChange(startLog(head(), [line(1)]), {
    conversation: head(undefined, { version: 3, seq: 3 }),
    entries: [line(3)],
  });
  expect(lastSeq(log)).toBe(1);
  expect(isBehind(log)).toBe(true);
});

test('older pages are put in front only where they join', () => {
  const log = startLog(head(undefined, { seq: 6 }), [line(5), line(6)]);
  expect(prepend(log, [line(3), line(4)]).entries.map(({ seq }) => seq)).toEqual([3, 4, 5, 6]);
  expect(prepend(log, [line(2), line(3)])).toBe(log);
});
