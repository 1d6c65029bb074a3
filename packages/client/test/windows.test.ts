import type { CommandAnswer, DraftBody } from '@parley/contracts';
import { expect, test, vi } from 'vitest';
import { browserHost, DeskError, memoryStorage, type DeskStorage, type OutboxItem } from '../src/index.ts';
import { createDrafts } from '../src/drafts.ts';
import { createKeeper } from '../src/keeper.ts';
import { createOutbox } from '../src/outbox.ts';
import { head } from './world.ts';

const backOff = { first: 1, cap: 2 };
const conversation = head().id;
const reply = (text: string) => ({ conversation, kind: 'reply' as const, text, epoch: 1 });

/** A desk that takes what it is sent, when it is let. */
function desk() {
  const posted: OutboxItem[] = [];
  const under = new Set<string>();
  let overlaps = 0;
  let open: () => void = () => undefined;
  let gate = Promise.resolve();
  return {
    posted,
    get overlaps() {
      return overlaps;
    },
    shut() {
      gate = new Promise((resolve) => (open = resolve));
    },
    open: () => open(),
    async post(item: OutboxItem): Promise<CommandAnswer> {
      if (under.has(item.conversation)) overlaps++;
      under.add(item.conversation);
      posted.push(item);
      await gate;
      under.delete(item.conversation);
      return { conversation: head(), entries: [], abilities: {} as CommandAnswer['abilities'] };
    },
  };
}

function outboxIn(storage: DeskStorage, post: (item: OutboxItem) => Promise<CommandAnswer>, now = () => 1) {
  return createOutbox({ post, onAnswer: () => undefined, keeper: createKeeper(storage, browserHost), now, backOff });
}

test('Y7 Y8 two windows of one person send what was queued once and in order, one request at a time', async () => {
  const target = desk();
  target.shut();
  const one = memoryStorage();
  const first = outboxIn(one, target.post);
  const second = outboxIn(memoryStorage(one), target.post);
  await Promise.all([first.start(), second.start()]);
  for (const [outbox, text] of [
    [first, 'one'],
    [second, 'two'],
    [first, 'three'],
    [second, 'four'],
  ] as const) {
    outbox.send(reply(text));
    // Each window has heard of the other's before the next is written.
    for (const other of [first, second])
      await vi.waitFor(() => expect(other.items.getSnapshot().map((item) => item.text)).toContain(text));
  }
  target.open();
  await vi.waitFor(() => expect([...first.items.getSnapshot(), ...second.items.getSnapshot()]).toEqual([]));
  expect(target.posted.map(({ text }) => text)).toEqual(['one', 'two', 'three', 'four']);
  expect(target.overlaps).toBe(0);
  expect(await one.all('outbox/')).toEqual([]);
});

test('Y8 what a closed window leaves goes out from the other, under the ids it had', async () => {
  const one = memoryStorage();
  const closed = outboxIn(one, () => Promise.reject(new DeskError('network')));
  await closed.start();
  const ids = ['left', 'behind'].map((text) => closed.send(reply(text)));
  await Promise.all(ids.map((id) => closed.written(id)));
  const target = desk();
  const other = outboxIn(memoryStorage(one), target.post);
  await other.start();
  expect(other.items.getSnapshot().map(({ text }) => text)).toEqual(['left', 'behind']);
  closed.stop();
  await vi.waitFor(() => expect(target.posted.map(({ id }) => id)).toEqual(ids));
});

test('Y10 what one window gives up, another does not send', async () => {
  const one = memoryStorage();
  const offline = () => Promise.reject(new DeskError('network'));
  const first = outboxIn(one, offline);
  const second = outboxIn(memoryStorage(one), offline);
  await Promise.all([first.start(), second.start()]);
  first.send(reply('never mind'));
  await vi.waitFor(() => expect(second.items.getSnapshot()).toHaveLength(1));
  const waiting = () => first.items.getSnapshot().find(({ state }) => state === 'queued')?.id ?? '';
  await vi.waitFor(() => expect(first.discard(waiting())).toBeDefined());
  await vi.waitFor(() => expect(second.items.getSnapshot()).toEqual([]));
});

