import { belongs, viewerOf, type ConversationState, type OutboxItem, type Readable } from '@parley/client';
import type { Conversation, Presence, Queue, View } from '@parley/contracts';
import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import { useDesk, useSession } from './desk-context.ts';

export function useReadable<T>(readable: Readable<T>): T {
  return useSyncExternalStore(readable.subscribe, readable.getSnapshot);
}

/** A part of a store; renders again only when that part is another. */
export function useSelect<T, S>(readable: Readable<T>, select: (value: T) => S): S {
  return useSyncExternalStore(readable.subscribe, () => select(readable.getSnapshot()));
}

export function useConversation(id: string): ConversationState {
  return useReadable(useDesk().conversation(id));
}

/** Follows a conversation as long as the component is there. */
export function useOpenConversation(id: string): ConversationState {
  const desk = useDesk();
  useEffect(() => desk.open(id), [desk, id]);
  return useConversation(id);
}

/** The heads of a view, unsorted, and how well the view is known. */
export function useView(view: View) {
  const desk = useDesk();
  const session = useSession();
  const { heads, views } = useReadable(desk.lists.state);
  const items = useMemo(() => {
    const viewer = viewerOf(session);
    return viewer === undefined ? [] : [...heads.values()].filter((head) => belongs(head, view, viewer));
  }, [heads, session, view]);
  return { items, ...views[view] };
}

/** The head of a conversation, from its log or from the lists, whichever is newer. */
export function useHead(id: string): Conversation | undefined {
  const desk = useDesk();
  const open = useConversation(id).log?.head;
  const listed = useSelect(desk.lists.state, ({ heads }) => heads.get(id));
  return (listed?.version ?? -1) > (open?.version ?? -1) ? listed : open;
}

export function useOutbox(conversation: string): OutboxItem[] {
  const items = useReadable(useDesk().outbox.items);
  return useMemo(() => items.filter((item) => item.conversation === conversation), [items, conversation]);
}

export function useQueue(id: string | undefined): Queue | undefined {
  return useSession().queues.find((queue) => queue.id === id);
}

/** Colleagues with their presence, the available first. Asks the desk when first used. */
export function useColleagues(): Presence[] {
  const desk = useDesk();
  const { me } = useSession();
  const people = useReadable(desk.people);
  useEffect(() => void desk.loadPeople().catch(() => undefined), [desk]);
  return useMemo(
    () => [...people.values()].filter(({ person }) => person.id !== me.id).sort(byPresence),
    [people, me.id],
  );
}

const rank = { available: 0, away: 1, offline: 2 } as const;

function byPresence(a: Presence, b: Presence): number {
  return (
    rank[a.state] - rank[b.state] ||
    a.load / Math.max(1, a.capacity) - b.load / Math.max(1, b.capacity) ||
    a.person.name.localeCompare(b.person.name)
  );
}

const ticking = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let beat = 0;

function subscribeToSeconds(listener: () => void): () => void {
  ticking.add(listener);
  timer ??= setInterval(() => {
    beat++;
    for (const each of ticking) each();
  }, 1_000);
  return () => {
    ticking.delete(listener);
    if (ticking.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The desk's time in milliseconds, anew every second; one timer for all who look. */
export function useNow(): number {
  const desk = useDesk();
  useSyncExternalStore(subscribeToSeconds, () => beat);
  return desk.now();
}

/** The value of the last render, for handlers that must not be made anew. */
export function useLatest<T>(value: T): { readonly current: T } {
  const ref = useRef(value);
  useEffect(() => {
    ref.current = value;
  });
  return ref;
}

/** Whether a media query matches now. */
export function useMedia(query: string): boolean {
  const media = useMemo(() => window.matchMedia(query), [query]);
  return useSyncExternalStore(
    (listener) => {
      media.addEventListener('change', listener);
      return () => media.removeEventListener('change', listener);
    },
    () => media.matches,
  );
}
