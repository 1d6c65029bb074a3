import type { Conversation, ListChange, View } from '@parley/contracts';
import type { DeskApi } from './api.ts';
import { asDeskError, type DeskError } from './desk-error.ts';
import { applyHeads, type Heads } from './heads.ts';
import { createStore, type Readable } from './store.ts';

export interface ListsState {
  heads: Heads;
  views: Readonly<Record<View, ViewState>>;
}

export interface ViewState {
  status: 'idle' | 'loading' | 'ready' | 'failed';
  problem?: DeskError;
  /** When it was last known to be in step with the desk. */
  at?: number;
  /** Where the next page begins, if not all of it is here. */
  next?: string;
}

export interface Lists {
  readonly state: Readable<ListsState>;
  /** Keeps a view from now on. `waiting` and `mine` are read whole, `live` by page. */
  want(view: View): Promise<void>;
  /** Reads the next page of a view. */
  more(view: View): Promise<void>;
  /** Takes in heads that were fetched, or that belong to an open log. */
  apply(change: ListChange): void;
  /** Takes in pushed heads. */
  pushed(change: ListChange): void;
  /** Notices a list cursor other than ours and catches up. */
  heard(cursor: string): void;
  /** Brings every wanted view in step. @throws DeskError */
  resync(): Promise<void>;
}

const pageSize = 200;
/** More waiting rows than this nobody reads; the rest comes with `more`. */
const wholePages = 5;
const keptHeads = 2_000;

