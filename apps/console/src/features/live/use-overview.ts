import type { DeskError } from '@parley/client';
import type { Overview } from '@parley/contracts';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useDesk, useSession } from '../../desk/desk-context.ts';

/** Milliseconds between two fetches, however much happens. */
const pace = 2_000;

/** The gauges of the queues, fetched again when lists or presence change. */
export function useOverview() {
  const desk = useDesk();
  const { client } = useSession();
  const queries = useQueryClient();
  const queryKey = ['overview', client.id];

  useEffect(() => {
    let last = performance.now();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const changed = () => {
      timer ??= setTimeout(
        () => {
          timer = undefined;
          last = performance.now();
          void queries.invalidateQueries({ queryKey: ['overview', client.id] });
        },
        Math.max(200, last + pace - performance.now()),
      );
    };
    let { heads } = desk.lists.state.getSnapshot();
    const stops = [
      desk.lists.state.subscribe(() => {
        const now = desk.lists.state.getSnapshot().heads;
        if (now === heads) return;
        heads = now;
        changed();
      }),
      desk.people.subscribe(changed),
    ];
    return () => {
      for (const stop of stops) stop();
      clearTimeout(timer);
    };
  }, [desk, queries, client.id]);

  return useQuery<Overview, DeskError>({
    queryKey,
    queryFn: ({ signal }) => desk.api.overview({ signal }),
    refetchInterval: 30_000,
  });
}