test('Y8 Y19 order survives a reload although the clock went back meanwhile', async () => {
  const storage = memoryStorage();
  let time = 10_000;
  const before = outboxIn(
    storage,
    () => Promise.reject(new DeskError('network')),
    () => (time -= 3_600_000),
  );
  await before.start();
  const ids = ['first', 'second', 'third'].map((text) => before.send(reply(text)));
  await Promise.all(ids.map((id) => before.written(id)));
  before.stop();
  const target = desk();
  const after = outboxIn(storage, target.post);
  // Written before the storage has been read: still after what was left.
  after.send(reply('fourth'));
  await after.start();
  await vi.waitFor(() => expect(target.posted).toHaveLength(4));
  expect(target.posted.map(({ text }) => text)).toEqual(['first', 'second', 'third', 'fourth']);
});

test('Y8 nothing is sent before it is written down', async () => {
  const storage = memoryStorage();
  const written = Promise.withResolvers<void>();
  const slow: DeskStorage = { ...storage, write: (records) => written.promise.then(() => storage.write(records)) };
  const target = desk();
  const outbox = outboxIn(slow, target.post);
  const id = outbox.send(reply('careful'));
  expect(outbox.items.getSnapshot()).toHaveLength(1);
  await new Promise((resolve) => setImmediate(resolve));
  expect(target.posted).toEqual([]);
  written.resolve();
  expect(await outbox.written(id)).toBe(true);
  await vi.waitFor(() => expect(target.posted.map((item) => item.id)).toEqual([id]));
});

test.each([
  ['full', new DOMException('No room', 'QuotaExceededError')],
  ['unavailable', new DOMException('Private window', 'InvalidStateError')],
] as const)(
  'Y8 where the browser keeps nothing (%s), that is said, and writing goes on from memory',
  async (why, error) => {
    const storage = memoryStorage();
    let ill = true;
    const keeper = createKeeper(
      { ...storage, write: (records) => (ill ? Promise.reject(error) : storage.write(records)) },
      browserHost,
    );
    const target = desk();
    target.shut();
    const outbox = createOutbox({ post: target.post, onAnswer: () => undefined, keeper, now: () => 1, backOff });
    await outbox.start();
    const id = outbox.send(reply('only here'));
    expect(await outbox.written(id)).toBe(false);
    expect(keeper.state.getSnapshot()).toEqual({ state: 'memory', why });
    await vi.waitFor(() => expect(target.posted).toHaveLength(1));
    ill = false;
    outbox.send(reply('and this'));
    await vi.waitFor(() => expect(keeper.state.getSnapshot()).toEqual({ state: 'kept' }));
    expect((await storage.all<OutboxItem>('outbox/')).map(({ value }) => value.text)).toEqual([
      'only here',
      'and this',
    ]);
    target.open();
    await vi.waitFor(() => expect(outbox.items.getSnapshot()).toEqual([]));
  },
);

test('Y11 a window saves the draft that another died with, and none that another has saved', async () => {
  const one = memoryStorage();
  const saved: [string, DraftBody][] = [];
  const draftsIn = (storage: DeskStorage, save: (id: string, body: DraftBody) => Promise<unknown>) =>
    createDrafts({ save, keeper: createKeeper(storage, browserHost), now: () => 1, quiet: 1, longest: 2, backOff });
  const first = draftsIn(one, () => Promise.reject(new DeskError('network')));
  await first.start();
  first.set('a', { text: 'half a sen', mode: 'reply' });
  const second = draftsIn(memoryStorage(one), async (id, body) => saved.push([id, body]));
  await second.start();
  expect(second.items.getSnapshot().get('a')?.text).toBe('half a sen');
  expect(saved).toEqual([]);
  first.stop();
  await vi.waitFor(() => expect(saved).toEqual([['a', { text: 'half a sen', mode: 'reply' }]]));
  expect(await one.all('draft/')).toEqual([]);
});
