import { asDeskError } from '@parley/client';
import { useNavigate } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, type ReactNode } from 'react';
import { focusPane } from '../../commands/panes.ts';
import { useEscape } from '../../commands/use-escape.ts';
import { useDesk, useSession } from '../../desk/desk-context.ts';
import { useNow, useReadable, useView } from '../../desk/hooks.ts';
import { useNotices } from '../../ui/notices.tsx';
import { Waiting } from '../../ui/waiting.tsx';
import { queueName } from '../../words/entry-words.ts';
import { sentence } from '../../words/sentence.ts';
import { span } from '../../words/time-words.ts';
import { liveCounts, liveGroups } from './live-groups.ts';
import { LiveList } from './live-list.tsx';
import { liveStates, toggled, type LiveSearch } from './live-search.ts';
import { OverviewStrip } from './overview-strip.tsx';
import { PeopleStrip } from './people-strip.tsx';
import styles from './live-page.module.css';

interface PageProps {
  client: string;
  search: LiveSearch;
  /** What is wrong at the desk as a whole. */
  notices: ReactNode;
  /** The open conversation. */
  detail: (id: string, leave: () => void) => ReactNode;
}

/** What happens at the desk now, for those who look after it. */
export function LivePage(props: PageProps) {
  const { can } = useSession();
  if (can.supervise) return <Live {...props} />;
  return (
    <main className={styles['refused']}>
      <h1>Live</h1>
      <p>Only supervisors see every conversation of the desk. Your own are on the desk page.</p>
    </main>
  );
}

function Live({ client, search, notices, detail }: PageProps) {
  const desk = useDesk();
  const { queues } = useSession();
  const view = useView('live');
  const navigate = useNavigate();
  const notify = useNotices();
  const people = useReadable(desk.people);
  const { c: open } = search;

  useEffect(() => void desk.lists.want('live').catch(() => undefined), [desk]);
  const groups = useMemo(() => liveGroups(view.items, search, queues), [view.items, search, queues]);
  const counts = useMemo(() => liveCounts(view.items, search), [view.items, search]);
  const total = counts.queued + counts.assigned + counts['with-bot'];
  const shown = groups.reduce((sum, { heads }) => sum + heads.length, 0);
  const and = view.next === undefined ? '' : '+';

  const go = useCallback(
    (next: LiveSearch, replace = false) =>
      void navigate({ to: '/$client/live', params: { client }, search: next, replace }),
    [navigate, client],
  );
  const leave = useCallback(() => {
    const { c: _, ...rest } = search;
    go(rest);
    focusPane('list');
  }, [go, search]);
  useEscape(open === undefined ? undefined : leave);

  async function more() {
    try {
      await desk.lists.more('live');
    } catch (thrown) {
      notify({ tone: 'bad', text: sentence(asDeskError(thrown), desk.now()) });
    }
  }

  const filters = [
    search.queue === undefined ? undefined : queueName(search.queue, { queues }),
    search.consultant === undefined ? undefined : (people.get(search.consultant)?.person.name ?? 'one consultant'),
  ].filter((name) => name !== undefined);
  return (
    <div className={styles['live']} data-open={open !== undefined}>
      <section
        className={styles['board']}
        role={open === undefined ? 'main' : undefined}
        aria-label="Live conversations"
      >
        {open === undefined && notices}
        <div className={styles['top']}>
          {open === undefined && <h1 className={styles['title']}>Live</h1>}
          <OverviewStrip
            compact={open !== undefined}
            chosen={search.queue}
            onChoose={(queue) => go(toggled(search, 'queue', queue), true)}
          />
          {open === undefined && (
            <PeopleStrip
              chosen={search.consultant}
              onChoose={(person) => go(toggled(search, 'consultant', person), true)}
            />
          )}
          <div className={styles['states']} role="group" aria-label="Show">
            <button
              type="button"
              aria-pressed={search.state === undefined}
              onClick={() => go(toggled(search, 'state', undefined), true)}
            >
              All{' '}
              <b>
                {total}
                {and}
              </b>
            </button>
            {liveStates.map((state) => (
              <button
                key={state}
                type="button"
                aria-pressed={search.state === state}
                onClick={() => go(toggled(search, 'state', state), true)}
              >
                {tabNames[state]}{' '}
                <b>
                  {counts[state]}
                  {and}
                </b>
              </button>
            ))}
          </div>
          {filters.length > 0 && (
            <p className={styles['filters']}>
              Only {filters.join(' and ')}.{' '}
              <button
                type="button"
                onClick={() =>
                  go(
                    {
                      ...(open === undefined ? {} : { c: open }),
                      ...(search.state === undefined ? {} : { state: search.state }),
                    },
                    true,
                  )
                }
              >
                Show everything
              </button>
            </p>
          )}
        </div>
        <div className={styles['rows']}>
          {view.status !== 'ready' && view.at === undefined ? (
            <Waiting
              what="the live conversations"
              why={view.problem && sentence(view.problem)}
              onRetry={() => void desk.lists.want('live').catch(() => undefined)}
            />
          ) : shown === 0 ? (
            <p className={styles['empty']}>
              {view.items.length === 0
                ? 'No conversation is open now. New ones appear here by themselves.'
                : 'No open conversation fits this. What fits later appears here by itself.'}
            </p>
          ) : (
            <LiveList
              client={client}
              search={search}
              groups={groups}
              more={view.next !== undefined}
              onMore={() => void more()}
              onOpen={(id) => go({ ...search, c: id }, true)}
            />
          )}
          <Age at={view.at} />
        </div>
      </section>
      {open !== undefined && detail(open, leave)}
    </div>
  );
}

const tabNames = { queued: 'Waiting', assigned: 'Held', 'with-bot': 'With the bot' } as const;

/** Says how old the list is when nothing keeps it in step. */
function Age({ at }: { at: number | undefined }) {
  const link = useReadable(useDesk().connection);
  const now = useNow();
  if (link.state === 'live' || at === undefined || now - at < 10_000) return null;
  return <p className={styles['age']}>This list is {span(now - at)} old.</p>;
}
