import { Button } from '@fluentui/react-components';
import { ChevronRightRegular } from '@fluentui/react-icons';
import type { OutboxItem } from '@parley/client';
import type { Conversation, Entry, EntryOf } from '@parley/contracts';
import { memo, useState } from 'react';
import { useDesk } from '../../desk/desk-context.ts';
import { useNow } from '../../desk/hooks.ts';
import { deliveryOf } from '../../words/delivery-words.ts';
import { actorName, eventWords, type Naming } from '../../words/entry-words.ts';
import { sentence } from '../../words/sentence.ts';
import { clockTime, dayWords, exactTime } from '../../words/time-words.ts';
import { DeliveryState, RetryButton } from './delivery-state.tsx';
import { Attachments, Spoken } from './spoken.tsx';
import type { ThreadItem } from './thread-items.ts';
import styles from './thread.module.css';

export interface LineContext {
  head: Conversation;
  naming: Naming;
  onFold: (key: string) => void;
  onResend: (text: string) => void;
}

export const Line = memo(function Line({ item, context }: { item: ThreadItem; context: LineContext }) {
  switch (item.type) {
    case 'day':
      return <Day at={item.at} />;
    case 'fold':
      return <Fold item={item} onFold={context.onFold} />;
    case 'message':
      return <Message entry={item.entry} folded={item.folded} context={context} />;
    case 'note':
      return <Note entry={item.entry} naming={context.naming} />;
    case 'suppressed':
      return <Suppressed entry={item.entry} naming={context.naming} />;
    case 'event':
      return <Event item={item} naming={context.naming} />;
    case 'unread':
      return (
        <div className={styles['unread']} role="separator">
          {item.count} new since {clockTime(item.since)}
        </div>
      );
    case 'pending':
      return <Pending item={item.item} context={context} />;
  }
});

function Day({ at }: { at: number }) {
  const now = useNow();
  return <div className={styles['day']}>{dayWords(at, now)}</div>;
}

function Fold({ item, onFold }: { item: Extract<ThreadItem, { type: 'fold' }>; onFold: (key: string) => void }) {
  const { entries, tried, open, key } = item;
  const lines = entries.filter(({ kind }) => kind === 'message').length;
  const from = clockTime(entries[0]?.at ?? 0);
  const to = clockTime(entries.at(-1)?.at ?? 0);
  return (
    <button type="button" className={styles['fold']} aria-expanded={open} onClick={() => onFold(key)}>
      <ChevronRightRegular className={styles['chevron'] ?? ''} aria-hidden />
      <span>
        With the bot, {from === to ? from : `${from}–${to}`} · {lines} {lines === 1 ? 'line' : 'lines'}
        {tried.length > 0 && ` · it tried: ${tried.map(({ what }) => what).join(', ')}`}
      </span>
    </button>
  );
}

function Message({
  entry,
  folded,
  context: { head, naming },
}: {
  entry: EntryOf<'message'>;
  folded: boolean;
  context: LineContext;
}) {
  const mine = entry.by.type === 'person' && entry.by.id === naming.me;
  const side = entry.by.type === 'person' ? 'desk' : entry.by.type;
  const state = deliveryOf(entry, head.delivery);
  if (entry.notice === true) {
    return (
      <div className={styles['notice']}>
        <Time at={entry.at} /> <b>{actorName(entry, naming)}</b> told {naming.user}: “{entry.text}”
      </div>
    );
  }
  return (
    <div className={styles['message']} data-side={side} data-folded={folded}>
      <div className={styles['bubble']}>
        <span className="visually-hidden">{actorName(entry, naming)}: </span>
        <Spoken text={entry.text} />
        <Attachments items={entry.attachments} />
        <div className={styles['meta']}>
          {!mine && side !== 'user' && <span>{actorName(entry, naming)} ·</span>}
          <Time at={entry.at} />
          <DeliveryState entry={entry} head={head} />
          {state === 'failed' && <RetryButton head={head} small />}
        </div>
      </div>
    </div>
  );
}

function Note({ entry, naming }: { entry: EntryOf<'note'>; naming: Naming }) {
  return (
    <div className={styles['message']} data-side="desk">
      <div className={`${styles['bubble']} ${styles['note']}`}>
        <span className="visually-hidden">Note by {actorName(entry, naming)}: </span>
        <Spoken text={entry.text} />
        <div className={styles['meta']}>
          {entry.by.type === 'person' && entry.by.id !== naming.me && <span>{entry.by.name} ·</span>}
          <Time at={entry.at} />
          <span>· note, only the desk sees this</span>
        </div>
      </div>
    </div>
  );
}

function Suppressed({ entry, naming }: { entry: EntryOf<'suppressed'>; naming: Naming }) {
  const [open, setOpen] = useState(false);
  const whose = entry.by.type === 'bot' ? 'bot line' : `line of ${actorName(entry, naming)}`;
  return (
    <div className={styles['suppressed']}>
      <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
        {whose} suppressed{open ? '' : `: “${entry.text.length > 60 ? `${entry.text.slice(0, 60)}…` : entry.text}”`}
        <ChevronRightRegular className={styles['chevron'] ?? ''} aria-hidden />
      </button>
      {open && (
        <p>
          <Spoken text={entry.text} />
          <small>
            <Time at={entry.at} /> · {naming.user} never saw this: it was spoken after the conversation changed hands.
          </small>
        </p>
      )}
    </div>
  );
}

function Event({ item, naming }: { item: Extract<ThreadItem, { type: 'event' }>; naming: Naming }) {
  const { who, what } = eventWords(item.entry, naming, item.accepted);
  return (
    <div className={styles['event']} data-kind={item.entry.kind}>
      <Time at={item.entry.at} /> {who !== '' && <b>{who}</b>}
      {what}
    </div>
  );
}

function Pending({ item, context: { head, onResend } }: { item: OutboxItem; context: LineContext }) {
  const desk = useDesk();
  const now = useNow();
  const failed = item.state === 'failed';
  const why = failed
    ? sentence(
        { code: item.problem?.code ?? 'internal', detail: item.problem?.detail, holder: item.problem?.holder },
        desk.now(),
      )
    : undefined;
  const waiting = now - item.composedAt > 4_000;
  return (
    <div className={styles['message']} data-side="desk" data-pending={item.state}>
      <div className={`${styles['bubble']} ${item.kind === 'note' ? styles['note'] : ''}`}>
        <Spoken text={item.text} />
        <div className={styles['meta']} role={failed ? 'alert' : undefined}>
          <Time at={item.composedAt} />
          {failed ? (
            <span data-delivery="failed">· failed: {why}</span>
          ) : (
            <span>· queued{waiting ? ', tried again until the desk has it' : ''}</span>
          )}
        </div>
        {failed && (
          <div className={styles['again']}>
            <Button size="small" onClick={() => desk.outbox.retry(item.id, head.epoch)}>
              Send again
            </Button>
            <Button
              size="small"
              appearance="subtle"
              onClick={() => {
                onResend(item.text);
                desk.outbox.discard(item.id);
              }}
            >
              Edit
            </Button>
            <Button size="small" appearance="subtle" onClick={() => desk.outbox.discard(item.id)}>
              Discard
            </Button>
          </div>
        )}
      </div>
    </div>
  );
}

function Time({ at }: Pick<Entry, 'at'>) {
  return (
    <time dateTime={new Date(at).toISOString()} title={exactTime(at)}>
      {clockTime(at)}
    </time>
  );
}
