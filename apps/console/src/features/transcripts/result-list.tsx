import type { DeskError } from '@parley/client';
import type { TranscriptHit } from '@parley/contracts';
import { Link } from '@tanstack/react-router';
import { useMemo, useRef, type ComponentProps, type KeyboardEvent } from 'react';
import { Virtuoso, type VirtuosoHandle } from 'react-virtuoso';
import { useCommand } from '../../commands/commands.ts';
import { focusPane, usePane } from '../../commands/panes.ts';
import { useDesk, useSession } from '../../desk/desk-context.ts';
import { Waiting } from '../../ui/waiting.tsx';
import { queueName } from '../../words/entry-words.ts';
import { channelName, userName } from '../../words/people-words.ts';
import { sentence } from '../../words/sentence.ts';
import { clockTime, exactTime, shortDate } from '../../words/time-words.ts';
import { snippetParts } from './snippet.ts';
import type { TranscriptSearch } from './transcript-search.ts';
import { standing, stars } from './transcript-words.ts';
import styles from './result-list.module.css';

interface ResultsProps {
  client: string;
  search: TranscriptSearch;
  hits: readonly TranscriptHit[];
  results: {
    isPending: boolean;
    isFetchingNextPage: boolean;
    hasNextPage: boolean;
    error: DeskError | null;
    refetch: () => unknown;
    fetchNextPage: () => unknown;
  };
  /** Takes off everything that narrows the search; undefined where nothing does. */
  onClear: (() => void) | undefined;
  onOpen: (id: string) => void;
}

/** What was found, newest first, with the passage where the words stand. J and K walk through it. */
export function ResultList({ client, search, hits, results, onClear, onOpen }: ResultsProps) {
  const list = useRef<VirtuosoHandle>(null);
  const root = useRef<HTMLDivElement>(null);
  const pane = usePane('list');
  const ids = useMemo(() => hits.map(({ conversation }) => conversation.id), [hits]);
  const reachable = search.c !== undefined && ids.includes(search.c) ? search.c : ids[0];

  const moveTo = (index: number) =>
    list.current?.scrollIntoView({
      index,
      done: () => root.current?.querySelector<HTMLElement>(`[data-row="${ids[index]}"]`)?.focus(),
    });
  const step = (by: 1 | -1) => {
    const focused = ids.indexOf((document.activeElement as HTMLElement | null)?.dataset['row'] ?? '');
    const from = focused >= 0 ? focused : ids.indexOf(search.c ?? '');
    const next = from < 0 ? 0 : Math.min(Math.max(from + by, 0), ids.length - 1);
    moveTo(next);
    if (search.c !== undefined) onOpen(ids[next] as string);
  };
  const why = ids.length === 0 ? 'There is none.' : undefined;
  useCommand({ id: 'next', title: 'Next result', group: 'Go to', keys: 'J', why, run: () => step(1) });
  useCommand({ id: 'previous', title: 'Previous result', group: 'Go to', keys: 'K', why, run: () => step(-1) });

  function walk(event: KeyboardEvent) {
    const from = ids.indexOf((document.activeElement as HTMLElement | null)?.dataset['row'] ?? '');
    const to = {
      ArrowDown: Math.min(from + 1, ids.length - 1),
      ArrowUp: Math.max(from - 1, 0),
      Home: 0,
      End: ids.length - 1,
    }[event.key];
    if (from < 0 || to === undefined) return;
    event.preventDefault();
    moveTo(to);
  }

  if (results.isPending) return <Waiting what="what was found" onRetry={() => void results.refetch()} />;
  if (results.error !== null && hits.length === 0) {
    return (
      <div className={styles['empty']} role="alert">
        <p>{sentence(results.error)}</p>
        <button type="button" className={styles['button']} onClick={() => void results.refetch()}>
          Try again
        </button>
      </div>
    );
  }
  if (hits.length === 0) {
    return (
      <div className={styles['empty']} role="status">
        <p>
          {onClear === undefined
            ? 'The desk has kept no conversation yet.'
            : search.text === undefined
              ? 'No conversation fits these filters.'
              : `Nobody said “${search.text}”${Object.keys(search).some((name) => name !== 'c' && name !== 'text') ? ' in what these filters leave' : ''}. Words are looked for whole, the last one also as a beginning.`}
        </p>
        {onClear !== undefined && (
          <button type="button" className={styles['button']} onClick={onClear}>
            Show everything
          </button>
        )}
      </div>
    );
  }
  return (
    <div ref={root} className={styles['results']} data-pane-root onKeyDown={walk}>
      <p className={styles['count']} role="status">
        {hits.length}
        {results.hasNextPage && '+'} {hits.length === 1 ? 'conversation' : 'conversations'}, newest first
      </p>
      <Virtuoso<TranscriptHit, ListContext>
        ref={list}
        scrollerRef={(element) => pane(element as HTMLElement | null)}
        className={styles['scroller'] ?? ''}
        aria-label="Found conversations"
        data={hits}
        context={{
          client,
          search,
          reachable,
          more: results.hasNextPage,
          fetching: results.isFetchingNextPage,
          problem: results.error,
          onMore: () => void results.fetchNextPage(),
        }}
        computeItemKey={(_, { conversation }) => conversation.id}
        itemContent={(_, hit, context) => <Result hit={hit} context={context} />}
        increaseViewportBy={300}
        components={{ List, Item, Footer: More }}
      />
    </div>
  );
}

