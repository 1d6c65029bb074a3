import type { Conversation } from '@parley/contracts';
import { Link } from '@tanstack/react-router';
import { useSession } from '../../desk/desk-context.ts';
import { DueChip } from '../../ui/due-chip.tsx';
import { channelName, languageCode, lastLine, userName } from '../../words/people-words.ts';
import styles from './row.module.css';

interface RowProps {
  client: string;
  head: Conversation;
  current: boolean;
  unread: number;
  /** No longer in this list, but still under somebody's hand. */
  gone: boolean;
  onOpen: () => void;
}

/** One conversation of a list: who, their last words, how urgent, where. */
export function Row({ client, head, current, unread, gone, onOpen }: RowProps) {
  const { queues, me } = useSession();
  const { holder } = head;
  const queue =
    holder.state === 'queued' || holder.state === 'assigned'
      ? (queues.find(({ id }) => id === holder.queue)?.name ?? holder.queue)
      : undefined;
  const offeredTo =
    holder.state === 'queued' && holder.offer !== undefined && holder.offer.to.id !== me.id
      ? holder.offer.to.name
      : undefined;
  const name = userName(head.user);
  if (gone) {
    return (
      <li className={styles['gone']}>
        <span>{name}</span> <small>{goneWhere(head, me.id)}</small>
      </li>
    );
  }
  return (
    <li>
      <Link
        to="/$client/c/$conversation"
        params={{ client, conversation: head.id }}
        className={styles['row']}
        data-row={head.id}
        data-unread={unread > 0}
        aria-current={current ? 'page' : undefined}
        onClick={onOpen}
      >
        <span className={styles['name']}>{name}</span>
        <DueChip head={head} />
        <span className={styles['text']}>{lastLine(head)}</span>
        <span className={styles['facts']}>
          <span>{holder.state === 'queued' ? queue : channelName(head.channel)}</span>
          {head.user.language !== undefined && <span>{languageCode(head.user.language)}</span>}
          {holder.state === 'queued' && holder.reservedFor?.id === me.id && <span>kept for you</span>}
          {offeredTo !== undefined && <span>offered to {offeredTo}</span>}
          {head.delivery.failed !== undefined && <span className={styles['failed']}>✕ not delivered</span>}
          {unread > 0 && (
            <span className={styles['badge']}>
              {unread}
              <span className="visually-hidden"> unread</span>
            </span>
          )}
        </span>
      </Link>
    </li>
  );
}

function goneWhere({ holder }: Conversation, me: string): string {
  switch (holder.state) {
    case 'assigned':
      return holder.consultant.id === me ? 'yours now' : `with ${holder.consultant.name}`;
    case 'with-bot':
      return 'back with the bot';
    case 'closed':
      return 'closed';
    case 'queued':
      return 'no longer here';
  }
}
