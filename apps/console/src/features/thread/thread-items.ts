import { entryIdOf, type OutboxItem } from '@parley/client';
import type { Attempt, Entry, EntryOf } from '@parley/contracts';
import { startOfDay } from '../../words/time-words.ts';
import type { EventEntry } from '../../words/entry-words.ts';

/** What the thread shows, one below the other. */
export type ThreadItem =
  | { type: 'day'; key: string; at: number }
  | { type: 'fold'; key: string; entries: readonly Entry[]; tried: readonly Attempt[]; open: boolean }
  | { type: 'message'; key: string; entry: EntryOf<'message'>; folded: boolean }
  | { type: 'note'; key: string; entry: EntryOf<'note'> }
  | { type: 'suppressed'; key: string; entry: EntryOf<'suppressed'>; folded: boolean }
  | { type: 'event'; key: string; entry: EventEntry; accepted?: EntryOf<'accepted'> }
  | { type: 'unread'; key: string; count: number; since: number }
  | { type: 'pending'; key: string; item: OutboxItem };

interface Showing {
  /** Keys of folds that were opened. */
  open: ReadonlySet<string>;
  /** Number of the first unread user line, if a separator is due. */
  unreadFrom: number | undefined;
  outbox: readonly OutboxItem[];
}

/**
 * Lays a log out: what the user and the bot said before a handoff folds into one line that says how much it is and what
 * was tried; while the bot has the floor nothing folds. Unsent messages come last, in the order they were written.
 */
export function threadItems(entries: readonly Entry[], { open, unreadFrom, outbox }: Showing): ThreadItem[] {
  const items: ThreadItem[] = [];
  const unsent = new Set(outbox.map(entryIdOf));
  const unread =
    unreadFrom === undefined
      ? []
      : entries.filter((entry) => entry.seq >= unreadFrom && entry.kind === 'message' && entry.by.type === 'user');
  let day: number | undefined;
  const newDay = (at: number) => {
    if (startOfDay(at) === day) return;
    day = startOfDay(at);
    items.push({ type: 'day', key: `day-${day}`, at });
  };

  for (const part of partsOf(entries)) {
    const [first] = part.entries;
    if (part.fold === undefined || first === undefined) {
      for (const entry of part.entries) {
        // A refused line of mine is shown where it can be sent again.
        if (entry.kind === 'suppressed' && unsent.has(entry.id)) continue;
        // An offer that was taken says no more than its taking does.
        if (entry.kind === 'offered' && isTaken(entry, entries)) continue;
        newDay(entry.at);
        if (entry.seq === unreadFrom)
          items.push({ type: 'unread', key: 'unread', count: unread.length, since: entry.at });
        items.push(itemOf(entry, entries, false));
      }
      continue;
    }
    newDay(first.at);
    const key = `fold-${part.entries.at(-1)?.seq ?? 0}`;
    items.push({ type: 'fold', key, entries: part.entries, tried: part.fold.packet.tried ?? [], open: open.has(key) });
    if (!open.has(key)) continue;
    for (const entry of part.entries) {
      newDay(entry.at);
      items.push(itemOf(entry, entries, true));
    }
  }
  for (const item of outbox) items.push({ type: 'pending', key: item.id, item });
  return items;
}

interface Part {
  entries: Entry[];
  /** The handoff that ended this part with the bot. */
  fold?: EntryOf<'handoff-requested'>;
}

/** Runs of lines spoken while the bot had the floor, and everything else. */
function partsOf(entries: readonly Entry[]): Part[] {
  const parts: Part[] = [];
  let run: Entry[] = [];
  let withBot = true;
  const flush = (fold?: EntryOf<'handoff-requested'>) => {
    if (run.length > 0) parts.push(fold === undefined ? { entries: run } : { entries: run, fold });
    run = [];
  };
  for (const entry of entries) {
    if (withBot && entry.kind === 'message') {
      run.push(entry);
      continue;
    }
    if (withBot && entry.kind === 'handoff-requested') flush(entry);
    else if (withBot && run.length > 0 && entry.kind === 'suppressed') {
      run.push(entry);
      continue;
    } else flush();
    run.push(entry);
    if (entry.kind === 'handoff-requested' || entry.kind === 'accepted') {
      flush();
      withBot = false;
    } else if (entry.kind === 'returned' || entry.kind === 'closed') {
      flush();
      withBot = true;
    } else if (withBot) flush();
  }
  flush();
  return parts;
}

function itemOf(entry: Entry, entries: readonly Entry[], folded: boolean): ThreadItem {
  const key = `entry-${entry.seq}`;
  switch (entry.kind) {
    case 'message':
      return { type: 'message', key, entry, folded };
    case 'note':
      return { type: 'note', key, entry };
    case 'suppressed':
      return { type: 'suppressed', key, entry, folded };
    case 'handoff-requested': {
      const accepted = entries.find(
        (later): later is EntryOf<'accepted'> => later.seq > entry.seq && later.kind === 'accepted',
      );
      return { type: 'event', key, entry, ...(accepted === undefined ? {} : { accepted }) };
    }
    default:
      return { type: 'event', key, entry };
  }
}

function isTaken(offer: EntryOf<'offered'>, entries: readonly Entry[]): boolean {
  const next = entries.find(
    (later) =>
      later.seq > offer.seq &&
      [
        'accepted',
        'offer-declined',
        'offer-expired',
        'offered',
        'transferred',
        'requeued',
        'returned',
        'closed',
      ].includes(later.kind),
  );
  return next?.kind === 'accepted' && next.consultant.id === offer.to.id;
}

/** Where the thread begins on opening: at the unread separator, else at its end. */
export function startIndex(items: readonly ThreadItem[]): number {
  const unread = items.findIndex(({ type }) => type === 'unread');
  return unread >= 0 ? Math.max(0, unread - 1) : Math.max(0, items.length - 1);
}

/** How many items came in front of what was shown before. A day or a fold may begin earlier than it did: only lines tell. */
export function prepended(before: readonly ThreadItem[], after: readonly ThreadItem[]): number {
  const places = new Map(after.map(({ key }, index) => [key, index]));
  const anchor = before.findIndex((item) => item.type !== 'day' && item.type !== 'fold' && places.has(item.key));
  return anchor < 0 ? 0 : Math.max(0, (places.get(before[anchor]?.key ?? '') ?? anchor) - anchor);
}
