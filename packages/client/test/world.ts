import type { Conversation, Entry } from '@parley/contracts';

export const me = 'c0170500-0000-4000-8000-000000000101';
export const colleague = 'c0170500-0000-4000-8000-000000000102';

/** A conversation that waits in the queue `cards`. */
export function head(id = 'c_00000000000000000000000001', over: Partial<Conversation> = {}): Conversation {
  return {
    id,
    channel: 'directline',
    channelConversation: id,
    bot: { id: 'bankx', name: 'BankX assistant' },
    user: { id: 'u1', name: 'Jonas Weber' },
    version: 1,
    seq: 1,
    epoch: 1,
    holder: { state: 'queued', since: 1_000, queue: 'cards', passedBy: [] },
    userLines: [],
    openedAt: 0,
    updatedAt: 0,
    delivery: { outSeq: 0, deliveredSeq: 0, seenSeq: 0 },
    ...over,
  };
}

export function line(seq: number, by: 'user' | 'bot' | 'me' = 'user', id = `m${seq}`): Entry {
  const actor = by === 'me' ? ({ type: 'person', id: me, name: 'Ana Ruiz' } as const) : ({ type: by } as const);
  return { kind: 'message', seq, id, at: seq * 1_000, epoch: 1, by: actor, text: `line ${seq}` };
}
