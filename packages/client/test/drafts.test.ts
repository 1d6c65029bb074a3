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
