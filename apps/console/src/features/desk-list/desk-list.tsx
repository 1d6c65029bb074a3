import type { ViewState } from '@parley/client';
import type { Conversation } from '@parley/contracts';
import { Button, Link as FluentLink } from '@fluentui/react-components';
import { useNavigate } from '@tanstack/react-router';
import { useMemo, useRef, useState, type FocusEvent, type KeyboardEvent } from 'react';
import { useCommand } from '../../commands/commands.ts';
import { focusPane, usePane } from '../../commands/panes.ts';
import { useDesk, useSession } from '../../desk/desk-context.ts';
import { useNow, useReadable, useView } from '../../desk/hooks.ts';
import { useClaim } from '../../desk/use-claim.ts';
import { Waiting } from '../../ui/waiting.tsx';
import { sentence } from '../../words/sentence.ts';
import { span } from '../../words/time-words.ts';
import { byPlaceInLine, byTimeLeft } from '../../words/urgency.ts';
import { Announcer } from './announcer.tsx';
import { OfferCard } from './offer-card.tsx';
import { Row } from './row.tsx';
import { useSteadyOrder } from '../../desk/use-steady-order.ts';
import styles from './desk-list.module.css';

/** The work list: what is offered to me, what I hold, and who waits; most urgent first. */
export function DeskList({ client, current }: { client: string; current: string | undefined }) {
  const desk = useDesk();
  const { me, queues, presence, can } = useSession();
  const mine = useView('mine');
  const waiting = useView('waiting');
  const unread = useReadable(desk.unread);
  const navigate = useNavigate();
  const pane = usePane('list');
  const { claim, claiming } = useClaim();
  const [held, setHeld] = useState(false);
  const root = useRef<HTMLElement>(null);

  const offers = useMemo(
    () => waiting.items.filter((head) => isOfferTo(head, me.id)).sort(byPlaceInLine(queues, 0)),
    [waiting.items, me.id, queues],
  );
  const line = useMemo(
    () => waiting.items.filter((head) => !isOfferTo(head, me.id)).sort(byPlaceInLine(queues, 0)),
    [waiting.items, me.id, queues],
  );
  const own = useMemo(() => [...mine.items].sort(byTimeLeft(queues, 0)), [mine.items, queues]);
  const mineShown = useSteadyOrder(own, held);
  const lineShown = useSteadyOrder(line, held);

  const accept = offers[0] ?? line.find(({ id }) => id === current) ?? line[0];
  const full = presence.load >= presence.capacity;
  const whyNot = accept === undefined ? 'Nobody waits.' : full ? sentence({ code: 'at-capacity' }) : undefined;
  useCommand({
    id: 'accept',
    title: offers.length > 0 ? 'Accept the offer' : 'Accept who waits longest',
    group: 'Conversation',
    keys: 'A',
    why: whyNot,
    run: () => accept && void claim(accept.id),
  });

  const rows = [...mineShown.rows, ...lineShown.rows].filter(({ gone }) => !gone).map(({ head }) => head.id);
  const step = (by: 1 | -1) => {
    const at = rows.indexOf(current ?? '');
    const next = rows[at < 0 ? 0 : (at + by + rows.length) % rows.length];
    if (next !== undefined) void navigate({ to: '/$client/c/$conversation', params: { client, conversation: next } });
  };
  useCommand({
    id: 'next',
    title: 'Next conversation',
    group: 'Go to',
    keys: 'J',
    why: rows.length === 0 ? 'There is none.' : undefined,
    run: () => step(1),
  });
  useCommand({
    id: 'previous',
    title: 'Previous conversation',
    group: 'Go to',
    keys: 'K',
    why: rows.length === 0 ? 'There is none.' : undefined,
    run: () => step(-1),
  });

  function walk(event: KeyboardEvent) {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const links = [...(root.current?.querySelectorAll<HTMLElement>('[data-row]') ?? [])];
    const at = links.indexOf(document.activeElement as HTMLElement);
    links[at + (event.key === 'ArrowDown' ? 1 : -1)]?.focus();
    event.preventDefault();
  }

  function blur(event: FocusEvent) {
    if (!event.currentTarget.contains(event.relatedTarget)) setHeld(event.currentTarget.matches(':hover'));
  }

  const rowsOf = (shown: typeof mineShown) =>
    shown.rows.map(({ head, gone }) => (
      <Row
        key={head.id}
        client={client}
        head={head}
        gone={gone}
        current={head.id === current}
        unread={unread.get(head.id) ?? 0}
        onOpen={() => focusPane('composer')}
      />
    ));

  return (
    <section
      ref={root}
      className={styles['list']}
      aria-label="Conversations"
      data-pane-root
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(root.current?.contains(document.activeElement) === true)}
      onFocus={() => setHeld(true)}
      onBlur={blur}
      onKeyDown={walk}
    >
      <div ref={pane} tabIndex={-1} className={styles['start']} />
      {current === undefined && <h1 className="visually-hidden">Desk</h1>}
      <Announcer offers={offers} unread={unread} current={current} />
      {offers.map((head, index) => (
        <OfferCard
          key={head.id}
          head={head}
          first={index === 0}
          busy={claiming === head.id}
          onAccept={() => void claim(head.id)}
        />
      ))}

      <h2>
        Mine <b>{own.length}</b>
        {mineShown.changed && <span className={styles['hint']}>order changed</span>}
      </h2>
      <ViewBody view={mine} what="your conversations" onRetry={() => desk.wake()}>
        {mineShown.rows.length > 0 ? (
          <ul>{rowsOf(mineShown)}</ul>
        ) : (
          <p className={styles['empty']}>
            {can.consult
              ? accept === undefined
                ? 'You hold no conversation.'
                : 'You hold no conversation. Accept the next with A.'
              : 'You watch; you take no conversations.'}
          </p>
        )}
      </ViewBody>

      <h2>
        Waiting <b>{line.length}</b>
        {lineShown.changed ? <span className={styles['hint']}>order changed</span> : <LongestWait heads={line} />}
      </h2>
      <ViewBody view={waiting} what="who waits" onRetry={() => desk.wake()}>
        {can.consult && presence.state !== 'available' && line.length + offers.length > 0 && (
          <p className={styles['empty']}>
            You are {presence.state === 'away' ? 'Away' : 'Offline'}; {line.length + offers.length}{' '}
            {line.length + offers.length === 1 ? 'waits' : 'wait'} in queues you serve.{' '}
            <FluentLink inline onClick={() => void desk.setPresence('available').catch(() => undefined)}>
              Go Available
            </FluentLink>
          </p>
        )}
        {lineShown.rows.length > 0 ? (
          <ul>{rowsOf(lineShown)}</ul>
        ) : (
          <p className={styles['empty']}>
            {offers.length > 0
              ? 'Nobody else waits.'
              : presence.state === 'available' || !can.consult
                ? 'Nobody waits. New conversations appear here by themselves.'
                : `Nobody waits. You are ${presence.state === 'away' ? 'Away' : 'Offline'}; nothing is offered to you.`}
          </p>
        )}
        {waiting.next !== undefined && (
          <Button
            size="small"
            appearance="subtle"
            onClick={() => void desk.lists.more('waiting').catch(() => undefined)}
          >
            Show more
          </Button>
        )}
      </ViewBody>
      <Age view={waiting} />
    </section>
  );
}

function isOfferTo({ holder }: Conversation, person: string): boolean {
  return holder.state === 'queued' && holder.offer?.to.id === person;
}

function LongestWait({ heads }: { heads: Conversation[] }) {
  const now = useNow();
  const since = Math.min(...heads.map((head) => head.handoff?.requestedAt ?? now));
  return heads.length === 0 ? null : <span className={styles['faint']}>longest {span(now - since)}</span>;
}

function ViewBody({
  view,
  what,
  onRetry,
  children,
}: {
  view: ViewState;
  what: string;
  onRetry: () => void;
  children: React.ReactNode;
}) {
  if (view.status === 'ready' || view.at !== undefined) return children;
  if (view.status === 'failed')
    return <Waiting what={what} why={view.problem && sentence(view.problem)} onRetry={onRetry} />;
  return <Waiting what={what} onRetry={onRetry} />;
}

/** Says how old the lists are when nothing keeps them in step. */
function Age({ view }: { view: ViewState }) {
  const desk = useDesk();
  const link = useReadable(desk.connection);
  const now = useNow();
  if (link.state === 'live' || view.at === undefined || now - view.at < 10_000) return null;
  return <p className={styles['age']}>These lists are {span(now - view.at)} old.</p>;
}
