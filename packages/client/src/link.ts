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
  /**
   * Looks at once whether the socket is alive, and dials at once if it is not.
   * @param changed the network is another: having heard something a moment ago proves nothing
   */
  wake(changed?: boolean): void;
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
  'bots',
] as const satisfies readonly (keyof HubEvents)[];

export function createLink(options: LinkOptions): Link {
  const { now, host } = options;
  const backOff = options.backOff ?? { ...defaultBackOff, cap: 10_000 };
  const silence = options.silence ?? 30_000;
  const state = createStore<LinkState>({ state: 'stopped' });
  let run: Run | undefined;
  let nudge = new AbortController();
  let heard = { at: 0, steady: -Infinity, wall: -Infinity };

  const hear = () => {
    heard = { at: now(), steady: host.steady(), wall: host.now() };
    const known = state.getSnapshot();
    if (known.state === 'live') state.set({ ...known, heardAt: heard.at });
  };
  /** How long nothing was heard, by whichever clock says more: in sleep the steady one may have stood still. */
  const quietFor = () => Math.max(host.steady() - heard.steady, host.now() - heard.wall);

  function build(mine: Run): Connection {
    const { renew } = mine;
    mine.signIn = false;
    const connection = options.connect({
      url: options.url + paths.hub,
      // The connection reports a failure in words of its own; what is wrong with the sign-in is known here.
      token: () =>
        options.token(renew ? { renew } : undefined).catch((thrown: unknown) => {
          mine.signIn = thrown instanceof DeskError && thrown.code === 'unauthenticated';
          throw thrown;
        }),
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

  /** One connection after the other until stopped; each lives until it closes, falls silent or is nudged away. */
  async function keepUp(mine: Run): Promise<void> {
    for (let attempt = 0; !mine.stop.signal.aborted; attempt++) {
      const connection = build(mine);
      mine.connection = connection;
      mine.dialled = host.steady();
      const over = Promise.race([
        new Promise<void>((resolve) => connection.onclose(() => resolve())),
        aborted(nudge.signal),
        aborted(mine.stop.signal),
      ]);
      try {
        if (
          await inTime(
            over,
            connection.start().then(() => hear()),
          )
        ) {
          // Only what is in step counts as live.
          if (await inTime(over, options.onConnected())) {
            attempt = 0;
            mine.dialled = undefined;
            if (run === mine) state.set({ state: 'live', since: now(), heardAt: heard.at });
            await Promise.race([over, silent(mine, connection)]);
          }
        }
      } catch (thrown) {
        if (isSignIn(thrown)) mine.signIn = true;
      }
      mine.dialled = undefined;
      mine.renew = mine.signIn;
      // Not waited for: what it waits for may never answer.
      void connection.stop().catch(() => undefined);
      lost(mine, mine.signIn ? 'sign-in' : 'network');
      if (nudge.signal.aborted) {
        nudge = new AbortController();
        attempt = 0;
      } else {
        await pause(host, pauseBefore(attempt, backOff, host), AbortSignal.any([nudge.signal, mine.stop.signal]));
        if (nudge.signal.aborted) nudge = new AbortController();
      }
    }
  }

  /** @returns whether the work was done before its time and the connection's were over */
  async function inTime(over: Promise<void>, work: Promise<void>): Promise<boolean> {
    const late = new AbortController();
    try {
      return await Promise.race([
        work.then(() => true),
        over.then(() => false),
        pause(host, Math.min(dialTime, silence), late.signal).then(() => false),
      ]);
    } finally {
      late.abort();
      // Its failure is of no interest to anybody any more.
      work.catch(() => undefined);
    }
  }

  function lost(mine: Run, reason: 'network' | 'sign-in'): void {
    if (run !== mine) return;
    const known = state.getSnapshot();
    if (known.state === 'reconnecting' && known.reason === reason) return;
    const since = known.state === 'reconnecting' ? known.since : now();
    state.set({ state: 'reconnecting', since, heardAt: heard.at === 0 ? undefined : heard.at, reason });
  }

  /**
   * Resolves when a connection has said nothing of the desk's own for too long, or when the machine has slept: then the
   * wall clock has gone on and the steady one has not, and of the socket nothing is known.
   */
  async function silent(mine: Run, connection: Connection): Promise<void> {
    let before = { wall: host.now(), steady: host.steady() };
    while (!mine.stop.signal.aborted && connection.state === 'Connected') {
      await pause(host, Math.min(1_000, silence / 4), mine.stop.signal);
      const after = { wall: host.now(), steady: host.steady() };
      if (after.wall - before.wall - (after.steady - before.steady) > asleep) return;
      if (after.steady - heard.steady > silence) return;
      before = after;
    }
  }

  /** Asks the desk for a sign of life, and dials anew without one. */
  async function probe(mine: Run): Promise<void> {
    const { connection } = mine;
    if (connection === undefined) return;
    // Leaving what was never joined changes nothing, and is answered.
    const answered = connection.invoke('unwatch', '').then(() => true);
    const done = new AbortController();
    const isAlive = await Promise.race([
      answered.catch(() => false),
      pause(host, Math.min(probeTime, silence), done.signal).then(() => false),
    ]);
    done.abort();
    if (isAlive) hear();
    else if (run === mine && mine.connection === connection) nudge.abort();
  }

  return {
    state,
    start() {
      if (run !== undefined) return;
      run = { stop: new AbortController(), connection: undefined, dialled: undefined, signIn: false, renew: false };
      nudge = new AbortController();
      state.set({ state: 'connecting', since: now() });
      void keepUp(run);
    },
    async stop() {
      const mine = run;
      run = undefined;
      state.set({ state: 'stopped' });
      mine?.stop.abort();
      const done = new AbortController();
      await Promise.race([mine?.connection?.stop().catch(() => undefined), pause(host, 1_000, done.signal)]);
      done.abort();
    },
    wake(changed = false) {
      if (run === undefined) return;
      if (state.getSnapshot().state !== 'live') {
        // A dial that has just begun is as good as the next one.
        const isFresh = run.dialled !== undefined && host.steady() - run.dialled < justDialled;
        if (changed || !isFresh) nudge.abort();
      } else if (quietFor() > Math.min(20_000, silence)) nudge.abort();
      else if (changed || quietFor() > justHeard) void probe(run);
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

interface Run {
  stop: AbortController;
  connection: Connection | undefined;
  /** Steady time since which it dials and gets in step. */
  dialled: number | undefined;
  /** Whether the last dial failed for want of a sign-in. */
  signIn: boolean;
  /** Whether the next dial asks for a fresh token. */
  renew: boolean;
}

/** Milliseconds by which the wall clock must outrun the steady one to mean sleep. */
const asleep = 5_000;
/** Milliseconds in which a connection comes about, and in which it is in step: sockets in a black hole never say no. */
const dialTime = 15_000;
/** Milliseconds in which a live socket answers. */
const probeTime = 4_000;
const justHeard = 5_000;
const justDialled = 3_000;

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
