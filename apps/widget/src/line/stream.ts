import type { Activity } from './activity.ts';
import type { Clock } from './clock.ts';
import type { ActivityPage } from './direct-line.ts';

/** What brings new lines for as long as it lasts. */
export interface Stream {
  /** Resolves when it is over; `never-opened` when it did not begin. */
  readonly ended: Promise<'ended' | 'never-opened'>;
  /** When something last came, if only a sign of life. */
  heardAt(): number;
  close(): void;
}

type OnSet = (activities: readonly Activity[], watermark: string | undefined) => void;

const openMs = 15_000;

/** Follows the channel's socket. Empty frames are signs of life. */
export function follow({
  url,
  clock,
  WebSocket,
  onOpen,
  onSet,
}: {
  url: string;
  clock: Clock;
  WebSocket: typeof globalThis.WebSocket;
  onOpen: () => void;
  onSet: OnSet;
}): Stream {
  const socket = new WebSocket(url);
  let opened = false;
  let heardAt = clock.now();
  let finish: (outcome: 'ended' | 'never-opened') => void = () => {};
  const ended = new Promise<'ended' | 'never-opened'>((resolve) => {
    finish = resolve;
  });
  const giveUp = clock.after(openMs, close);

  function close(): void {
    giveUp();
    // A socket whose other end is gone takes its time over closing; nobody waits for it.
    Object.assign(socket, { onopen: null, onmessage: null, onclose: null, onerror: null });
    socket.close();
    finish(opened ? 'ended' : 'never-opened');
  }

  socket.addEventListener('error', () => {});
  socket.onopen = () => {
    giveUp();
    opened = true;
    heardAt = clock.now();
    onOpen();
  };
  socket.onmessage = ({ data }) => {
    heardAt = clock.now();
    const set = parse(data);
    if (set) onSet(set.activities, set.watermark);
  };
  socket.onclose = close;

  return { ended, heardAt: () => heardAt, close };
}

/** Asks again and again, where no socket gets through. */
export function poll({
  read,
  clock,
  everyMs,
  forMs,
  onOpen,
  onSet,
}: {
  read: () => Promise<ActivityPage>;
  clock: Clock;
  everyMs: number;
  forMs: number;
  onOpen: () => void;
  onSet: OnSet;
}): Stream {
  const until = clock.now() + forMs;
  let heardAt = clock.now();
  let finish: (outcome: 'ended') => void = () => {};
  let closed = false;
  const ended = new Promise<'ended'>((resolve) => {
    finish = resolve;
  });

  function close(): void {
    closed = true;
    finish('ended');
  }

  async function turn(): Promise<void> {
    try {
      const page = await read();
      if (closed) return;
      heardAt = clock.now();
      onOpen();
      onSet(page.activities, page.watermark);
    } catch {
      return close();
    }
    if (clock.now() >= until) return close();
    clock.after(everyMs, () => void (closed || turn()));
  }

  void turn();
  return { ended, heardAt: () => heardAt, close };
}

function parse(data: unknown): ActivityPage | undefined {
  if (typeof data !== 'string' || data === '') return undefined;
  try {
    const { activities, watermark } = JSON.parse(data) as Partial<ActivityPage>;
    return {
      activities: Array.isArray(activities) ? activities : [],
      watermark: typeof watermark === 'string' ? watermark : undefined,
    };
  } catch {
    return undefined;
  }
}
