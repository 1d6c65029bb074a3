import type { DraftBody } from '@parley/contracts';
import { expect, test, vi } from 'vitest';
import { browserHost, DeskError, memoryStorage } from '../src/index.ts';
import { createDrafts } from '../src/drafts.ts';
import { createKeeper } from '../src/keeper.ts';

const backOff = { first: 1, cap: 2 };

test('Y11 a draft is here at once, at the desk after a pause in typing, and only its last words are sent', async () => {
  const saved: [string, DraftBody][] = [];
  const drafts = createDrafts({
    save: async (id, body) => saved.push([id, body]),
    keeper: createKeeper(memoryStorage(), browserHost),
    now: () => 1,
    quiet: 5,
    backOff,
  });
  drafts.set('a', { text: 'Hel', mode: 'reply' });
  drafts.set('a', { text: 'Hello', mode: 'reply' });
  drafts.set('b', { text: 'careful', mode: 'note' });
  expect(drafts.items.getSnapshot().get('a')).toMatchObject({ text: 'Hello', state: 'here' });
  await vi.waitFor(() =>
    expect([...drafts.items.getSnapshot().values()].map(({ state }) => state)).toEqual(['saved', 'saved']),
  );
  expect(saved).toEqual([
    ['a', { text: 'Hello', mode: 'reply' }],
    ['b', { text: 'careful', mode: 'note' }],
  ]);
});

test('Y11 words typed while the desk is away survive a reload and reach it later', async () => {
  const storage = memoryStorage();
  const away = createDrafts({
    save: () => Promise.reject(new DeskError('network')),
    keeper: createKeeper(storage, browserHost),
    now: () => 1,
    quiet: 1,
    backOff,
  });
  away.set('a', { text: 'kept', mode: 'reply' });
  away.stop();

  const saved: string[] = [];
  const drafts = createDrafts({
    save: async (_, body) => saved.push(body.text),
    keeper: createKeeper(storage, browserHost),
    now: () => 2,
    quiet: 1,
    backOff,
  });
  await drafts.start();
  expect(drafts.items.getSnapshot().get('a')?.text).toBe('kept');
  await vi.waitFor(() => expect(saved).toEqual(['kept']));
});

test('Y11 the desk’s draft is taken unless newer words are here', async () => {
  const drafts = createDrafts({
    save: () => new Promise(() => undefined),
    keeper: createKeeper(memoryStorage(), browserHost),
    now: () => 10,
    quiet: 1,
    backOff,
  });
  drafts.offer('a', { text: 'from the other machine', mode: 'note', savedAt: 5 }, drafts.turn('a'));
  expect(drafts.items.getSnapshot().get('a')).toMatchObject({ text: 'from the other machine', mode: 'note' });
  drafts.set('a', { text: 'mine now', mode: 'reply' });
  drafts.offer('a', { text: 'late', mode: 'reply', savedAt: 9_999 }, drafts.turn('a'));
  expect(drafts.items.getSnapshot().get('a')?.text).toBe('mine now');
});

/** A desk to save to, whose answers come when they are told to. */
function slowDesk() {
  const saves: { id: string; text: string; at: number; done: () => void; fail: (error: DeskError) => void }[] = [];
  const save = (id: string, { text }: DraftBody) =>
    new Promise<void>((resolve, reject) => {
      saves.push({ id, text, at: performance.now(), done: resolve, fail: reject });
    });
  return { saves, save };
}

const made = (save: (id: string, body: DraftBody) => Promise<unknown>, over: object = {}) =>
  createDrafts({
    save,
    keeper: createKeeper(memoryStorage(), browserHost),
    now: () => 1,
    quiet: 1,
    longest: 2,
    backOff,
    ...over,
  });

