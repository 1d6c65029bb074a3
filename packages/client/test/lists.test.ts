import type { Conversation, ConversationsQuery } from '@parley/contracts';
import { expect, test, vi } from 'vitest';
import type { DeskApi } from '../src/index.ts';
import { createLists } from '../src/lists.ts';
import { head } from './world.ts';

/** A desk that has what it is given: every change gets the next number, and who is asked since one tells what came after. */
function desk() {
  const changed: { item: Conversation; seen: boolean }[] = [];
  const newest = () => [...new Map(changed.map((one) => [one.item.id, one])).values()];
  return {
    put: (item: Conversation, seen = true) => void changed.push({ item, seen }),
    api: {
      conversations: async ({ view }: ConversationsQuery) => ({
        items: newest().flatMap(({ item, seen }) => (seen && view !== 'mine' ? [item] : [])),
        changes: String(changed.length),
      }),
      changes: async ({ since }: { since: string }) => {
        const later = [...new Map(changed.slice(Number(since)).map((one) => [one.item.id, one])).values()];
        return {
          items: later.flatMap(({ item, seen }) => (seen ? [item] : [])),
          gone: later.flatMap(({ item: { id, version }, seen }) => (seen ? [] : [{ id, version }])),
          changes: String(changed.length),
          more: false,
        };
      },
    } as unknown as DeskApi,
  };
}

const ids = (lists: ReturnType<typeof createLists>) => [...lists.state.getSnapshot().heads.keys()];

test('Y4 what was heard before the first page was read, and has left since, is not kept', async () => {
  const { put, api } = desk();
  const lists = createLists(api, () => 0);
  lists.apply({ items: [head('a'), head('b')], gone: [] });
  put(head('a', { version: 2 }), false);
  put(head('b'));
  await lists.want('waiting');
  expect(ids(lists)).toEqual(['b']);
});

test('Y4 a view that is wanted later does not make the others miss what happened in between', async () => {
  const { put, api } = desk();
  const lists = createLists(api, () => 0);
  put(head('a'));
  await lists.want('waiting');
  expect(ids(lists)).toEqual(['a']);
  put(head('a', { version: 2 }), false);
  await lists.want('mine');
  expect(ids(lists)).toEqual([]);
});

test('Y4 a row pushed late, which had left before the page was read, is gone after the next keep-alive', async () => {
  const { put, api } = desk();
  const lists = createLists(api, () => 0);
  put(head('a'));
  put(head('a', { version: 2 }), false);
  await lists.want('waiting');
  lists.pushed({ items: [head('a')], gone: [] });
  expect(ids(lists)).toEqual(['a']);
  lists.heard('2');
  await vi.waitFor(() => expect(ids(lists)).toEqual([]));
});

test('Y4 a row pushed and then told of by the next catch-up costs no further reading', async () => {
  const { put, api } = desk();
  const lists = createLists(api, () => 0);
  await lists.want('waiting');
  const read = vi.spyOn(api, 'conversations');
  put(head('a'));
  lists.pushed({ items: [head('a')], gone: [] });
  lists.heard('1');
  await vi.waitFor(() => expect(lists.state.getSnapshot().views.waiting.at).toBe(0));
  await lists.resync();
  expect(ids(lists)).toEqual(['a']);
  expect(read).not.toHaveBeenCalled();
});
