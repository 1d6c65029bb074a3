import type { Log } from '@parley/client';
import { useEffect, useRef, type RefObject } from 'react';

/** When the user's last line came in while this conversation was on screen; on the clock of `performance.now()`. */
export function useArrival(log: Log | undefined): RefObject<number | undefined> {
  const arrivedAt = useRef<number>(undefined);
  const known = useRef<{ id: string; seq: number }>(undefined);
  const last = log?.entries.findLast((entry) => entry.kind === 'message' && entry.by.type === 'user')?.seq ?? 0;
  const id = log?.head.id;
  useEffect(() => {
    if (id === undefined) return;
    if (known.current?.id === id && last > known.current.seq) arrivedAt.current = performance.now();
    known.current = { id, seq: last };
  }, [id, last]);
  return arrivedAt;
}
