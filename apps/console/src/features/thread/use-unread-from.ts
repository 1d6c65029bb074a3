import { unreadOf, type Log } from '@parley/client';
import { useEffect, useRef, useState } from 'react';
import { useDesk } from '../../desk/desk-context.ts';
import { useLatest } from '../../desk/hooks.ts';

/** Milliseconds after a return in which what was missed is still on its way. */
const grace = 2_500;

/**
 * Number of the first line that the person missed: not read when the thread was opened, or come in while the page was
 * hidden or the connection was gone. What arrives before one's eyes is not marked as new.
 */
export function useUnreadFrom(id: string, log: Log): number | undefined {
  const desk = useDesk();
  const latest = useLatest(log);
  const [from, setFrom] = useState(() => unreadOf(log, desk.reads.items.getSnapshot().get(id))[0]?.seq);
  /** How far it was read when the person, or the connection, left. */
  const left = useRef<number>(undefined);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      const here = document.visibilityState === 'visible' && desk.connection.getSnapshot().state === 'live';
      clearTimeout(timer);
      if (here) {
        timer = setTimeout(() => {
          left.current = undefined;
        }, grace);
      } else {
        left.current ??= Math.max(
          desk.reads.items.getSnapshot().get(id) ?? 0,
          latest.current.head.handoff?.requestedSeq ?? 0,
        );
      }
    };
    const stop = desk.connection.subscribe(look);
    document.addEventListener('visibilitychange', look);
    return () => {
      clearTimeout(timer);
      stop();
      document.removeEventListener('visibilitychange', look);
    };
  }, [desk, id, latest]);

  useEffect(() => {
    if (left.current === undefined) return;
    const [missed] = unreadOf(log, left.current);
    if (missed !== undefined) setFrom(missed.seq);
  }, [log]);

  return from;
}
