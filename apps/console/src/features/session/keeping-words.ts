import type { Keeping } from '@parley/client';

/** Why what is written would not survive the window, and what to do; nothing while it would. */
export function keepingWords(keeping: Keeping): string | undefined {
  if (keeping.state === 'kept') return undefined;
  const why =
    keeping.why === 'full'
      ? 'This browser has no room left to keep what has not reached the desk.'
      : 'This browser keeps nothing for the desk, as in a private window.';
  return `${why} Unsent messages are in this window only: leave it open until they have gone out.`;
}
