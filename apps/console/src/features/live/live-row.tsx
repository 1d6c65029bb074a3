import type { Conversation } from '@parley/contracts';
import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import { focusPane } from '../../commands/panes.ts';
import { useSession } from '../../desk/desk-context.ts';
import { useNow } from '../../desk/hooks.ts';
import { DueChip } from '../../ui/due-chip.tsx';
import { channelName, languageCode, userName } from '../../words/people-words.ts';
import { queueName } from '../../words/entry-words.ts';
import { exactTime, span, spokenSpan } from '../../words/time-words.ts';
import { holderWords, lastSaid } from './live-groups.ts';
import type { LiveSearch } from './live-search.ts';
import styles from './live-list.module.css';

interface RowProps {
  client: string;
  head: Conversation;
  search: LiveSearch;
  current: boolean;
  /** The one row of the list that Tab stops at. */
  reachable: boolean;
  /** No longer where it is shown, but still under somebody's hand. */
  gone: boolean;
}

/** One live conversation: who, their last words, who has it, how urgent, since when, where. */
export const LiveRow = memo(function LiveRow({ client, head, search, current, reachable, gone }: RowProps) {
  const { me, queues } = useSession();
  const { holder } = head;
  const queue = holder.state === 'queued' || holder.state === 'assigned' ? queueName(holder.queue, { queues }) : '';
  const words = holderWords(head, me.id, queue);
  const name = userName(head.user);
  if (gone) {
    return (
      <p className={styles['gone']}>
        {name} <small>{holder.state === 'closed' ? 'closed' : `now: ${words}`}</small>
      </p>
    );
  }
  return (
    <Link
      to="/$client/live"
      params={{ client }}
      search={{ ...search, c: head.id }}
      className={styles['row']}
      data-row={head.id}
      tabIndex={reachable ? 0 : -1}
      aria-current={current ? 'page' : undefined}
      onClick={() => focusPane('thread')}
    >
      <span className={styles['name']}>
        {name}
        {head.user.language !== undefined && <small title="Language">{languageCode(head.user.language)}</small>}
      </span>
      <span className={styles['last']} dir="auto">
        {lastSaid(head)}
      </span>
      <span className={styles['chip']}>
        <DueChip head={head} />
        {head.delivery.failed !== undefined && <span className={styles['failed']}>✕ not delivered</span>}
      </span>
      <span className={styles['facts']}>
        <span className={styles['holder']}>
          <span className="visually-hidden">{holder.state === 'queued' ? ', waiting in ' : ', with '}</span>
          {words}
          {holder.state === 'assigned' && <small>{queue}</small>}
        </span>
        <Since at={holder.since} />
        <span className={styles['channel']}>{channelName(head.channel)}</span>
      </span>
    </Link>
  );
});

function Since({ at }: { at: number }) {
  const now = useNow();
  return (
    <span className={styles['since']} title={`Since ${exactTime(at)}`}>
      <span aria-hidden>{span(now - at)}</span>
      <span className="visually-hidden">, for {spokenSpan(Math.max(0, Math.floor((now - at) / 60_000) * 60_000))}</span>
    </span>
  );
}
