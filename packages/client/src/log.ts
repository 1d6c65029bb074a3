import type { Change, Conversation, Delivery, Entry, Mark } from '@parley/contracts';

/**
 * What the console keeps of one conversation: its head and a gapless run of entries that ends as far as is known.
 * All functions here are pure; whatever they are fed, late, twice or out of order, they never go back and never invent.
 */
export interface Log {
  readonly head: Conversation;
  /** Ascending and without gaps; may begin later than 1. */
  readonly entries: readonly Entry[];
  /** Newest head version heard of, marks included; a delivery mark raises the version without sending the head. */
  readonly version: number;
  /** Highest entry number heard of. */
  readonly seq: number;
}

export function startLog(head: Conversation, entries: readonly Entry[]): Log {
  return { head, entries, version: head.version, seq: Math.max(head.seq, entries.at(-1)?.seq ?? 0) };
}

/** Number of the last entry that is here. */
export function lastSeq(log: Log): number {
  return log.entries.at(-1)?.seq ?? 0;
}

/** Whether something is known to exist that is not here: then fetch `entries?after=lastSeq`. */
export function isBehind(log: Log): boolean {
  return log.seq > lastSeq(log) || log.version > log.head.version;
}

/** Applies a committed change: entries are appended when the first new one is the next; the head when it is newer. */
export function applyChange(log: Log, change: Change): Log {
  const last = lastSeq(log);
  const fresh = change.entries.filter((entry) => entry.seq > last);
  const fits = fresh.every((entry, index) => entry.seq === last + 1 + index);
  const entries = fits && fresh.length > 0 ? [...log.entries, ...fresh] : log.entries;
  return withHead({ ...log, entries, seq: Math.max(log.seq, change.entries.at(-1)?.seq ?? 0) }, change.conversation);
}

/** Older entries put in front, as a page `entries?before=` gives them. */
export function prepend(log: Log, older: readonly Entry[]): Log {
  const first = log.entries[0]?.seq;
  if (first === undefined) return log;
  const fit = older.filter((entry) => entry.seq < first);
  const joined = fit.length > 0 && fit.every((entry, index) => entry.seq === first - fit.length + index);
  return joined ? { ...log, entries: [...fit, ...log.entries] } : log;
}

export function applyMark(log: Log, mark: Mark): Log {
  const delivery = mergeDelivery(log.head.delivery, mark.delivery, mark.version >= log.version);
  // The next version with nothing but marks in it is the head we have, with these marks.
  const next = mark.version === log.head.version + 1;
  const head = next ? { ...log.head, version: mark.version, delivery } : { ...log.head, delivery };
  return same(log.head.delivery, delivery) && !next && mark.version <= log.version
    ? log
    : { ...log, head, version: Math.max(log.version, mark.version) };
}

/** Head numbers of a keep-alive: notes what is missing, changes nothing that is here. */
export function applyNumbers(log: Log, numbers: { seq: number; version: number }): Log {
  const seq = Math.max(log.seq, numbers.seq);
  const version = Math.max(log.version, numbers.version);
  return seq === log.seq && version === log.version ? log : { ...log, seq, version };
}

/** After a fetch that reached the end: what was heard of beyond it has been a mark, or is still to be announced. */
export function settle(log: Log, fetched: Conversation): Log {
  const current = log.head.version === fetched.version && lastSeq(log) === fetched.seq;
  return current ? { ...log, version: fetched.version, seq: fetched.seq } : log;
}

function withHead(log: Log, head: Conversation): Log {
  if (head.version < log.head.version) return { ...log, seq: Math.max(log.seq, head.seq) };
  const delivery = mergeDelivery(head.delivery, log.head.delivery, log.version > head.version);
  return {
    ...log,
    head: delivery === head.delivery ? head : { ...head, delivery },
    version: Math.max(log.version, head.version),
    seq: Math.max(log.seq, head.seq),
  };
}

/** Delivery numbers only ever rise; failure, pause and lane are those of the newer of the two. */
function mergeDelivery(ours: Delivery, theirs: Delivery, theirsIsNewer: boolean): Delivery {
  const merged: Delivery = {
    ...(theirsIsNewer ? theirs : ours),
    outSeq: Math.max(ours.outSeq, theirs.outSeq),
    deliveredSeq: Math.max(ours.deliveredSeq, theirs.deliveredSeq),
    seenSeq: Math.max(ours.seenSeq, theirs.seenSeq),
  };
  return same(merged, ours) ? ours : merged;
}

function same(a: Delivery, b: Delivery): boolean {
  return (
    a.outSeq === b.outSeq &&
    a.deliveredSeq === b.deliveredSeq &&
    a.seenSeq === b.seenSeq &&
    a.failed?.seq === b.failed?.seq &&
    a.failed?.at === b.failed?.at &&
    a.retry?.tries === b.retry?.tries &&
    a.retry?.at === b.retry?.at &&
    a.lane?.n === b.lane?.n &&
    a.lane?.by === b.lane?.by
  );
}
