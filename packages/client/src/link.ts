import { paths, type HubEvents, type HubMethods } from '@parley/contracts';
import { defaultBackOff, pause, pauseBefore, type BackOff } from './back-off.ts';
import type { Connect, Connection } from './connection.ts';
import { DeskError } from './desk-error.ts';
import type { ClientHost } from './host.ts';
import type { TokenSource } from './http.ts';
import { createStore, type Readable } from './store.ts';

/** Whether pushes arrive. Times are those of `now`, for display. */
export type LinkState =
  | { state: 'connecting'; since: number }
  | { state: 'live'; since: number; heardAt: number }
  | { state: 'reconnecting'; since: number; heardAt: number | undefined; reason: 'network' | 'sign-in' }
  | { state: 'stopped' };

/** The socket to the desk: stays up by itself, and says what it hears. */
export interface Link {
  readonly state: Readable<LinkState>;
  start(): void;
  stop(): Promise<void>;
  /** Looks at once whether the socket is alive, and dials at once if it is not. */
  wake(): void;
  invoke<M extends keyof HubMethods>(
    method: M,
    ...args: Parameters<HubMethods[M]>
  ): Promise<Awaited<ReturnType<HubMethods[M]>>>;
}

interface LinkOptions {
  url: string;
  token: TokenSource;
  host: ClientHost;
  connect: Connect;
  now(): number;
  on: HubEvents;
  /** After each (re)connection, before the link counts as live. */
  onConnected(): Promise<void>;
  backOff?: BackOff;
  /** Milliseconds of silence after which the socket is taken for dead. The desk says something every 15 s. */
  silence?: number;
}

const events = [
  'change',
  'list',
  'marks',
  'heads',
  'signal',
  'presence',
] as const satisfies readonly (keyof HubEvents)[];

export function createLink(options: LinkOptions): Link {
  const { now, host } = options;
  const backOff = options.backOff ?? { ...defaultBackOff, cap: 10_000 };
  const silence = options.silence ?? 30_000;
  const state = createStore<LinkState>({ state: 'stopped' });
  let run: { stop: AbortController; connection: Connection | undefined } | undefined;
  let nudge = new AbortController();
  let heard = { at: 0, tick: 0 };

  const hear = () => {
    heard = { at: now(), tick: host.steady() };
    const known = state.getSnapshot();
    if (known.state === 'live') state.set({ ...known, heardAt: heard.at });
  };

  function build(): Connection {
    const connection = options.connect({
      url: options.url + paths.hub,
      token: () => options.token(),
      pauseBefore: (retries) => pauseBefore(retries, backOff, host),
      silence,
    });
    for (const name of events) {
      connection.on(name, (argument: never) => {
        hear();
        options.on[name](argument);
      });
    }
    return connection;
  }

  /** One connection after the other until stopped; each lives until it closes for good or is nudged away. */
  async function keepUp(mine: NonNullable<typeof run>): Promise<void> {
    for (let attempt = 0; !mine.stop.signal.aborted; attempt++) {
      const connection = build();
      mine.connection = connection;
      const over = new Promise<void>((resolve) => connection.onclose(() => resolve()));
      connection.onreconnecting(() => lost(mine, 'network'));
      connection.onreconnected(() => void connected(mine, connection));
      try {
        await connection.start();
        attempt = 0;
        await connected(mine, connection);
        await Promise.race([over, silent(mine, connection), aborted(nudge.signal), aborted(mine.stop.signal)]);
        lost(mine, 'network');
      } catch (thrown) {
        lost(mine, isSignIn(thrown) ? 'sign-in' : 'network');
      }
      await connection.stop().catch(() => undefined);
      if (nudge.signal.aborted) {
        nudge = new AbortController();
        attempt = 0;
      } else {
        await pause(host, pauseBefore(attempt, backOff, host), AbortSignal.any([nudge.signal, mine.stop.signal]));
      }
    }
  }

  async function connected(mine: NonNullable<typeof run>, connection: Connection): Promise<void> {
    hear();
    try {
      await options.onConnected();
    } catch {
      // Not in step after all: begin again with a new connection.
      nudge.abort();
      return;
    }
    if (run !== mine || mine.connection !== connection || connection.state !== 'Connected') return;
    state.set({ state: 'live', since: now(), heardAt: heard.at });
  }

  function lost(mine: NonNullable<typeof run>, reason: 'network' | 'sign-in'): void {
    if (run !== mine) return;
    const known = state.getSnapshot();
    if (known.state === 'reconnecting' && known.reason === reason) return;
    state.set({ state: 'reconnecting', since: now(), heardAt: heard.at === 0 ? undefined : heard.at, reason });
  }

  /** Resolves when a connection that calls itself connected has said nothing of the desk's own for too long. */
  async function silent(mine: NonNullable<typeof run>, connection: Connection): Promise<void> {
    while (!mine.stop.signal.aborted && connection.state !== 'Disconnected') {
      await pause(host, Math.min(1_000, silence / 4), mine.stop.signal);
      if (connection.state === 'Connected' && host.steady() - heard.tick > silence) return;
    }
    if (!mine.stop.signal.aborted) await new Promise(() => undefined);
  }

  return {
    state,
    start() {
      if (run !== undefined) return;
      run = { stop: new AbortController(), connection: undefined };
      nudge = new AbortController();
      state.set({ state: 'connecting', since: now() });
      void keepUp(run);
    },
    async stop() {
      const mine = run;
      run = undefined;
      state.set({ state: 'stopped' });
      mine?.stop.abort();
      await mine?.connection?.stop().catch(() => undefined);
    },
    wake() {
      const known = state.getSnapshot();
      const fresh = known.state === 'live' && host.steady() - heard.tick < Math.min(20_000, silence);
      if (run !== undefined && known.state !== 'stopped' && !fresh) nudge.abort();
    },
    async invoke<M extends keyof HubMethods>(
      method: M,
      ...args: Parameters<HubMethods[M]>
    ): Promise<Awaited<ReturnType<HubMethods[M]>>> {
      const connection = run?.connection;
      if (connection?.state !== 'Connected') throw new DeskError('network');
      try {
        const answer = await connection.invoke<Awaited<ReturnType<HubMethods[M]>>>(method, ...args);
        hear();
        return answer;
      } catch (cause) {
        const text = cause instanceof Error ? cause.message : '';
        throw new DeskError(text.includes('not-found') ? 'not-found' : 'network', { cause });
      }
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function isSignIn(thrown: unknown): boolean {
  if (thrown instanceof DeskError) return thrown.code === 'unauthenticated';
  return thrown instanceof Error && /\b401\b|Unauthorized|unauthenticated/.test(thrown.message);
}
