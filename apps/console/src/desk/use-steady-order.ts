import type { Conversation } from '@parley/contracts';
import { useEffect, useMemo, useRef } from 'react';
import { useDesk } from './desk-context.ts';
import { steadyOrder } from './steady-order.ts';

/** The rows of a list in an order that does not move under somebody's hand. */
export function useSteadyOrder(
  sorted: readonly Conversation[],
  held: boolean,
): { rows: { head: Conversation; gone: boolean }[]; changed: boolean } {
  const desk = useDesk();
  const shown = useRef<string[]>([]);
  const known = useRef(new Map<string, Conversation>());
  const result = useMemo(() => {
    const heads = new Map(sorted.map((head) => [head.id, head]));
    const { order, ghosts, changed } = steadyOrder(shown.current, [...heads.keys()], held);
    const gone = new Set(ghosts);
    const latest = desk.lists.state.getSnapshot().heads;
    const rows = order.flatMap((id) => {
      const head = heads.get(id) ?? latest.get(id) ?? known.current.get(id);
      return head === undefined ? [] : [{ head, gone: gone.has(id) }];
    });
    return { rows, changed };
  }, [desk, sorted, held]);
  useEffect(() => {
    shown.current = result.rows.map(({ head }) => head.id);
    known.current = new Map(result.rows.map(({ head }) => [head.id, head]));
  }, [result]);
  return result;
}