export function createLists(api: DeskApi, now: () => number): Lists {
  const idle: ViewState = { status: 'idle' };
  const state = createStore<ListsState>({ heads: new Map(), views: { waiting: idle, mine: idle, live: idle } });
  const wanted = new Set<View>();
  let cursor: string | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let syncing = false;

  const setView = (view: View, next: ViewState) =>
    state.update((all) => ({ ...all, views: { ...all.views, [view]: next } }));
  const left = new Map<string, number>();
  /** Rows that only a push has told of. The next catch-up names them, unless they had changed again before the cursor was taken. */
  const doubtful = new Set<string>();
  const apply = (change: ListChange) => {
    for (const { id, version } of change.gone) {
      left.set(id, Math.max(version, left.get(id) ?? 0));
      if (left.size > keptHeads) left.delete(left.keys().next().value as string);
    }
    const heads = withoutOldClosed(applyHeads(state.getSnapshot().heads, change, left));
    if (heads !== state.getSnapshot().heads) state.update((all) => ({ ...all, heads }));
  };

  /** Takes in what the desk answered: whatever it names needs no confirming any more. */
  const answered = (change: ListChange) => {
    for (const { id } of [...change.items, ...change.gone]) doubtful.delete(id);
    apply(change);
  };

  /** Reads and catch-ups take turns, so that the cursor always belongs to what is here. */
  function serial<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work, work);
    turn = result.catch(() => undefined);
    return result;
  }

  async function read(view: View, from: string | undefined, pages: number): Promise<void> {
    if (state.getSnapshot().views[view].status !== 'ready')
      setView(view, { ...state.getSnapshot().views[view], status: 'loading' });
    try {
      let next = from;
      let since: string | undefined;
      for (let page = 0; page < pages; page++) {
        const answer = await api.conversations({
          view,
          limit: pageSize,
          ...(next === undefined ? {} : { cursor: next }),
        });
        if (cursor === undefined && since === undefined) keepOnly(answer.items);
        answered({ items: answer.items, gone: [] });
        since ??= answer.changes;
        next = answer.next;
        if (next === undefined) break;
      }
      // A page may tell of what has since gone: what happened after its cursor is the last word. Where a cursor was known
      // before, the other views still have to hear of what happened since that.
      await catchUp(cursor ?? (since as string));
      setView(view, { status: 'ready', at: now(), ...(next === undefined ? {} : { next }) });
    } catch (thrown) {
      setView(view, { ...state.getSnapshot().views[view], status: 'failed', problem: asDeskError(thrown) });
      throw thrown;
    }
  }

  /** What was heard before the first page may have changed before its cursor was taken: nothing would tell of that. */
  function keepOnly(items: readonly Conversation[]): void {
    const ids = new Set(items.map(({ id }) => id));
    state.update((all) => ({ ...all, heads: new Map([...all.heads].filter(([id]) => ids.has(id))) }));
  }

  async function catchUp(since: string): Promise<void> {
    for (;;) {
      const answer = await api.changes({ since, limit: pageSize });
      answered(answer);
      since = answer.changes;
      cursor = since;
      if (!answer.more) break;
    }
    const { views } = state.getSnapshot();
    for (const view of wanted)
      if (views[view].status === 'ready') setView(view, { ...state.getSnapshot().views[view], at: now() });
  }

  async function inStep(): Promise<void> {
    await follow();
    if (doubtful.size > 0) await confirm();
    for (const view of wanted)
      if (state.getSnapshot().views[view].status !== 'ready') await read(view, undefined, pagesOf(view));
  }

  /** A push may come late, from a process that did not know of the next change: whether such a row is there, the pages say. */
  async function confirm(): Promise<void> {
    const { heads } = state.getSnapshot();
    const asked = [...doubtful].flatMap((id) => heads.get(id) ?? []);
    doubtful.clear();
    const seen = new Set<string>();
    try {
      for (const view of wanted) {
        let next: string | undefined;
        for (let page = 0; page < pagesOf(view); page++) {
          const answer = await api.conversations({
            view,
            limit: pageSize,
            ...(next === undefined ? {} : { cursor: next }),
          });
          answered({ items: answer.items, gone: [] });
          for (const { id } of answer.items) seen.add(id);
          next = answer.next;
          if (next === undefined) break;
        }
        // Further back than is read of it: then it says nothing.
        if (next !== undefined) return;
      }
    } catch (thrown) {
      for (const { id } of asked) doubtful.add(id);
      throw thrown;
    }
    const gone = asked.filter(({ id }) => !seen.has(id));
    apply({ items: [], gone: gone.map(({ id, version }) => ({ id, version })) });
  }

  async function follow(): Promise<void> {
    if (cursor === undefined) return readAll();
    try {
      await catchUp(cursor);
    } catch (thrown) {
      // A cursor the desk no longer knows: begin anew.
      const { code } = asDeskError(thrown);
      if (code !== 'validation' && code !== 'not-found') throw thrown;
      await readAll();
    }
  }

  async function readAll(): Promise<void> {
    cursor = undefined;
    for (const view of wanted) await read(view, undefined, pagesOf(view));
  }

  return {
    state,
    apply,
    pushed(change) {
      const { heads } = state.getSnapshot();
      apply(change);
      for (const { id } of change.items) if (!heads.has(id) && state.getSnapshot().heads.has(id)) doubtful.add(id);
    },
    want(view) {
      if (wanted.has(view) && state.getSnapshot().views[view].status !== 'failed') return Promise.resolve();
      wanted.add(view);
      return serial(() => read(view, undefined, pagesOf(view)));
    },
    more: (view) =>
      serial(async () => {
        const { next } = state.getSnapshot().views[view];
        if (next !== undefined) await read(view, next, 1);
      }),
    heard(theirs) {
      const { views } = state.getSnapshot();
      const isWhole = [...wanted].every((view) => views[view].status === 'ready');
      if (theirs === cursor && isWhole && doubtful.size === 0) {
        for (const view of wanted) setView(view, { ...state.getSnapshot().views[view], at: now() });
        return;
      }
      if (syncing) return;
      syncing = true;
      void serial(inStep)
        .catch(() => undefined)
        .finally(() => {
          syncing = false;
        });
    },
    resync: () => serial(inStep),
  };
}

/** Closed heads are kept so that late news of them is known to be late; not for ever. */
function withoutOldClosed(heads: Heads): Heads {
  if (heads.size <= keptHeads) return heads;
  const closed = [...heads.values()]
    .filter(({ holder }) => holder.state === 'closed')
    .sort((a, b) => a.updatedAt - b.updatedAt);
  const surplus = new Set(closed.slice(0, Math.ceil(closed.length / 2)).map(({ id }) => id));
  return surplus.size === 0 ? heads : new Map([...heads].filter(([id]) => !surplus.has(id)));
}

function pagesOf(view: View): number {
  return view === 'live' ? 1 : wholePages;
}
