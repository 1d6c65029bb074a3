import type { DeskError } from '@parley/client';
import type { TranscriptPage } from '@parley/contracts';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';
import { focusPane } from '../../commands/panes.ts';
import { useEscape } from '../../commands/use-escape.ts';
import { useDesk, useSession } from '../../desk/desk-context.ts';
import { ResultList } from './result-list.tsx';
import { SearchForm } from './search-form.tsx';
import { TranscriptView, type ThreadSlot } from './transcript-view.tsx';
import { contradiction, filtersOf, queryOf, type TranscriptSearch } from './transcript-search.ts';
import styles from './transcripts-page.module.css';

interface PageProps {
  client: string;
  search: TranscriptSearch;
  /** Shows the lines of a conversation. */
  thread: ThreadSlot;
}

/** Everything the desk has kept, to search and to read. */
export function TranscriptsPage(props: PageProps) {
  const { can } = useSession();
  if (can.supervise) return <Transcripts {...props} />;
  return (
    <main className={styles['refused']}>
      <h1>Transcripts</h1>
      <p>Only supervisors read what the desk has kept. Your own conversations are on the desk page.</p>
    </main>
  );
}

const pageSize = 50;

function Transcripts({ client, search, thread }: PageProps) {
  const desk = useDesk();
  const navigate = useNavigate();
  const { c: open } = search;
  const query = useMemo(() => queryOf(search), [search]);
  const wrong = contradiction(search);

  const results = useInfiniteQuery<
    TranscriptPage,
    DeskError,
    { pages: TranscriptPage[] },
    readonly unknown[],
    string | undefined
  >({
    queryKey: ['transcripts', client, query],
    queryFn: ({ pageParam, signal }) =>
      desk.api.transcripts(
        { ...query, limit: pageSize, ...(pageParam === undefined ? {} : { cursor: pageParam }) },
        { signal },
      ),
    initialPageParam: undefined,
    getNextPageParam: (last) => last.next,
    enabled: wrong === undefined,
    retry: false,
  });
  const hits = useMemo(() => results.data?.pages.flatMap(({ items }) => items) ?? [], [results.data]);

  const go = useCallback(
    (next: TranscriptSearch, replace = true) =>
      void navigate({ to: '/$client/transcripts', params: { client }, search: next, replace }),
    [navigate, client],
  );
  const leave = useCallback(() => {
    const { c: _, ...rest } = search;
    go(rest, false);
    focusPane('list');
  }, [go, search]);
  useEscape(open === undefined ? undefined : leave);

  return (
    <div
      className={styles['transcripts']}
      role={open === undefined ? 'main' : undefined}
      data-open={open !== undefined}
    >
      <section className={styles['search']} aria-label="Search">
        {open === undefined && <h1 className="visually-hidden">Transcripts</h1>}
        <SearchForm search={search} channels={hits.map(({ conversation }) => conversation.channel)} onChange={go} />
        {wrong === undefined ? (
          <ResultList
            client={client}
            search={search}
            hits={hits}
            results={results}
            onClear={
              filtersOf(search).length === 0 && search.text === undefined
                ? undefined
                : () => go(open === undefined ? {} : { c: open })
            }
            onOpen={(c) => go({ ...search, c })}
          />
        ) : (
          <p className={styles['empty']}>{wrong}</p>
        )}
      </section>
      {open === undefined ? (
        <div className={styles['none']}>
          <p>Choose a conversation to read it. Every reading is recorded.</p>
        </div>
      ) : (
        <TranscriptView key={open} id={open} thread={thread} onBack={leave} />
      )}
    </div>
  );
}
