import { Button } from '@fluentui/react-components';
import { DismissRegular } from '@fluentui/react-icons';
import type { Conversation, Earlier, EntryOf, Fact } from '@parley/contracts';
import type { ReactNode } from 'react';
import { useRunCommand } from '../../commands/commands.ts';
import { usePane } from '../../commands/panes.ts';
import { useSession } from '../../desk/desk-context.ts';
import { useConversation, useNow } from '../../desk/hooks.ts';
import { outcomeName } from '../../words/entry-words.ts';
import { channelName, languageName } from '../../words/people-words.ts';
import { clockTime, exactTime, shortDate, span } from '../../words/time-words.ts';
import styles from './context-pane.module.css';

const sources: Record<NonNullable<Fact['source']>, string> = {
  user: 'the user said so',
  bot: 'the bot found out',
  directory: 'from the directory',
};

/** What is known about a conversation, always in the same order: who, why now, what is known, what was tried, what was before. */
export function ContextPane({ id, head }: { id: string; head: Conversation | undefined }) {
  const { log, earlier, viewing } = useConversation(id);
  const { me, outcomes } = useSession();
  const pane = usePane('context');
  const run = useRunCommand();
  const now = useNow();
  const request = log?.entries.findLast(
    (entry): entry is EntryOf<'handoff-requested'> => entry.kind === 'handoff-requested',
  );
  const packet = request?.packet;
  const others = viewing.filter((person) => person.id !== me.id);
  const user = request === undefined ? head?.user : { ...request.user, ...head?.user };
  return (
    <aside className={styles['context']} aria-label="Context" data-pane-root>
      <div ref={pane} tabIndex={-1} className={styles['start']}>
        <Button
          className={styles['close'] ?? ''}
          appearance="subtle"
          size="small"
          icon={<DismissRegular />}
          aria-label="Close the context pane"
          onClick={() => run('context')}
        />
      </div>
      {user !== undefined && head !== undefined && (
        <Section title="Who">
          <dl>
            <Pair
              name="Name"
              value={user.name ?? 'not given'}
              source={user.name === undefined ? undefined : 'channel'}
              title="As the channel gives it"
            />
            <dt>Identity</dt>
            <dd>
              {user.verified === undefined ? (
                <span className={styles['unverified']}>◇ not verified</span>
              ) : (
                <>
                  <span className={styles['verified']}>✓ verified</span> as {user.verified.as}{' '}
                  <span className={styles['source']} title={exactTime(user.verified.at)}>
                    {user.verified.by}, {clockTime(user.verified.at)}
                  </span>
                </>
              )}
            </dd>
            {user.language !== undefined && (
              <Pair name="Language" value={languageName(user.language)} source="channel" />
            )}
            <Pair name="Channel" value={channelName(head.channel)} />
          </dl>
        </Section>
      )}
      {head?.handoff !== undefined && (
        <Section title="Why now">
          <dl>
            <Pair name="Reason" value={head.handoff.reason} source="bot" title={sources.bot} />
            {packet?.lastPhrase !== undefined && (
              <Pair name="Last phrase" value={`“${packet.lastPhrase}”`} source="user" title={sources.user} />
            )}
            {packet?.topics !== undefined && packet.topics.length > 0 && (
              <Pair name="Topics" value={packet.topics.join(', ')} source="bot" title={sources.bot} />
            )}
          </dl>
          {packet?.summary !== undefined && (
            <p className={styles['summary']} title={sources.bot}>
              {packet.summary}
            </p>
          )}
        </Section>
      )}
      {packet?.facts !== undefined && packet.facts.length > 0 && (
        <Section title="What the bot knows">
          <dl>
            {packet.facts.map((fact, index) => (
              <Pair
                key={index}
                name={fact.name}
                value={fact.value}
                source={fact.source}
                title={fact.source && sources[fact.source]}
              />
            ))}
          </dl>
        </Section>
      )}
      {packet?.tried !== undefined && packet.tried.length > 0 && (
        <Section title="Tried by the bot">
          <dl>
            {packet.tried.map((attempt, index) => (
              <Pair
                key={index}
                name={attempt.at === undefined ? '·' : clockTime(attempt.at)}
                value={attempt.outcome === undefined ? attempt.what : `${attempt.what}: ${attempt.outcome}`}
              />
            ))}
          </dl>
        </Section>
      )}
      <Section title="Earlier">
        {earlier.length === 0 ? (
          <p className={styles['none']}>
            {log === undefined ? 'Not fetched yet.' : 'No earlier handoff with this user.'}
          </p>
        ) : (
          earlier.map((one) => (
            <Past
              key={`${one.id} ${one.at}`}
              one={one}
              now={now}
              outcome={one.outcome && outcomeName(one.outcome, { outcomes })}
            />
          ))
        )}
      </Section>
      {others.length > 0 && (
        <Section title="Also looking">
          <p className={styles['viewing']}>{others.map(({ name }) => name).join(', ')}</p>
        </Section>
      )}
    </aside>
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

function Pair({
  name,
  value,
  source,
  title,
}: {
  name: string;
  value: string;
  source?: string | undefined;
  title?: string | undefined;
}) {
  return (
    <>
      <dt>{name}</dt>
      <dd title={title}>
        {value} {source !== undefined && <span className={styles['source']}>{source}</span>}
      </dd>
    </>
  );
}

function Past({ one, now, outcome }: { one: Earlier; now: number; outcome: string | undefined }) {
  const facts = [
    shortDate(one.at, now),
    one.consultant ?? 'nobody took it',
    one.endedAt === undefined ? 'not ended' : span(one.endedAt - one.at),
    outcome,
    one.rating === undefined ? undefined : `rated ${one.rating}`,
  ].filter((fact) => fact !== undefined);
  return (
    <div className={styles['past']}>
      {one.reason ?? 'No reason given'}
      <br />
      <small>{facts.join(' · ')}</small>
    </div>
  );
}
