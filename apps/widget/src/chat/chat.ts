import { isConsultants, noteOf } from '../line/activity.ts';
import type { Activity } from '../line/activity.ts';
import type { Clock } from '../line/clock.ts';
import { createDirectLine } from '../line/direct-line.ts';
import { createLine } from '../line/line.ts';
import type { Heard, Line, LineState } from '../line/line.ts';
import { createTokenService } from '../line/token-service.ts';
import { createTokens } from '../line/tokens.ts';
import type { Tokens } from '../line/tokens.ts';
import type { FrameMessage } from '../protocol.ts';
import { beginning, events, hear } from './floor.ts';
import type { Talk } from './floor.ts';
import type { Keep } from './keep.ts';

/** What the page shows. A new object for each change. */
export interface ChatView {
  /** Names the conversation: another number is another conversation, to be drawn from nothing. */
  readonly round: number;
  readonly line: LineState;
  readonly talk: Talk;
  readonly browserOnline: boolean;
  readonly rated: boolean;
}

/** The chat without its drawing. */
export interface Chat {
  view(): ChatView;
  /** @returns how to stop listening. */
  subscribe(listener: () => void): () => void;
  line(): Line;
  tokens(): Tokens;
  /** The user sees the page, or does not. */
  setShown(shown: boolean): void;
  setBrowserOnline(online: boolean): void;
  wake(): void;
  rate(score: number, comment: string): void;
  skipRating(): void;
  /** Ends the conversation for good. */
  leave(): Promise<void>;
  startAgain(): void;
}

export interface ChatParts {
  readonly tokenUrl: string;
  readonly locale: string;
  readonly keep: Keep;
  readonly clock: Clock;
  readonly random: () => number;
  readonly fetch: typeof globalThis.fetch;
  readonly WebSocket: typeof globalThis.WebSocket;
  readonly tell: (message: FrameMessage) => void;
}

/** Milliseconds between two reports of what was seen, and how long leaving may take. */
const seenMs = 800;
const leaveMs = 3_000;

export function createChat(parts: ChatParts): Chat {
  const { clock, keep, random, tell, tokenUrl } = parts;
  const listeners = new Set<() => void>();
  const service = createTokenService({ tokenUrl, fetch: parts.fetch });
  const calls = createDirectLine(parts.fetch);
  let view: ChatView = { round: 0, line: { is: 'connecting' }, talk: beginning, browserOnline: true, rated: false };
  let shown = false;
  let unread = 0;
  let toldSeq = 0;
  let reporting = false;
  let current = begin();

  function begin(): { line: Line; tokens: Tokens } {
    const kept = keep.load();
    const tokens = createTokens({ service, clock, random, kept, onChange: (fresh) => keep.save(fresh) });
    const line = createLine({
      tokens,
      calls,
      clock,
      random,
      locale: parts.locale,
      continued: kept !== undefined,
      WebSocket: parts.WebSocket,
    });
    const gate = unreadSince(kept?.readId);
    line.onHeard((heard) => {
      set({ talk: hear(view.talk, heard.activity) });
      if (shown) keep.save({ readId: heard.activity.id });
      else if (gate(heard) && isForUser(heard.activity)) countUnread(heard.activity);
      reportSeen();
    });
    line.onState((state) => {
      set({ line: state });
      if (state.is === 'online') tell({ parley: 'conversation', going: true });
      if (state.is === 'closed') forget();
    });
    return { line, tokens };
  }

  function set(change: Partial<ChatView>): void {
    view = { ...view, ...change };
    for (const listener of listeners) listener();
  }

  function forget(): void {
    keep.forget();
    tell({ parley: 'conversation', going: false });
  }

  function countUnread(activity: Activity): void {
    unread += 1;
    const from = noteOf(activity).name;
    tell({ parley: 'unread', count: unread, ...(from !== undefined && { from }) });
  }

  /** Tells the desk how far the user has read, at most about once a second. */
  function reportSeen(): void {
    if (reporting || !shown || view.talk.shownSeq <= Math.max(toldSeq, view.talk.toldSeq)) return;
    reporting = true;
    clock.after(seenMs, () => {
      reporting = false;
      const seq = view.talk.shownSeq;
      if (!shown || seq <= Math.max(toldSeq, view.talk.toldSeq)) return;
      toldSeq = seq;
      const { line } = current;
      line.post({ type: 'event', name: events.seen, value: { seq } }).catch(() => {
        toldSeq = 0;
      });
      reportSeen();
    });
  }

  return {
    view: () => view,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    line: () => current.line,
    tokens: () => current.tokens,
    setShown(now) {
      if (shown === now) return;
      shown = now;
      unread = 0;
      if (!now) return;
      tell({ parley: 'unread', count: 0 });
      keep.save({ readId: current.line.heard().at(-1)?.activity.id });
      reportSeen();
    },
    setBrowserOnline(online) {
      set({ browserOnline: online });
      if (online) current.line.wake();
    },
    wake: () => current.line.wake(),
    rate(score, comment) {
      const text = comment.trim().slice(0, 2_000);
      set({ talk: { ...view.talk, unrated: undefined }, rated: true });
      void current.line
        .post({ type: 'event', name: events.rating, value: { score, ...(text && { comment: text }) } })
        .catch(() => {});
      clock.after(4_000, () => set({ rated: false }));
    },
    skipRating: () => set({ talk: { ...view.talk, unrated: undefined } }),
    async leave() {
      const { line } = current;
      const told = line.post({ type: 'event', name: events.left, value: {} }).catch(() => {});
      await Promise.race([told, new Promise<void>((resolve) => void clock.after(leaveMs, resolve))]);
      line.close('left');
    },
    startAgain() {
      current.line.close('left');
      keep.forget();
      toldSeq = 0;
      unread = 0;
      set({ round: view.round + 1, line: { is: 'connecting' }, talk: beginning, rated: false });
      current = begin();
    },
  };
}

/** What makes the badge count: words addressed to the user. */
function isForUser(activity: Activity): boolean {
  return activity.type === 'message' && (isConsultants(activity) || activity.from?.role !== 'user');
}

/** Of an earlier page's lines only those after the last one read there are new. */
function unreadSince(readId: string | undefined): (heard: Heard) => boolean {
  let passed = false;
  return ({ activity, live }) => {
    if (live) return true;
    const isNew = passed;
    if (activity.id === readId) passed = true;
    return isNew;
  };
}
