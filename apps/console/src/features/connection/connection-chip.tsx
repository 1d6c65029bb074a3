import type { Readable } from '@parley/client';
import { useSyncExternalStore } from 'react';
import { useDesk, useSession } from '../../desk/desk-context.ts';
import { useNow, useReadable } from '../../desk/hooks.ts';
import { HeaderChip } from '../../ui/header-chip.tsx';
import { connectionWords } from './connection-words.ts';
import styles from './connection-chip.module.css';

/** Always says whether what is on screen is true. A click looks at once. */
export function ConnectionChip({ signInNeeded }: { signInNeeded: Readable<boolean> }) {
  const desk = useDesk();
  const link = useReadable(desk.connection);
  const waiting = useReadable(desk.outbox.items).filter(({ state }) => state !== 'failed').length;
  const now = useNow();
  const online = useOnline();
  const signIn = useReadable(signInNeeded);
  const { can } = useSession();
  if (!can.consult) return null;
  const words = connectionWords(link, { waiting, online, signIn }, now);
  return (
    <>
      <HeaderChip
        className={styles['chip'] ?? ''}
        data-tone={words.tone}
        title={`${words.text}. Click to look now.`}
        onClick={() => desk.wake()}
      >
        <span className={styles['dot']} aria-hidden />
        <span className={styles['long']}>{words.text}</span>
        <span className={styles['brief']}>
          {words.short}
          {waiting > 0 && ` · ${waiting}`}
        </span>
      </HeaderChip>
      <span className="visually-hidden" role="status">
        {words.tone === 'lost'
          ? `${words.short}. What you write is kept and goes out when the connection is back.`
          : ''}
      </span>
    </>
  );
}

/** The browser knows that it is offline before the socket does. */
function useOnline(): boolean {
  return useSyncExternalStore(
    (listener) => {
      window.addEventListener('online', listener);
      window.addEventListener('offline', listener);
      return () => {
        window.removeEventListener('online', listener);
        window.removeEventListener('offline', listener);
      };
    },
    () => navigator.onLine,
  );
}
