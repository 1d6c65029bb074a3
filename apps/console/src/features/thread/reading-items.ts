import type { Entry } from '@parley/contracts';
import { threadItems, type ThreadItem } from './thread-items.ts';

/** A log laid out to be read through: every fold open but those that the reader closed. */
export function readingItems(entries: readonly Entry[], closed: ReadonlySet<string>): ThreadItem[] {
  const none = { unreadFrom: undefined, outbox: [] };
  const folds = threadItems(entries, { ...none, open: new Set() }).flatMap((item) =>
    item.type === 'fold' && !closed.has(item.key) ? [item.key] : [],
  );
  return threadItems(entries, { ...none, open: new Set(folds) });
}

/** Where an entry is, or the next one that is shown if it is not; -1 when there is none. */
export function jumpIndex(items: readonly ThreadItem[], seq: number): number {
  return items.findIndex((item) => 'entry' in item && item.entry.seq >= seq);
}

/** Where reading begins: at the handoff with a few lines before it, when there are many; else at the first line there is. */
export function readingStart(items: readonly ThreadItem[], handoff: number | undefined, more: boolean): number {
  const at = handoff === undefined ? -1 : items.findIndex((item) => item.key === `entry-${handoff}`);
  if (at > 30) return at - 4;
  return more ? Math.max(0, items.length - 1) : 0;
}
