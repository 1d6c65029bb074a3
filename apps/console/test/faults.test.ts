import type { Conversation, Entry } from '@parley/contracts';
import { expect, test } from 'vitest';
import { botDownWords, requeuedWords, returnWarning, whereaboutsWords } from '../src/features/faults/fault-words.ts';
import { clockTime } from '../src/words/time-words.ts';

const at = Date.UTC(2026, 10, 22, 14, 2);
const ana = { id: 'ana', name: 'Ana Ruiz' };
const lukas = { id: 'lukas', name: 'Lukas Meyer' };

test('a bot that does not answer is told with since when, why, and what becomes of replies', () => {
  const bot = { id: 'bankx', name: 'BankX assistant' };
  expect(botDownWords(bot)).toBeUndefined();
  expect(returnWarning(bot)).toBeUndefined();
  const down = { ...bot, down: { since: at, reason: 'The bot answered 503' } };
  expect(botDownWords(down)).toBe(
    `BankX assistant cannot be reached since ${clockTime(at)} (The bot answered 503). Replies wait and are sent in order.`,
  );
  expect(returnWarning(down)).toContain('does not answer at present');
});

test('who comes back late reads what became of their conversations', () => {
  expect(requeuedWords({ at, count: 1 })).toContain('the conversation you held went back to the queue');
  expect(requeuedWords({ at, count: 3 })).toContain('the 3 conversations you held');
});

test('a conversation says why it is not where it was', () => {
  const taken = entry(1, { kind: 'accepted', consultant: ana, queue: 'cards' });
  const gone = entry(2, { kind: 'requeued', queue: 'cards', reason: 'consultant-gone' });
  const next = entry(3, { kind: 'accepted', consultant: lukas, queue: 'cards' });
  const queued = head({ state: 'queued', since: at, queue: 'cards', passedBy: [] });
  const his = head({ state: 'assigned', since: at, queue: 'cards', consultant: lukas });
  expect(whereaboutsWords(queued, [taken, gone], 'ana')).toContain('accept it to go on');
  expect(whereaboutsWords(queued, [taken, gone], 'lukas')).toBeUndefined();
  expect(whereaboutsWords(his, [taken, gone, next], 'ana')).toContain('Lukas Meyer has it now');
  expect(whereaboutsWords(his, [taken, gone, next], 'lukas')).toBeUndefined();
  expect(
    whereaboutsWords(head({ state: 'assigned', since: at, queue: 'cards', consultant: ana }), [taken, gone], 'ana'),
  ).toBeUndefined();

  const given = head({ state: 'with-bot', since: at, pending: { seq: 3, until: at, queue: 'cards' } });
  expect(whereaboutsWords(given, [taken], 'ana')).toContain('has not received this yet');
  const back = entry(2, { kind: 'requeued', queue: 'cards', reason: 'bot-did-not-take' });
  expect(whereaboutsWords(queued, [taken, back], 'lukas')).toContain('did not take this back in time');
});

function entry(seq: number, rest: object): Entry {
  return { seq, id: `e${seq}`, at, epoch: seq, by: { type: 'desk' }, ...rest } as Entry;
}

function head(holder: Conversation['holder']): Conversation {
  return {
    id: 'c_00000000000000000000000000',
    channel: 'directline',
    channelConversation: 'x',
    bot: { id: 'bankx', name: 'BankX assistant' },
    user: { id: 'u1' },
    version: 1,
    seq: 3,
    epoch: 3,
    holder,
    userLines: [],
    openedAt: at,
    updatedAt: at,
    delivery: { outSeq: 0, deliveredSeq: 0, seenSeq: 0 },
  };
}
