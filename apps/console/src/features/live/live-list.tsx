import type { Conversation } from '@parley/contracts';
import { useCallback, useEffect, useMemo, useRef, useState, type FocusEvent, type KeyboardEvent } from 'react';
import { Virtuoso, type VirtuosoHandle } from 'react-virtuoso';
import { useCommand } from '../../commands/commands.ts';
import { usePane } from '../../commands/panes.ts';
import { useLatest } from '../../desk/hooks.ts';
import { useSteadyOrder } from '../../desk/use-steady-order.ts';
import type { LiveGroup } from './live-groups.ts';
import { LiveRow } from './live-row.tsx';
import type { LiveSearch, LiveState } from './live-search.ts';
import styles from './live-list.module.css';

interface ListProps {
  client: string;
  search: LiveSearch;
  /** In the order of the states; a state that is filtered out is absent. */
  groups: readonly LiveGroup[];
  /** Whether there is more at the desk than is here. */
  more: boolean;
  onMore: () => void;
  onOpen: (id: string) => void;
}

type Item =
  | { type: 'heading'; key: string; state: LiveState; count: number; changed: boolean }
  | { type: 'row'; key: string; head: Conversation; gone: boolean };

interface ItemContext {
  client: string;
  search: LiveSearch;
  cursor: string | undefined;
  more: boolean;
  onMore: () => void;
}

const groupNames: Record<LiveState, string> = {
  queued: 'Waiting',
  assigned: 'With a consultant',
  'with-bot': 'With the bot',
};

/** The live conversations, as many as there may be. J and K walk through them, Enter opens one. */
export function LiveList({ client, search, groups, more, onMore, onOpen }: ListProps) {
  const [held, setHeld] = useState(false);
  const [at, setAt] = useState<string>();
  const list = useRef<VirtuosoHandle>(null);
  const root = useRef<HTMLDivElement>(null);
  const pane = usePane('list');

  // One after the other, because each keeps its own order still.
  const shown = [
    useGroup(groups, 'queued', held),
    useGroup(groups, 'assigned', held),
    useGroup(groups, 'with-bot', held),
  ] as const;
  const [queued, assigned, withBot] = shown;
  const items = useMemo(
    () => [...queued, ...assigned, ...withBot].filter((item) => item.type === 'row' || search.state === undefined),
    [queued, assigned, withBot, search.state],
  );
  const rows = useMemo(
    () => items.flatMap((item) => (item.type === 'row' && !item.gone ? [item.head.id] : [])),
    [items],
  );
  const cursor = rows.includes(at ?? '') ? at : search.c !== undefined && rows.includes(search.c) ? search.c : rows[0];

  const opened = items.findIndex((item) => item.key === search.c);
  const [start] = useState(Math.max(0, opened));
  const place = useLatest(opened);
  const beside = search.c !== undefined;
  useEffect(() => {
    // Rows are higher beside a thread: the one that was opened must not slip out of sight.
    const frame = requestAnimationFrame(() => {
      if (beside && place.current >= 0) list.current?.scrollIntoView({ index: place.current });
    });
    return () => cancelAnimationFrame(frame);
  }, [beside, place]);

  const moveTo = useCallback(
    (id: string | undefined) => {
      if (id === undefined) return;
      setAt(id);
      list.current?.scrollIntoView({
        index: items.findIndex((item) => item.key === id),
        done: () => root.current?.querySelector<HTMLElement>(`[data-row="${id}"]`)?.focus(),
      });
    },
    [items],
  );
  const step = (by: 1 | -1) => {
    const inList = root.current?.contains(document.activeElement) === true;
    const from = rows.indexOf((search.c !== undefined && !inList ? search.c : cursor) ?? '');
    // The first press only points at the first row, unless something is pointed at or open already.
    const next = search.c === undefined && !inList ? cursor : rows[(from + by + rows.length) % rows.length];
    moveTo(next);
    if (search.c !== undefined && next !== undefined) onOpen(next);
  };
  const why = rows.length === 0 ? 'There is none.' : undefined;
  useCommand({ id: 'next', title: 'Next conversation', group: 'Go to', keys: 'J', why, run: () => step(1) });
  useCommand({ id: 'previous', title: 'Previous conversation', group: 'Go to', keys: 'K', why, run: () => step(-1) });

  function walk(event: KeyboardEvent) {
    const from = rows.indexOf((document.activeElement as HTMLElement | null)?.dataset['row'] ?? '');
    if (from < 0) return;
    const to = {
      ArrowDown: Math.min(from + 1, rows.length - 1),
      ArrowUp: Math.max(from - 1, 0),
      Home: 0,
      End: rows.length - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    moveTo(rows[to]);
  }

  function blur(event: FocusEvent) {
    if (!event.currentTarget.contains(event.relatedTarget)) setHeld(event.currentTarget.matches(':hover'));
  }

  return (
    <div
      ref={root}
      className={styles['list']}
      data-pane-root
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(root.current?.contains(document.activeElement) === true)}
      onFocus={() => setHeld(true)}
      onBlur={blur}
      onKeyDown={walk}
    >
      <div className={styles['columns']} aria-hidden>
        <span>User</span>
        <span>Last line</span>
        <span>Held by</span>
        <span>Reply</span>
        <span>Since</span>
        <span>Channel</span>
      </div>
      <Virtuoso<Item, ItemContext>
        ref={list}
        scrollerRef={(element) => pane(element as HTMLElement | null)}
        className={styles['scroller'] ?? ''}
        aria-label="Live conversations"
        data={items}
        context={{ client, search, cursor, more, onMore }}
        computeItemKey={(_, item) => item.key}
        itemContent={(_, item, context) => <ItemView item={item} context={context} />}
        initialTopMostItemIndex={{ index: start, align: 'center' }}
        increaseViewportBy={300}
        components={{ List, Item: ListItem, Footer: More }}
      />
    </div>
  );
}

