import { identityOf } from './activity.ts';
import type { Activity } from './activity.ts';
import { backOff, rest } from './clock.ts';
import type { Clock } from './clock.ts';
import type { DirectLineCalls } from './direct-line.ts';
import { createOutbox } from './outbox.ts';
import { follow, poll } from './stream.ts';
import type { Stream } from './stream.ts';
import type { Grant } from './token-service.ts';
import type { Tokens } from './tokens.ts';
import { codeOf, Trouble } from './trouble.ts';

export type LineState =
  /** Not yet there for the first time. `failing`: with what. */
  | { readonly is: 'connecting'; readonly failing?: Trouble }
  | { readonly is: 'online' }
  /** Was there, and is on its way back. */
  | { readonly is: 'away' }
  /** Over for good: the user left, the conversation is gone, or no token is to be had. */
  | { readonly is: 'closed'; readonly why: 'left' | 'gone' | 'refused' };

/** `live` is false for what was said before this page was loaded. `place` counts from 1, in the channel's order. */
export interface Heard {
  readonly place: number;
  readonly activity: Activity;
  readonly live: boolean;
}

/** One conversation, held through lost sockets, dead tokens, sleep and reloads: each line once, none lost. */
export interface Line {
  state(): LineState;
  /** Everything heard so far, in order. */
  heard(): readonly Heard[];
  /** @returns how to stop listening. */
  onHeard(listener: (heard: Heard) => void): () => void;
  onState(listener: (state: LineState) => void): () => void;
  /**
   * Says something, in the order of the calls, waiting for the way to be free. Typing is sent when it can be, or forgotten.
   * @returns the channel's id.
   * @throws Trouble when the line was not taken; then it may be said again.
   */
  post(activity: Activity): Promise<string>;
  /** The machine woke, the network is back, or the page is looked at: checks at once rather than at the next turn. */
  wake(): void;
  close(why: 'left'): void;
}

export interface LineParts {
  readonly tokens: Tokens;
  readonly calls: DirectLineCalls;
  readonly clock: Clock;
  readonly random: () => number;
  readonly locale: string;
  /** The conversation began on an earlier page: what was said there is read first. */
  readonly continued: boolean;
  readonly WebSocket: typeof globalThis.WebSocket;
}

/** Milliseconds between looks at a quiet socket, which may be dead without knowing it. */
const watchMs = 30_000;
/** Milliseconds between lines read without a socket, and until one is tried again. */
const pollMs = 3_000;
const pollForMs = 60_000;

