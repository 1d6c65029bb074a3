import { useEffect, useState } from 'react';
import styles from './waiting.module.css';

/** A short wait is a quiet line; after 5 s it becomes a sentence with something to do about it. */
export function Waiting({ what, why, onRetry }: { what: string; why?: string | undefined; onRetry?: () => void }) {
  const [long, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), 5_000);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className={styles['waiting']} role="status">
      {long ? (
        <>
          <p>{why ?? `Fetching ${what} takes longer than it should.`}</p>
          <button type="button" className={styles['retry']} onClick={onRetry ?? (() => window.location.reload())}>
            Try again
          </button>
        </>
      ) : (
        <p className={styles['quiet']}>Fetching {what}…</p>
      )}
    </div>
  );
}
