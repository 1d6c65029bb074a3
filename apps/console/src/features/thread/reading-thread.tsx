import { asDeskError, type Log } from '@parley/client';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { Virtuoso, type VirtuosoHandle } from 'react-virtuoso';
import { usePane } from '../../commands/panes.ts';
import { useDesk, useSession } from '../../desk/desk-context.ts';
import { useConversation } from '../../desk/hooks.ts';
import { useNotices } from '../../ui/notices.tsx';
import { Waiting } from '../../ui/waiting.tsx';
import type { Naming } from '../../words/entry-words.ts';
import { userName } from '../../words/people-words.ts';
import { sentence } from '../../words/sentence.ts';
import { Line, type LineContext } from './lines.tsx';
import { jumpIndex, readingItems, readingStart } from './reading-items.ts';
import { prepended, type ThreadItem } from './thread-items.ts';
import styles from './thread.module.css';

/** An entry to go to. Each new object is a new wish, also to the same place. */
export interface Jump {
  seq: number;
}

interface ReadingProps {
  id: string;
  jump: Jump | undefined;
}

/** The whole conversation to read afterwards: everything unfolded, everybody by their full name, earlier lines as one scrolls. Whoever shows it opens the conversation. */
export function ReadingThread({ id, jump }: ReadingProps) {
  const desk = useDesk();
  const { log, problem } = useConversation(id);
  if (log === undefined)
    return <Waiting what="the conversation" why={problem && sentence(problem)} onRetry={() => void desk.refresh(id)} />;
  return <LoadedThread id={id} log={log} jump={jump} />;
}

/** Virtuoso counts from here, so that earlier lines can come in front without a jump. */
const origin = 1_000_000;

function LoadedThread({ id, log, jump }: ReadingProps & { log: Log }) {
  const desk = useDesk();
  const { queues, outcomes } = useSession();
  const { more } = useConversation(id);
  const notify = useNotices();
  const pane = usePane('thread');
  const list = useRef<VirtuosoHandle>(null);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [fetching, setFetching] = useState(false);
  const [target, setTarget] = useState<number>();

  const items = useMemo(() => readingItems(log.entries, closed), [log.entries, closed]);
  const begin = log.entries[0]?.seq;
  const [shown, setShown] = useState({ items, first: origin, begin });
  // Only earlier lines shift what is here; a fold that is opened does not.
  if (shown.items !== items)
    setShown({ items, first: shown.first - (shown.begin === begin ? 0 : prepended(shown.items, items)), begin });

  const [start] = useState(() => readingStart(items, log.head.handoff?.requestedSeq, more));
  const user = userName(log.head.user);
  // Nobody is "you" here: what is read may be quoted.
  const naming = useMemo(
    (): Naming => ({ me: '', bot: log.head.bot.name, user, queues, outcomes }),
    [log.head.bot.name, user, queues, outcomes],
  );
  const onFold = useCallback(
    (key: string) =>
      setClosed((keys) => new Set(keys.has(key) ? [...keys].filter((other) => other !== key) : [...keys, key])),
    [],
  );
  const context = useMemo(
    (): LineContext => ({ head: log.head, naming, onFold, onResend: () => undefined }),
    [log.head, naming, onFold],
  );

  const older = useCallback(async () => {
    setFetching(true);
    try {
      await desk.older(id);
      return true;
    } catch (thrown) {
      notify({ tone: 'bad', text: `The earlier lines could not be fetched. ${sentence(asDeskError(thrown))}` });
      return false;
    } finally {
      setFetching(false);
    }
  }, [desk, id, notify]);

  useEffect(() => {
    if (jump === undefined) return undefined;
    let wanted = true;
    void (async () => {
      const first = () => desk.conversation(id).getSnapshot().log?.entries[0]?.seq ?? 0;
      while (wanted && first() > jump.seq) if (!(await older())) return;
      if (wanted) setTarget(jump.seq);
    })();
    return () => {
      wanted = false;
    };
  }, [jump, desk, id, older]);

  const at = target === undefined ? -1 : jumpIndex(items, target);
  useEffect(() => {
    if (at < 0) return undefined;
    // Not before what has just been fetched is in the list.
    const frame = requestAnimationFrame(() => list.current?.scrollToIndex({ index: at, align: 'start', offset: -48 }));
    return () => cancelAnimationFrame(frame);
    // Scrolled to once per jump; what comes in later must not scroll again.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [target, jump]);

  return (
    <div className={styles['thread']}>
      <Virtuoso<ThreadItem, { more: boolean; fetching: boolean }>
        ref={list}
        scrollerRef={(element) => pane(element as HTMLElement | null)}
        role="log"
        aria-live="off"
        aria-label={`Conversation with ${user}`}
        className={styles['scroller'] ?? ''}
        data={shown.items}
        context={{ more, fetching }}
        firstItemIndex={shown.first}
        initialTopMostItemIndex={start}
        computeItemKey={(_, item) => item.key}
        itemContent={(_, item) => (
          <div data-target={target !== undefined && item.key === `entry-${target}`} className={styles['line']}>
            <Line item={item} context={context} />
          </div>
        )}
        startReached={() => more && !fetching && void older()}
        increaseViewportBy={400}
        components={{ Header: Top, Footer: End }}
      />
    </div>
  );
}

function Top({ context }: { context?: { more: boolean; fetching: boolean } }) {
  if (context?.more !== true) return <div className={styles['top']} />;
  return (
    <p className={styles['earlier']}>
      {context.fetching ? 'Fetching earlier lines…' : 'Earlier lines come as you scroll'}
    </p>
  );
}

function End() {
  return <div className={styles['top']} />;
}
