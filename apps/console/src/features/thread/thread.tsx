import { ArrowDownRegular } from '@fluentui/react-icons';
import { unreadOf, type Log } from '@parley/client';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { Virtuoso, type VirtuosoHandle } from 'react-virtuoso';
import { usePane } from '../../commands/panes.ts';
import { useDesk, useSession } from '../../desk/desk-context.ts';
import { useConversation, useOutbox, useSelect } from '../../desk/hooks.ts';
import { useNotices } from '../../ui/notices.tsx';
import { Waiting } from '../../ui/waiting.tsx';
import type { Naming } from '../../words/entry-words.ts';
import { firstName, userName } from '../../words/people-words.ts';
import { sentence } from '../../words/sentence.ts';
import { Line, type LineContext } from './lines.tsx';
import { prepended, startIndex, threadItems, type ThreadItem } from './thread-items.ts';
import { useStickToEnd } from './use-stick-to-end.ts';
import { useUnreadFrom } from './use-unread-from.ts';
import styles from './thread.module.css';

interface ThreadProps {
  id: string;
  /** Puts a text into the composer. */
  onResend: (text: string) => void;
}

/** The whole conversation, newest at the bottom. Whoever shows it opens the conversation. */
export function Thread({ id, onResend }: ThreadProps) {
  const desk = useDesk();
  const { status, log, problem } = useConversation(id);
  if (log === undefined) {
    if (status === 'failed')
      return (
        <Waiting what="the conversation" why={problem && sentence(problem)} onRetry={() => void desk.refresh(id)} />
      );
    return <Waiting what="the conversation" why={problem && sentence(problem)} onRetry={() => void desk.refresh(id)} />;
  }
  return <LoadedThread key={id} id={id} log={log} onResend={onResend} />;
}

/** Virtuoso counts from here, so that earlier lines can come in front without a jump. */
const origin = 1_000_000;

function LoadedThread({ id, log, onResend }: ThreadProps & { log: Log }) {
  const desk = useDesk();
  const { me, queues, outcomes } = useSession();
  const { typing, more } = useConversation(id);
  const outbox = useOutbox(id);
  const notify = useNotices();
  const pane = usePane('thread');
  const list = useRef<VirtuosoHandle>(null);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [fetching, setFetching] = useState(false);
  const unreadFrom = useUnreadFrom(id, log);
  const items = useMemo(
    () => threadItems(log.entries, { open, unreadFrom, outbox }),
    [log.entries, open, unreadFrom, outbox],
  );
  const first = useFirstIndex(items);
  const [start] = useState(() => startIndex(items));
  const [scroller, setScroller] = useState<HTMLElement | null>(null);
  const atBottom = useStickToEnd(scroller, start === items.length - 1);
  useReading(id, log, atBottom);

  const user = firstName(userName(log.head.user));
  const naming = useMemo(
    (): Naming => ({ me: me.id, bot: log.head.bot.name, user, queues, outcomes }),
    [me.id, log.head.bot.name, user, queues, outcomes],
  );
  const onFold = useCallback(
    (key: string) =>
      setOpen((keys) => new Set(keys.has(key) ? [...keys].filter((other) => other !== key) : [...keys, key])),
    [],
  );
  const context = useMemo(
    (): LineContext => ({ head: log.head, naming, onFold, onResend }),
    [log.head, naming, onFold, onResend],
  );

  const takeScroller = useCallback(
    (element: HTMLElement | Window | null) => {
      if (!(element instanceof HTMLElement)) return;
      pane(element);
      setScroller(element);
    },
    [pane],
  );
  const sent = outbox.at(-1)?.id;
  useEffect(() => {
    // What I have just said I want to see, wherever I was reading.
    if (sent !== undefined) list.current?.scrollToIndex({ index: 'LAST', align: 'end' });
  }, [sent]);

  async function older() {
    setFetching(true);
    try {
      await desk.older(id);
    } catch {
      notify({ tone: 'bad', text: 'The earlier lines could not be fetched. Try again.' });
    } finally {
      setFetching(false);
    }
  }

  const writers = typing
    .map((by) => (by.type === 'user' ? user : firstName(by.person.name)))
    .filter((name, index, all) => all.indexOf(name) === index);
  const below = useUnseenBelow(log, atBottom);
  return (
    <div className={styles['thread']}>
      <Virtuoso<ThreadItem, { more: boolean; fetching: boolean; older: () => void }>
        ref={list}
        scrollerRef={takeScroller}
        role="log"
        aria-label={`Conversation with ${userName(log.head.user)}`}
        // Reading back must not be read out again.
        aria-live={atBottom ? 'polite' : 'off'}
        className={styles['scroller'] ?? ''}
        data={items}
        context={{ more, fetching, older: () => void older() }}
        firstItemIndex={first}
        initialTopMostItemIndex={{ index: start, align: start === items.length - 1 ? 'end' : 'start' }}
        computeItemKey={(_, item) => item.key}
        itemContent={(_, item) => <Line item={item} context={context} />}
        increaseViewportBy={400}
        alignToBottom
        components={{ Header: Earlier }}
      />
      {!atBottom && (
        <button
          type="button"
          className={styles['down']}
          onClick={() => list.current?.scrollToIndex({ index: 'LAST', align: 'end', behavior: 'auto' })}
        >
          <ArrowDownRegular aria-hidden /> {below > 0 ? `${below} new` : 'Newest'}
        </button>
      )}
      <p className={styles['typing']} aria-live="polite">
        {writers.length > 0 && `${writers.join(' and ')} ${writers.length === 1 ? 'is' : 'are'} typing…`}
      </p>
    </div>
  );
}

function Earlier({ context }: { context?: { more: boolean; fetching: boolean; older: () => void } }) {
  if (context?.more !== true) return <div className={styles['top']} />;
  return (
    <div className={styles['earlier']}>
      <button type="button" className={styles['link']} disabled={context.fetching} onClick={context.older}>
        {context.fetching ? 'Fetching earlier lines…' : 'Show earlier lines'}
      </button>
    </div>
  );
}

function useFirstIndex(items: readonly ThreadItem[]): number {
  const before = useRef<{ items: readonly ThreadItem[]; first: number }>({ items, first: origin });
  if (before.current.items !== items)
    before.current = { items, first: before.current.first - prepended(before.current.items, items) };
  return before.current.first;
}

/** What is at the bottom of a visible page counts as read. */
function useReading(id: string, log: Log, atBottom: boolean): void {
  const desk = useDesk();
  const last = log.entries.at(-1)?.seq ?? 0;
  useEffect(() => {
    const read = () => {
      if (atBottom && document.visibilityState === 'visible') desk.reads.mark(id, last);
    };
    read();
    document.addEventListener('visibilitychange', read);
    return () => document.removeEventListener('visibilitychange', read);
  }, [desk, id, last, atBottom]);
}

function useUnseenBelow(log: Log, atBottom: boolean): number {
  const seen = useSelect(useDesk().reads.items, (items) => items.get(log.head.id));
  return atBottom ? 0 : unreadOf(log, seen ?? Number.MAX_SAFE_INTEGER).length;
}
