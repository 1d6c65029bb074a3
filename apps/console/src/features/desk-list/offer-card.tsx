import { Button } from '@fluentui/react-components';
import type { Conversation } from '@parley/contracts';
import { asDeskError } from '@parley/client';
import { useState } from 'react';
import { useCommand } from '../../commands/commands.ts';
import { useDesk, useSession } from '../../desk/desk-context.ts';
import { useNow } from '../../desk/hooks.ts';
import { useNotices } from '../../ui/notices.tsx';
import { channelName, languageCode, userName } from '../../words/people-words.ts';
import { sentence } from '../../words/sentence.ts';
import { clockSpan, span } from '../../words/time-words.ts';
import styles from './offer-card.module.css';

const reasons = ['Busy with another', 'Not my subject', 'Not my language', 'About to leave'];

/** A conversation offered to me: what it is about, how long I have, and one key or click to answer. */
export function OfferCard({
  head,
  first,
  busy,
  onAccept,
}: {
  head: Conversation;
  first: boolean;
  busy: boolean;
  onAccept: () => void;
}) {
  const desk = useDesk();
  const { queues } = useSession();
  const notify = useNotices();
  const now = useNow();
  const [declining, setDeclining] = useState(false);
  useCommand(
    first
      ? { id: 'decline', title: 'Decline the offer', group: 'Conversation', run: () => setDeclining(true) }
      : undefined,
  );
  if (head.holder.state !== 'queued' || head.holder.offer === undefined) return null;
  const { offer, since, queue, comment } = head.holder;
  const left = Math.max(0, offer.until - now);
  const share = left / Math.max(1, offer.until - offer.since);
  const name = userName(head.user);

  async function decline(reason: string) {
    try {
      await desk.command(head.id, 'decline', { reason });
    } catch (thrown) {
      const problem = asDeskError(thrown);
      if (problem.code !== 'no-offer' && problem.code !== 'not-found')
        notify({ tone: 'bad', text: sentence(problem, desk.now()) });
    }
  }

  return (
    <article className={styles['offer']} aria-label={`Offer: ${name}`}>
      <div className={styles['top']}>
        <strong>{name}</strong>
        <span className={styles['left']} data-short={left < 10_000}>
          <span className="visually-hidden">offered to you for another </span>
          {clockSpan(left)}
        </span>
      </div>
      <p className={styles['why']}>{head.handoff?.reason ?? 'Asked for a human'}</p>
      {head.userLines.length > 0 && (
        <ul className={styles['lines']} aria-label="Last words of the user">
          {head.userLines.map((line, index) => (
            <li key={index}>“{line}”</li>
          ))}
        </ul>
      )}
      {comment !== undefined && <p className={styles['comment']}>{comment}</p>}
      <p className={styles['facts']}>
        <span>{queues.find(({ id }) => id === queue)?.name ?? queue}</span>
        <span>{channelName(head.channel)}</span>
        {head.user.language !== undefined && <span>{languageCode(head.user.language)}</span>}
        <span>waited {span(now - (head.handoff?.requestedAt ?? since))}</span>
      </p>
      {declining ? (
        <div className={styles['reasons']} role="group" aria-label="Why do you decline?">
          {reasons.map((reason, index) => (
            <Button key={reason} size="small" autoFocus={index === 0} onClick={() => void decline(reason)}>
              {reason}
            </Button>
          ))}
          <Button size="small" appearance="subtle" onClick={() => setDeclining(false)}>
            Keep it
          </Button>
        </div>
      ) : (
        <div className={styles['buttons']}>
          <Button appearance="primary" disabled={busy} onClick={onAccept}>
            {busy ? 'Accepting…' : 'Accept'}
            {first && !busy && <span className={styles['key']}>A</span>}
          </Button>
          <Button onClick={() => setDeclining(true)}>Decline</Button>
        </div>
      )}
      <div className={styles['bar']} aria-hidden>
        <i style={{ transform: `scaleX(${share})` }} />
      </div>
    </article>
  );
}