interface ListContext {
  client: string;
  search: TranscriptSearch;
  /** The one row that Tab stops at. */
  reachable: string | undefined;
  more: boolean;
  fetching: boolean;
  problem: DeskError | null;
  onMore: () => void;
}

function Result({
  hit: { conversation, snippet },
  context: { client, search, reachable },
}: {
  hit: TranscriptHit;
  context: ListContext;
}) {
  const { queues, outcomes } = useSession();
  const desk = useDesk();
  const { id, user, handoff, updatedAt, channel, rating } = conversation;
  const now = desk.now();
  const today = new Date(updatedAt).toDateString() === new Date(now).toDateString();
  return (
    <Link
      to="/$client/transcripts"
      params={{ client }}
      search={{ ...search, c: id }}
      className={styles['result']}
      data-row={id}
      tabIndex={reachable === id ? 0 : -1}
      aria-current={search.c === id ? 'page' : undefined}
      onClick={() => focusPane('thread')}
    >
      <span className={styles['name']}>
        {userName(user)}
        {user.verified !== undefined && (
          <span className={styles['verified']} title={`Verified by ${user.verified.by}`}>
            ✓<span className="visually-hidden"> verified</span>
          </span>
        )}
      </span>
      <time className={styles['time']} dateTime={new Date(updatedAt).toISOString()} title={exactTime(updatedAt)}>
        {today ? clockTime(updatedAt) : shortDate(updatedAt, now)}
      </time>
      <span className={styles['snippet']} dir="auto">
        {snippet === undefined
          ? (handoff?.reason ?? conversation.last?.text ?? 'Nothing said yet')
          : snippetParts(snippet).map((part, index) => (part.hit ? <mark key={index}>{part.text}</mark> : part.text))}
      </span>
      <span className={styles['facts']}>
        <span>{conversation.holder.state === 'queued' ? 'Waiting' : standing(conversation, { queues, outcomes })}</span>
        {handoff !== undefined && <span>{queueName(handoff.queue, { queues })}</span>}
        {handoff?.acceptedBy !== undefined &&
          (conversation.holder.state === 'closed' || conversation.holder.state === 'with-bot') && (
            <span>{handoff.acceptedBy.name}</span>
          )}
        <span>{channelName(channel)}</span>
        {rating !== undefined && (
          <span title={`Rated ${rating} of 5`}>
            <span aria-hidden>{stars(rating)}</span>
            <span className="visually-hidden">rated {rating} of 5</span>
          </span>
        )}
      </span>
    </Link>
  );
}

function List({ context: _, ...rest }: ComponentProps<'div'> & { context?: ListContext }) {
  return <div role="list" {...rest} />;
}

function Item({
  context: _,
  item: __,
  ...rest
}: ComponentProps<'div'> & { context?: ListContext; item: TranscriptHit }) {
  return <div role="listitem" {...rest} />;
}

function More({ context }: { context?: ListContext }) {
  if (context === undefined) return null;
  const { more, fetching, problem, onMore } = context;
  return (
    <div className={styles['more']}>
      {problem !== null && <p role="alert">{sentence(problem)}</p>}
      {more ? (
        <button type="button" className={styles['button']} disabled={fetching} onClick={onMore}>
          {fetching ? 'Loading…' : 'Load more'}
        </button>
      ) : (
        <p>That is all.</p>
      )}
    </div>
  );
}