export function createLine(parts: LineParts): Line {
  const { tokens, calls, clock, random } = parts;
  const log: Heard[] = [];
  const known = new Map<string, string>();
  const heardListeners = new Set<(heard: Heard) => void>();
  const stateListeners = new Set<(state: LineState) => void>();
  let state: LineState = { is: 'connecting' };
  let watermark = '';
  let place = 0;
  let stream: Stream | undefined;
  let stopWaiting = () => {};
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();

  const outbox = createOutbox({
    tokens,
    calls,
    clock,
    random,
    begun,
    isClosed: () => state.is === 'closed',
    isOnline: () => state.is === 'online',
    idOf: (identity) => known.get(identity),
    onHeard: (listener) => listen(heardListeners, listener),
    catchUp: async () => void (await catchUp(await tokens.get(), true)),
    onUnheard: () => void check(),
    onGone: () => end('gone'),
  });

  function set(next: LineState): void {
    if (state.is === 'closed' || (state.is === next.is && next.is !== 'connecting')) return;
    state = next;
    for (const listener of stateListeners) listener(next);
  }

  function end(why: 'left' | 'gone' | 'refused'): void {
    set({ is: 'closed', why });
    tokens.stop();
    begin();
    stream?.close();
    stopWaiting();
  }

  /** @returns how many lines were new. */
  function take(activities: readonly Activity[], next: string | undefined, live: boolean): number {
    let fresh = 0;
    for (const activity of activities) {
      const identity = identityOf(activity);
      if (identity !== undefined && known.has(identity)) continue;
      if (identity !== undefined) known.set(identity, activity.id ?? '');
      fresh += 1;
      place += 1;
      const heard = { place, activity: markOwn(activity, tokens.peek()?.userId), live };
      // Typing passes; it is not part of what was said.
      if (activity.type !== 'typing') log.push(heard);
      for (const listener of heardListeners) listener(heard);
    }
    if (next !== undefined) watermark = next;
    return fresh;
  }

  async function catchUp(grant: Grant, live: boolean): Promise<number> {
    let fresh = 0;
    for (;;) {
      const before = watermark;
      const page = await calls.read(grant, before);
      fresh += take(page.activities, page.watermark, live);
      if (page.activities.length === 0 || page.watermark === undefined || page.watermark === before) return fresh;
    }
  }

  async function openStream(grant: Grant, first: boolean): Promise<string> {
    if (!first) return calls.resume(grant, watermark);
    if (!parts.continued) return calls.start(grant, parts.locale);
    try {
      await catchUp(grant, false);
      return await calls.resume(grant, watermark);
    } catch (error) {
      // The earlier page got its token and was left before it used it.
      if (codeOf(error) === 'gone') return calls.start(grant, parts.locale);
      throw error;
    }
  }

  /** A quiet socket is compared with the channel's own account; one that missed something, or an end that does not answer, is given up. */
  async function check(): Promise<void> {
    const watched = stream;
    if (!watched || state.is !== 'online') return;
    try {
      const quietSince = watched.heardAt();
      const fresh = await catchUp(await tokens.get(), true);
      if (fresh === 0) return;
      await rest(clock, 3_000);
      if (watched.heardAt() === quietSince) watched.close();
    } catch (error) {
      if (codeOf(error) !== 'busy') watched.close();
    }
  }

  function watch(): void {
    clock.after(watchMs, () => {
      if (state.is === 'closed') return;
      if (stream && clock.now() - stream.heardAt() > watchMs) void check();
      watch();
    });
  }

  async function run(): Promise<void> {
    let failures = 0;
    let refusals = 0;
    let deafness = 0;
    let first = true;
    while (!isClosed()) {
      let grant: Grant | undefined;
      let trouble: Trouble | undefined;
      try {
        grant = await tokens.get();
        const url = await openStream(grant, first);
        first = false;
        refusals = 0;
        begin();
        const onOpen = () => {
          failures = 0;
          set({ is: 'online' });
        };
        const onSet = (activities: readonly Activity[], next: string | undefined) => void take(activities, next, true);
        if (deafness < 2) {
          stream = follow({ url, clock, WebSocket: parts.WebSocket, onOpen, onSet });
          deafness = (await stream.ended) === 'never-opened' ? deafness + 1 : 0;
        } else {
          // Something between here and the channel lets no sockets through.
          const { get } = tokens;
          stream = poll({
            read: async () => calls.read(await get(), watermark),
            clock,
            everyMs: pollMs,
            forMs: pollForMs,
            onOpen,
            onSet,
          });
          await stream.ended;
          deafness = 1;
        }
      } catch (error) {
        trouble = error instanceof Trouble ? error : new Trouble('unreachable', String(error));
      }
      stream = undefined;
      if (isClosed()) return;
      if (trouble?.code === 'gone') return end('gone');
      if (trouble?.code === 'refused' && grant) {
        tokens.reject(grant.token);
        refusals += 1;
      }
      if (trouble?.code === 'refused' && (!grant || refusals >= 3)) return end('refused');
      failures += 1;
      set(first ? { is: 'connecting', ...(trouble && { failing: trouble }) } : { is: 'away' });
      await pause(backOff(failures, random(), { first: 500, most: 30_000, atLeast: trouble?.retryAfterMs ?? 0 }));
    }
  }

  /** Waits, or until woken. */
  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(ms, resolve);
      stopWaiting = () => {
        cancel();
        resolve();
      };
    });
  }

  const isClosed = () => state.is === 'closed';

  void run();
  watch();

  return {
    state: () => state,
    heard: () => log,
    onHeard: (listener) => listen(heardListeners, listener),
    onState: (listener) => listen(stateListeners, listener),
    post: outbox.post,
    wake() {
      stopWaiting();
      outbox.wake();
      void check();
    },
    close: end,
  };
}

function listen<Listener>(listeners: Set<Listener>, listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Direct Line does not say which lines are the reader's own; web chat wants to know. */
function markOwn(activity: Activity, userId: string | undefined): Activity {
  if (userId === undefined || activity.from?.id !== userId) return activity;
  return { ...activity, from: { ...activity.from, role: 'user' } };
}