test('Y12 a draft never crosses conversations, though one is left while its save is under way', async () => {
  const { saves, save } = slowDesk();
  const drafts = made(save);
  drafts.set('a', { text: 'for a', mode: 'reply' });
  await vi.waitFor(() => expect(saves).toHaveLength(1));
  drafts.set('b', { text: 'for b', mode: 'note' });
  await vi.waitFor(() => expect(saves).toHaveLength(2));
  drafts.set('a', { text: 'for a, more', mode: 'reply' });
  saves[1]?.done();
  saves[0]?.done();
  await vi.waitFor(() => expect(saves).toHaveLength(3));
  saves[2]?.done();
  await vi.waitFor(() =>
    expect([...drafts.items.getSnapshot()].map(([id, { text, state }]) => [id, text, state])).toEqual([
      ['a', 'for a, more', 'saved'],
      ['b', 'for b', 'saved'],
    ]),
  );
  expect(saves.map(({ id, text }) => [id, text])).toEqual([
    ['a', 'for a'],
    ['b', 'for b'],
    ['a', 'for a, more'],
  ]);
});

test('Y11 while typing goes on the desk is told at least every second, and not at every key', async () => {
  const saved: number[] = [];
  let steady = 0;
  const timers: { at: number; run: () => void }[] = [];
  // Time that only the test moves.
  const host = {
    ...browserHost,
    steady: () => steady,
    after: (ms: number, run: () => void) => {
      const timer = { at: steady + ms, run };
      timers.push(timer);
      return () => void (timer.run = () => undefined);
    },
  };
  const drafts = createDrafts({
    save: async () => saved.push(steady),
    keeper: createKeeper(memoryStorage(), host),
    now: () => 1,
    host,
    backOff,
  });
  const typedAt: number[] = [];
  for (; steady < 5_000; steady += 10) {
    if (steady % 100 === 0) {
      drafts.set('a', { text: 'x'.repeat(1 + steady / 100), mode: 'reply' });
      typedAt.push(steady);
    }
    for (const timer of timers.filter(({ at }) => at === steady)) timer.run();
    // Everything that follows from this instant, before the next.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const longestGap = Math.max(...[...saved, steady].map((at, index) => at - (saved[index - 1] ?? 0)));
  expect(longestGap).toBeLessThanOrEqual(1_000);
  expect(saved.length).toBeLessThan(typedAt.length / 4);
});

test('Y11 the desk’s order decides between two machines, and no clock of a browser', async () => {
  const { saves, save } = slowDesk();
  const drafts = made(save, { now: () => 9_999_999 });
  drafts.set('a', { text: 'written here', mode: 'reply' });
  const asked = drafts.turn('a');
  await vi.waitFor(() => expect(saves).toHaveLength(1));
  saves[0]?.done();
  await vi.waitFor(() => expect(drafts.items.getSnapshot().get('a')?.state).toBe('saved'));
  // An answer to a question from before the save, come late: older than what is here, whatever its time.
  drafts.offer('a', { text: 'from before', mode: 'reply', savedAt: 99_999_999 }, asked);
  expect(drafts.items.getSnapshot().get('a')?.text).toBe('written here');
  // Another machine has saved since: newer, though this clock is years ahead.
  drafts.offer('a', { text: 'from the other machine', mode: 'note', savedAt: 5 }, drafts.turn('a'));
  expect(drafts.items.getSnapshot().get('a')).toMatchObject({ text: 'from the other machine', state: 'saved' });
  // There it has been sent.
  drafts.offer('a', undefined, drafts.turn('a'));
  expect(drafts.items.getSnapshot().get('a')).toBeUndefined();
});

test('Y11 a draft that was sent does not come back: not from a late save, and not after a crash', async () => {
  const { saves, save } = slowDesk();
  const storage = memoryStorage();
  const drafts = made(save, { keeper: createKeeper(storage, browserHost) });
  drafts.set('a', { text: 'hello', mode: 'reply' });
  await vi.waitFor(() => expect(saves).toHaveLength(1));
  await storage.write(drafts.spend('a'));
  // The browser dies here, before the box is emptied; its save arrives all the same.
  saves[0]?.done();
  drafts.stop();
  const told: string[] = [];
  const next = made(async (_, { text }) => told.push(text), { keeper: createKeeper(storage, browserHost) });
  await next.start();
  next.offer('a', { text: 'hello', mode: 'reply', savedAt: 1 }, next.turn('a'));
  expect(next.items.getSnapshot().get('a')?.text ?? '').toBe('');
  await vi.waitFor(() => expect(told).toEqual(['']));
  await vi.waitFor(() => expect(next.items.getSnapshot().size).toBe(0));
});
