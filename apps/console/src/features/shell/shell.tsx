import { Link, useLocation } from '@tanstack/react-router';
import type { ReactElement, ReactNode } from 'react';
import styles from './shell.module.css';

export interface Place {
  to: '/$client' | '/$client/live' | '/$client/transcripts' | '/$client/settings';
  name: string;
  icon: ReactElement;
  count?: number;
}

/** Header, navigation and the page between them. */
export function Shell({
  client,
  clientName,
  places,
  header,
  banners,
  children,
}: {
  client: string;
  clientName: string;
  places: Place[];
  header: ReactNode;
  banners: ReactNode;
  children: ReactNode;
}) {
  const onDesk = useLocation({
    select: ({ pathname }) =>
      pathname === `/${client}` || pathname.startsWith(`/${client}/c/`) || pathname === `/${client}/`,
  });
  return (
    <div className={styles['shell']}>
      <header className={styles['header']}>
        <span className={styles['brand']}>Parley</span>
        <span className={styles['client']}>{clientName}</span>
        <span className={styles['grow']} />
        {header}
      </header>
      <nav className={styles['nav']} aria-label="Places">
        {places.map(({ to, name, icon, count }) => (
          <Link
            key={to}
            to={to}
            params={{ client }}
            className={styles['place']}
            activeOptions={{ exact: true, includeSearch: false }}
            title={name}
            data-here={to === '/$client' && onDesk}
            aria-current={to === '/$client' && onDesk ? 'page' : undefined}
          >
            <span aria-hidden>{icon}</span>
            <span className={styles['name']}>{name}</span>
            {count !== undefined && count > 0 && (
              <span className={styles['count']} aria-hidden>
                {count}
              </span>
            )}
          </Link>
        ))}
      </nav>
      <div className={styles['body']}>
        {banners}
        <div className={styles['page']}>{children}</div>
      </div>
    </div>
  );
}
