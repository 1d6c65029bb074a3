import type { PresenceState } from '@parley/contracts';
import styles from './presence-dot.module.css';

/** Presence as colour and shape; the word always stands beside it. */
export function PresenceDot({ state }: { state: PresenceState }) {
  return <span className={styles['dot']} data-state={state} aria-hidden />;
}
