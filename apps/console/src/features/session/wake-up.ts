import type { Desk } from '@parley/client';

/** Tells the desk's client when the page comes back to life and when the network is another. @returns what ends it */
export function wakeWithThePage(desk: Desk): () => void {
  const end = new AbortController();
  const { signal } = end;
  const back = () => {
    if (document.visibilityState === 'visible') desk.wake();
  };
  const otherNetwork = () => desk.wake(true);
  window.addEventListener('focus', back, { signal });
  window.addEventListener('pageshow', back, { signal });
  document.addEventListener('visibilitychange', back, { signal });
  document.addEventListener('resume', back, { signal });
  window.addEventListener('online', otherNetwork, { signal });
  // Not in every browser; where it is, it tells of Wi-Fi and cable that take turns without ever being offline.
  const { connection } = navigator as { connection?: EventTarget };
  connection?.addEventListener('change', otherNetwork, { signal });
  window.addEventListener(
    'beforeunload',
    (event) => {
      // What only this window has is lost with it.
      if (desk.keeping.getSnapshot().state === 'memory' && hasUnsent(desk)) event.preventDefault();
    },
    { signal },
  );
  return () => end.abort();
}

function hasUnsent(desk: Desk): boolean {
  return (
    desk.outbox.items.getSnapshot().length > 0 ||
    [...desk.drafts.items.getSnapshot().values()].some(({ state, text }) => state !== 'saved' && text !== '')
  );
}
