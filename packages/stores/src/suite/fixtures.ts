import type { Conversation, Entry, Holder } from '@parley/contracts';
import type { Store } from '@parley/core';
import type { Fixture, MakeStores } from '../suite.ts';

export const start = 1_790_000_000_000;
export const ana = { id: 'c0170500-0000-4000-8000-000000000101', name: 'Ana Ruiz' };
export const lukas = { id: 'c0170500-0000-4000-8000-000000000102', name: 'Lukas Meyer' };
export const withBot: Holder = { state: 'with-bot', since: start };

export function queued(since: number, queue = 'cards'): Holder {
  return { state: 'queued', since, queue, passedBy: [] };
}
export function assigned(since: number, consultant = ana, queue = 'cards'): Holder {
  return { state: 'assigned', since, queue, consultant };
}
export function closed(since: number, outcome = 'solved'): Holder {
  return { state: 'closed', since, outcome, by: { type: 'desk' } };
}

export function idOf(n: number): string {
  return `c_${n.toString(36).padStart(26, '0')}`;
}

export function conversation(n: number, over: Partial<Conversation> = {}): Conversation {
  return {
    id: idOf(n),
    channel: 'directline',
    channelConversation: `dl-${n}`,
    bot: { id: 'c0170500-0000-4000-8000-0000000000c1', name: 'BankX assistant' },
    user: { id: `user-${n}`, name: 'Sam Doe', language: 'en' },
    version: 1,
    seq: 0,
    epoch: 0,
    holder: withBot,
    userLines: [],
    openedAt: start + n,
    updatedAt: start + n,
    delivery: { outSeq: 0, deliveredSeq: 0, seenSeq: 0 },
    ...over,
  };
}

export function message(seq: number, text = `line ${seq}`, id = `m-${seq}`): Entry {
  return { seq, id, at: start + seq, epoch: 0, by: { type: 'user', name: 'Sam Doe' }, kind: 'message', text };
}

/** The head that follows `head` when `entries` are added, with `over` changed. */
export function after(head: Conversation, entries: number, over: Partial<Conversation> = {}): Conversation {
  return { ...head, version: head.version + 1, seq: head.seq + entries, ...over };
}

/** Commits a conversation of one commit and answers its head. */
export async function put(
  store: Store,
  n: number,
  over: Partial<Conversation> = {},
  texts: readonly string[] = [],
): Promise<Conversation> {
  const head = conversation(n, { seq: texts.length, ...over });
  const outcome = await store.commit(
    0,
    head,
    texts.map((text, i) => message(i + 1, text)),
  );
  if (outcome !== 'committed') throw new Error(`${head.id}: ${outcome}`);
  return head;
}

/** Commits over the stored head. */
export async function change(
  store: Store,
  n: number,
  over: Partial<Conversation>,
  texts: readonly string[] = [],
): Promise<Conversation> {
  const head = (await store.head(idOf(n)))!;
  const next = after(head, texts.length, over);
  const outcome = await store.commit(
    head.version,
    next,
    texts.map((text, i) => message(head.seq + i + 1, text)),
  );
  if (outcome !== 'committed') throw new Error(`${head.id}: ${outcome}`);
  return next;
}

export async function withStore<T>(
  makeStores: MakeStores,
  run: (store: Store, fixture: Fixture) => Promise<T>,
): Promise<T> {
  const fixture = await makeStores();
  try {
    return await run(await fixture.stores.open('contoso'), fixture);
  } finally {
    await fixture.stores.close();
    await fixture.cleanUp?.();
  }
}

export function ids(heads: readonly { id: string }[]): string[] {
  return heads.map(({ id }) => id);
}

/** Every page of a list, until there is no next one. */
export async function allPages<T>(
  read: (cursor: string | undefined) => Promise<{ items: T[]; next?: string }>,
): Promise<T[][]> {
  const pages: T[][] = [];
  for (let cursor: string | undefined; ;) {
    const page = await read(cursor);
    pages.push(page.items);
    if (page.next === undefined) return pages;
    cursor = page.next;
  }
}

export async function follow(store: Store, since: string, limit: number) {
  const items: Conversation[] = [];
  for (let cursor = since; ;) {
    const page = await store.changes(cursor, limit);
    items.push(...page.items);
    cursor = page.cursor;
    if (!page.more) return { items, cursor };
  }
}
