import type { Conversation } from '@parley/contracts';
import type { ReactNode } from 'react';
import { usePane } from '../../commands/panes.ts';
import { useDesk, useSession } from '../../desk/desk-context.ts';
import { useConversation } from '../../desk/hooks.ts';
import { fallbackWords, outcomeName, queueName } from '../../words/entry-words.ts';
import { channelName, languageName } from '../../words/people-words.ts';
import { exactTime, span } from '../../words/time-words.ts';
import { durationsOf, type Episode } from './episodes.ts';
import { stars, stateWords } from './transcript-words.ts';
import styles from './transcript-facts.module.css';

interface FactsProps {
  id: string;
  head: Conversation | undefined;
  episodes: readonly Episode[];
  /** Whether all lines are here, so that no handoff is missing. */
  whole: boolean;
  onJump: (seq: number) => void;
}

/** What is known of a kept conversation besides its lines. */
export function TranscriptFacts({ id, head, episodes, whole, onJump }: FactsProps) {
  const { outcomes } = useSession();
  const { log } = useConversation(id);
  const pane = usePane('context');
  const rating = log?.entries.findLast((entry) => entry.kind === 'rated');
  if (head === undefined) return null;
  const { user, holder, channel, openedAt, updatedAt } = head;
  return (
    <aside ref={pane} tabIndex={-1} className={styles['facts']} aria-label="Details">
      <Section title="Who">
        <dl>
          <Pair name="Name">{user.name ?? 'not given'}</Pair>
          <Pair name="Identity">
            {user.verified === undefined ? (
              <span className={styles['unverified']}>◇ not verified</span>
            ) : (
              <>
                <span className={styles['verified']}>✓ verified</span> as {user.verified.as}
                <small>
                  {user.verified.by}, {exactTime(user.verified.at)}
                </small>
              </>
            )}
          </Pair>
          {user.language !== undefined && <Pair name="Language">{languageName(user.language)}</Pair>}
          <Pair name="Channel">{channelName(channel)}</Pair>
          <Pair name="Began">{exactTime(openedAt)}</Pair>
          <Pair name="Last change">{exactTime(updatedAt)}</Pair>
        </dl>
      </Section>
      <Section title="How it stands">
        <dl>
          <Pair name="State">{stateWords(holder.state)}</Pair>
          {holder.state === 'closed' && <Pair name="Outcome">{outcomeName(holder.outcome, { outcomes })}</Pair>}
          {holder.state === 'closed' && (
            <Pair name="Ended by">
              {holder.fallback === undefined ? byName(holder.by) : fallbackWords(holder.fallback)}
            </Pair>
          )}
          <Pair name="Rating">
            {head.rating === undefined ? (
              'not rated'
            ) : (
              <>
                <span aria-hidden>{stars(head.rating)}</span> {head.rating} of 5
                {rating?.comment !== undefined && <small>“{rating.comment}”</small>}
              </>
            )}
          </Pair>
        </dl>
      </Section>
      {episodes.map((episode) => (
        <EpisodeFacts key={episode.seq} episode={episode} of={episodes.length} onJump={onJump} />
      ))}
      {episodes.length === 0 && (
        <Section title="Handoff">
          {
            <p className={styles['none']}>
              {whole ? 'The bot never asked for a human.' : 'None in the lines shown so far.'}
            </p>
          }
        </Section>
      )}
      {!whole && (episodes[0]?.n ?? 1) > 1 && <p className={styles['none']}>Earlier handoffs show as you scroll up.</p>}
    </aside>
  );
}

function EpisodeFacts({ episode, of, onJump }: { episode: Episode; of: number; onJump: (seq: number) => void }) {
  const { queues } = useSession();
  const desk = useDesk();
  const { waited, abandoned, firstResponse, handled } = durationsOf(episode, desk.now());
  const running = episode.endedAt === undefined;
  return (
    <Section title={of > 1 || episode.n > 1 ? `Handoff ${episode.n}` : 'Handoff'}>
      <dl>
        {episode.reason !== '' && <Pair name="Reason">{episode.reason}</Pair>}
        <Pair name="Queue">{queueName(episode.queue, { queues })}</Pair>
        <Pair name="Held by">{episode.heldBy.length === 0 ? 'nobody' : episode.heldBy.join(', then ')}</Pair>
        {episode.transfers > 0 && <Pair name="Transfers">{episode.transfers}</Pair>}
        <Pair name="Wait" title="Speed to answer: from the request until somebody accepted">
          {span(waited)}
          {abandoned && <small>nobody accepted</small>}
          {running && episode.acceptedAt === undefined && <small>still waiting</small>}
        </Pair>
        <Pair name="First reply" title="First response time: from the request until the first line of a consultant">
          {firstResponse === undefined ? 'none' : span(firstResponse)}
        </Pair>
        {handled !== undefined && (
          <Pair name="Handled" title="Handle time: from accepting until the end of the handoff">
            {span(handled)}
            {running && <small>so far</small>}
          </Pair>
        )}
      </dl>
      <button type="button" className={styles['link']} onClick={() => onJump(episode.seq)}>
        Go to {new Date(episode.requestedAt).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' })}
      </button>
    </Section>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={styles['section']}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Pair({ name, title, children }: { name: string; title?: string; children: ReactNode }) {
  return (
    <>
      <dt title={title}>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function byName(by: Extract<Conversation['holder'], { state: 'closed' }>['by']): string {
  switch (by.type) {
    case 'person':
      return by.name;
    case 'user':
      return by.name ?? 'the user';
    case 'bot':
      return by.name ?? 'the bot';
    case 'desk':
      return 'the desk';
  }
}
