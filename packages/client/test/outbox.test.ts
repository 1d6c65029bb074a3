import type { CommandAnswer } from '@parley/contracts';
import { expect, test, vi } from 'vitest';
import { browserHost, DeskError, memoryStorage, type DeskStorage, type OutboxItem } from '../src/index.ts';
import { createKeeper } from '../src/keeper.ts';
import { createOutbox } from '../src/outbox.ts';
import { head, line } from './world.ts';

const conversation = head().id;
const backOff = { first: 1, cap: 2 };

/** A desk that counts what it took and fails as told. */
function desk(failures: DeskError[] = []) {
  const taken: OutboxItem[] = [];
  const ids = new Set<string>();
  return {
    taken,
    failures,
    async post(item: OutboxItem): Promise<CommandAnswer> {
      const failure = failures.shift();
      // Lost on the way back: the desk has it, the sender does not know.
      if (failure?.code === 'timeout') record(item);
      if (failure !== undefined) throw failure;
      record(item);
      return {
        conversation: head(),
        entries: [line(2, 'me', `p:${item.id}`)],
        abilities: {} as CommandAnswer['abilities'],
      };
    },
  };
  function record(item: OutboxItem) {
    if (!ids.has(item.id)) taken.push(item);
    ids.add(item.id);
  }
}

function outboxOn(target: ReturnType<typeof desk>, storage: DeskStorage = memoryStorage()) {
  let n = 0;
  return createOutbox({
    post: target.post,
    onAnswer: () => undefined,
    keeper: createKeeper(storage, browserHost),
    now: () => 5_000 + n,
    host: { ...browserHost, newId: () => `id${storageRun++}-${n++}` },
    backOff,
  });
}
let storageRun = 0;

const states = (outbox: ReturnType<typeof outboxOn>) =>
  outbox.items.getSnapshot().map(({ text, state }) => `${text} ${state}`);
const reply = (text: string) => ({ conversation, kind: 'reply' as const, text, epoch: 1 });

test('Y7 messages go in order, one at a time, and are shown at once', async () => {
  const target = desk();
  const outbox = outboxOn(target);
  for (const text of ['one', 'two', 'three']) outbox.send(reply(text));
  expect(states(outbox)).toEqual(['one queued', 'two queued', 'three queued']);
  await vi.waitFor(() => expect(outbox.items.getSnapshot()).toEqual([]));
  expect(target.taken.map(({ text }) => text)).toEqual(['one', 'two', 'three']);
});

test('Y9 an answer lost on the way repeats the same id, so the desk has the message once', async () => {
  const target = desk([new DeskError('timeout'), new DeskError('network'), new DeskError('internal', { status: 500 })]);
  const outbox = outboxOn(target);
  outbox.send(reply('one'));
  outbox.send(reply('two'));
  await vi.waitFor(() => expect(outbox.items.getSnapshot()).toEqual([]));
  expect(target.taken.map(({ text }) => text)).toEqual(['one', 'two']);
});

test('Y10 a refusal is final, shown with its reason, never repeated by itself, and does not hold up the next', async () => {
  const target = desk([new DeskError('not-holder', { status: 409 })]);
  const outbox = outboxOn(target);
  outbox.send(reply('one'));
  outbox.send(reply('two'));
  await vi.waitFor(() => expect(states(outbox)).toEqual(['one failed']));
  expect(outbox.items.getSnapshot()[0]?.problem).toEqual({ code: 'not-holder' });
  expect(target.taken.map(({ text }) => text)).toEqual(['two']);

  const [failed] = outbox.items.getSnapshot();
  outbox.retry(failed?.id ?? '', 7);
  await vi.waitFor(() => expect(outbox.items.getSnapshot()).toEqual([]));
  expect(target.taken.at(-1)).toMatchObject({ text: 'one', epoch: 7, was: failed?.id });
});

test('Y8 a message survives the page: what was on its way is sent again under its id', async () => {
  const storage = memoryStorage();
  const hang = createOutbox({
    post: () => new Promise(() => undefined),
    onAnswer: () => undefined,
    keeper: createKeeper(storage, browserHost),
    now: () => 1,
    host: { ...browserHost, newId: () => 'kept' },
    backOff,
  });
  hang.send(reply('before the crash'));

  const target = desk();
  const outbox = outboxOn(target, storage);
  await outbox.start();
  await vi.waitFor(() =>
    expect(target.taken.map(({ id, text }) => [id, text])).toEqual([['kept', 'before the crash']]),
  );
  await vi.waitFor(async () => expect(await storage.all('outbox/')).toEqual([]));
});

test('an entry of the log with its id means arrived; a suppressed line does not', async () => {
  const outbox = createOutbox({
    post: () => new Promise(() => undefined),
    onAnswer: () => undefined,
    keeper: createKeeper(memoryStorage(), browserHost),
    now: () => 1,
    host: { ...browserHost, newId: () => 'x' },
    backOff,
  });
  outbox.send(reply('one'));
  outbox.arrived([
    { kind: 'suppressed', id: 'p:x', seq: 4, at: 0, epoch: 1, by: { type: 'bot' }, text: 'one', spokenUnder: 1 },
  ]);
  expect(outbox.items.getSnapshot()).toHaveLength(1);
  outbox.arrived([line(5, 'me', 'p:x')]);
  expect(outbox.items.getSnapshot()).toEqual([]);
});