/** The rows of one state under their heading, in an order that does not move under somebody's hand. */
function useGroup(groups: readonly LiveGroup[], state: LiveState, held: boolean): readonly Item[] {
  const group = groups.find((each) => each.state === state);
  const { rows, changed } = useSteadyOrder(group?.heads ?? none, held && group !== undefined);
  return useMemo(
    () =>
      rows.length === 0
        ? []
        : [
            { type: 'heading', key: `heading-${state}`, state, count: group?.heads.length ?? 0, changed },
            ...rows.map(({ head, gone }): Item => ({
              type: 'row',
              key: gone ? `gone-${state}-${head.id}` : head.id,
              head,
              gone,
            })),
          ],
    [rows, changed, state, group?.heads.length],
  );
}

const none: Conversation[] = [];

function ItemView({ item, context: { client, search, cursor } }: { item: Item; context: ItemContext }) {
  if (item.type === 'heading') {
    return (
      <h2 className={styles['heading']}>
        {groupNames[item.state]} <b>{item.count}</b>
        {item.changed && <span>order changed</span>}
      </h2>
    );
  }
  const { id } = item.head;
  return (
    <LiveRow
      client={client}
      head={item.head}
      gone={item.gone}
      search={search}
      current={search.c === id}
      reachable={cursor === id}
    />
  );
}

function List({ context: _, ...rest }: React.ComponentProps<'div'> & { context?: ItemContext }) {
  return <div role="list" {...rest} />;
}

function ListItem({
  context: _,
  item: __,
  ...rest
}: React.ComponentProps<'div'> & { context?: ItemContext; item: Item }) {
  return <div role="listitem" {...rest} />;
}

function More({ context }: { context?: ItemContext }) {
  if (context?.more !== true) return <div className={styles['end']} />;
  return (
    <div className={styles['end']}>
      <button type="button" className={styles['more']} onClick={context.onMore}>
        Show more
      </button>
    </div>
  );
}
