import type { Entry } from '@parley/contracts';
import type { Log } from './log.ts';
import type { Keeper } from './keeper.ts';
import { createStore, type Readable } from './store.ts';

/** How far this person has read each conversation, on this machine. */
export interface ReadMarks {
  readonly items: Readable<ReadonlyMap<string, number>>;
  mark(conversation: string, seq: number): void;
  start(): Promise<void>;
}

const prefix = 'read/';
const keptFor = 30 * 24 * 3_600_000;

export function createReadMarks(keeper: Keeper, now: () => number): ReadMarks {
  const items = createStore<ReadonlyMap<string, number>>(new Map());
  return {
    items,
    mark(conversation, seq) {
      if ((items.getSnapshot().get(conversation) ?? 0) >= seq) return;
      items.set(new Map(items.getSnapshot()).set(conversation, seq));
      void keeper.write({ [prefix + conversation]: { seq, at: now() } });
    },
    async start() {
      const left = await keeper.all<{ seq: number; at: number }>(prefix);
      const next = new Map(items.getSnapshot());
      for (const { key, value } of left) {
        const id = key.slice(prefix.length);
        if (value.at < now() - keptFor) void keeper.write({ [key]: undefined });
        else next.set(id, Math.max(next.get(id) ?? 0, value.seq));
      }
      items.set(next);
    },
  };
}

/**
 * The user's lines that the person has not read. A conversation never read before, or handed over since it was, is unread
 * from the user's first line after the escalation on: what came before is the bot's part.
 */
export function unreadOf(log: Log, readSeq: number | undefined): Entry[] {
  const from = readSeq ?? (log.head.handoff === undefined ? Number.MAX_SAFE_INTEGER : log.head.handoff.requestedSeq);
  return log.entries.filter((entry) => entry.seq > from && entry.kind === 'message' && entry.by.type === 'user');
}
