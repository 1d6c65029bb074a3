import type { Conversation, ListChange, View } from '@parley/contracts';

/** The heads of every conversation in the caller's lists, newest version of each. */
export type Heads = ReadonlyMap<string, Conversation>;

/** Conversations that have left the caller's lists, each with the version since which it has. */
export type Gone = ReadonlyMap<string, number>;

/**
 * Takes in heads from a page, a push or `changes?since=`: newer replaces older, whatever the order of arrival.
 * @param left what is known to have left: an older head that comes late does not bring it back
 */
export function applyHeads(heads: Heads, change: ListChange, left: Gone = new Map()): Heads {
  const newer = change.items.filter(
    (item) =>
      item.version >= (heads.get(item.id)?.version ?? -1) &&
      item.version > (left.get(item.id) ?? -1) &&
      heads.get(item.id) !== item,
  );
  const gone = change.gone.filter(({ id, version }) => (heads.get(id)?.version ?? Infinity) <= version);
  if (newer.length === 0 && gone.length === 0) return heads;
  const next = new Map(heads);
  for (const item of newer) next.set(item.id, item);
  for (const { id } of gone) next.delete(id);
  return next;
}

/** Who looks at a list: their id and the queues they serve. */
export interface Viewer {
  id: string;
  queues: readonly string[];
}

/** Whether a head belongs to a view; the desk decides what the caller may see, this only sorts it into lists. */
export function belongs(head: Conversation, view: View, viewer: Viewer): boolean {
  const { holder } = head;
  switch (view) {
    case 'mine':
      return holder.state === 'assigned' && holder.consultant.id === viewer.id;
    case 'waiting':
      if (holder.state !== 'queued') return false;
      if (holder.reservedFor !== undefined) return holder.reservedFor.id === viewer.id;
      return viewer.queues.includes(holder.queue) || holder.offer?.to.id === viewer.id;
    case 'live':
      return holder.state !== 'closed';
  }
}

/** The heads of a view, in no particular order. */
export function select(heads: Heads, view: View, viewer: Viewer): Conversation[] {
  return [...heads.values()].filter((head) => belongs(head, view, viewer));
}
