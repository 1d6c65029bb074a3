import type { Conversation, Entry, Queue } from '@parley/contracts';

export const me = 'c0170500-0000-4000-8000-000000000101';
export const lukas = { id: 'c0170500-0000-4000-8000-000000000102', name: 'Lukas Meyer' };
export const ana = { id: me, name: 'Ana Ruiz' };
export const queues: Queue[] = [
  { id: 'cards', name: 'Cards', warnAfter: 30, dueAfter: 60 },
  { id: 'general', name: 'General', warnAfter: 120, dueAfter: 300 },
];

export function head(id: string, over: Partial<Conversation> = {}): Conversation {
  return {
    id,
    channel: 'directline',
    channelConversation: id,
    bot: { id: 'bankx', name: 'BankX assistant' },
    user: { id: 'dl_4821', name: 'Jonas Weber' },
    version: 1,
    seq: 1,
    epoch: 1,
    holder: { state: 'assigned', since: 0, queue: 'cards', consultant: ana },
    userLines: [],
    openedAt: 0,
    updatedAt: 0,
    delivery: { outSeq: 0, deliveredSeq: 0, seenSeq: 0 },
    ...over,
  };
}

type Made = { [K in Entry['kind']]: { kind: K } & Partial<Omit<Extract<Entry, { kind: K }>, 'kind'>> }[Entry['kind']];

/** Entries numbered from 1, a minute apart, by the user unless told. */
export function log(...made: Made[]): Entry[] {
  return made.map(
    (entry, index) =>
      ({
        seq: index + 1,
        id: `u:m${index + 1}`,
        at: 60_000 * (index + 1),
        epoch: 1,
        by: { type: 'user' },
        ...(entry.kind === 'message' ? { text: `line ${index + 1}` } : {}),
        ...entry,
      }) as Entry,
  );
}
