import type { ConversationView, EntryPage } from '@parley/contracts';
import { expect, test, vi } from 'vitest';
import { browserHost, DeskError, lastSeq } from '../src/index.ts';
import { createConversations } from '../src/conversations.ts';
import { head, line } from './world.ts';

const { id } = head();
const view = (seq: number): ConversationView => ({
  conversation: head(id, { seq, version: seq }),
  entries: Array.from({ length: seq }, (_, index) => line(index + 1)),
  abilities: {} as ConversationView['abilities'],
  earlier: [],
});

/** A desk whose log is `seq` long and that fails as often as told. */
function desk() {
  const it = { seq: 2, failing: 0, watches: 0 };
  const answer = <T>(make: () => T): Promise<T> =>
    it.failing-- > 0 ? Promise.reject(new DeskError('overloaded', { status: 503 })) : Promise.resolve(make());
  const conversations = createConversations({
    api: {
      conversation: () => answer(() => view(it.seq)),
      entries: (_: string, { after = 0 }: { after?: number }) =>
        answer((): EntryPage => ({ ...view(it.seq), entries: view(it.seq).entries.slice(after) })),
    } as never,
    host: browserHost,
    watch: async () => {
      it.watches++;
      return { seq: it.seq, version: it.seq };
    },
    unwatch: async () => null,
    onLog: () => undefined,
    onAsk: () => 0,
    onView: () => undefined,
  });
  const seen = () => lastSeq(conversations.state(id).getSnapshot().log ?? ({ entries: [] as never[] } as never));
  return { it, conversations, seen };
}

test('Y3 what could not be fetched is fetched at the next keep-alive, though it says nothing new', async () => {
  const { it, conversations, seen } = desk();
  conversations.open(id);
  await vi.waitFor(() => expect(seen()).toBe(2));
  it.seq = 5;
  it.failing = 1;
  conversations.on.heads([{ id, seq: 5, version: 5 }]);
  await vi.waitFor(() => expect(conversations.state(id).getSnapshot().problem?.code).toBe('overloaded'));
  expect(seen()).toBe(2);
  conversations.on.heads([{ id, seq: 5, version: 5 }]);
  await vi.waitFor(() => expect(seen()).toBe(5));
  expect(conversations.state(id).getSnapshot().problem).toBeUndefined();
});

test('Y3 a conversation that a keep-alive does not name is joined again', async () => {
  const { it, conversations, seen } = desk();
  conversations.open(id);
  await vi.waitFor(() => expect(seen()).toBe(2));
  expect(it.watches).toBe(1);
  it.seq = 3;
  conversations.on.heads([]);
  await vi.waitFor(() => expect(seen()).toBe(3));
  expect(it.watches).toBe(2);
});
