import type { ReactNode } from 'react';
import styles from './door.module.css';

/** A page in front of the desk: one card with a title. */
export function Door({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className={styles['door']}>
      <div className={styles['card']}>
        <p className={styles['brand']}>
          <img src="/icon.svg" alt="" width={22} height={22} /> Parley
        </p>
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}
