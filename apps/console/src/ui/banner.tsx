import type { ReactNode } from 'react';
import styles from './banner.module.css';

/** One line across the page that pushes it down and covers nothing. */
export function Banner({
  tone,
  children,
  action,
}: {
  tone: 'info' | 'warn' | 'bad';
  children: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className={styles['banner']} data-tone={tone} role={tone === 'bad' ? 'alert' : 'status'}>
      <span className={styles['text']}>{children}</span>
      {action}
    </div>
  );
}
