import type {
  Abilities,
  Change,
  CommandAnswer,
  Conversation,
  ConversationView,
  Earlier,
  Entry,
  HubEvents,
  PersonRef,
  Signal,
} from '@parley/contracts';
import { typingSeconds } from '@parley/contracts';
import type { DeskApi } from './api.ts';
import { asDeskError, type DeskError } from './desk-error.ts';
import type { ClientHost } from './host.ts';
import { applyChange, applyMark, applyNumbers, isBehind, lastSeq, prepend, settle, startLog, type Log } from './log.ts';
import { createStore, type Readable, type Writable } from './store.ts';

/** One conversation as the console has it. */
export interface ConversationState {
  id: string;
  status: 'loading' | 'ready' | 'failed';
  /** Why it could not be read, or why the last attempt to catch up failed. */
  problem?: DeskError;
  log?: Log;
  abilities?: Abilities;
  earlier: readonly Earlier[];
  /** Who else has it open. */
  viewing: readonly PersonRef[];
  typing: readonly Typing[];
  /** Whether entries before the first one here exist. */
  more: boolean;
}

export type Typing = { type: 'user' } | { type: 'person'; person: PersonRef };

export interface Conversations {
  /** The state of a conversation, whether it is open or not. */
  state(id: string): Readable<ConversationState>;
  /** Opens it: fetches it and follows it until the returned function is called. What is shown is looked at anew. */
  open(id: string, as?: 'shown' | 'followed'): () => void;
  /** Fetches it again. */
  refresh(id: string): Promise<void>;
  /** Fetches the page of entries before the first one here. @throws DeskError */
  older(id: string): Promise<void>;
  /** Applies what a command answered. */
  answered(id: string, answer: CommandAnswer): void;
  /** Joins everything that is open again and fetches what was missed. @throws DeskError */
  resync(): Promise<void>;
  /** Looks again for what was not to be had and now stands in a list of mine. */
  listed(heads: ReadonlyMap<string, Conversation>): void;
  /** Fetches what is shown, unless that has just been done: somebody has come back to the page. */
  look(): void;
  on: Pick<HubEvents, 'change' | 'marks' | 'signal'> & {
    heads(items: { id: string; seq: number; version: number }[]): void;
  };
}

interface ConversationsOptions {
  api: DeskApi;
  host: ClientHost;
  watch(id: string): Promise<{ seq: number; version: number }>;
  unwatch(id: string): Promise<unknown>;
  /** Every log that changed, with the entries that are new in it. */
  onLog(log: Log, fresh: readonly Entry[]): void;
  /** Called before a view is asked for; what it returns comes back with the answer. */
  onAsk(id: string): number;
  onView(view: ConversationView, asked: number): void;
}

interface Held {
  store: Writable<ConversationState>;
  refs: number;
  /** How many times it is on screen. */
  shown: number;
  /** Steady time of the last view. */
  viewedAt: number;
  /** Heard before the log was here. */
  numbers: { seq: number; version: number };
  fetching: Promise<void> | undefined;
  next: (() => Promise<void>) | undefined;
  /** What stops the clocks of typing signals. */
  expiry: Map<string, () => void>;
}

/** Closed conversations that are still shown at once when opened again. */
const kept = 20;
const pageSize = 200;
/** Milliseconds during which a view counts as just fetched. */
const lookEvery = 10_000;

export function createConversations(options: ConversationsOptions): Conversations {
  const { api, host } = options;
  const all = new Map<string, Held>();

  function hold(id: string): Held {
    let held = all.get(id);
    if (held === undefined) {
      const store = createStore<ConversationState>({
        id,
        status: 'loading',
        earlier: [],
        viewing: [],
        typing: [],
        more: false,
      });
      held = {
        store,
        refs: 0,
        shown: 0,
        viewedAt: -Infinity,
        numbers: { seq: 0, version: 0 },
        fetching: undefined,
        next: undefined,
        expiry: new Map(),
      };
      all.set(id, held);
    }
    return held;
  }

  /** Shows a log. `abilities` are those that came with this very head; without them a new floor asks for them. */
  function setLog(held: Held, log: Log, abilities?: Abilities): void {
    const { log: before, abilities: known } = held.store.getSnapshot();
    if (before === log && abilities === undefined) return;
    held.store.update((state) => ({
      ...state,
      log,
      more: (log.entries[0]?.seq ?? 1) > 1,
      ...(abilities === undefined ? {} : { abilities }),
    }));
    const last = before === undefined ? 0 : lastSeq(before);
    options.onLog(
      log,
      log.entries.filter((entry) => entry.seq > last),
    );
    if (held.refs === 0) return;
    const stale =
      abilities === undefined &&
      (known === undefined || (before !== undefined && floorOf(before.head) !== floorOf(log.head)));
    if (stale) void fetchView(held);
    else if (isBehind(log)) void catchUp(held);
  }

  /** Runs one fetch at a time per conversation; what is asked for meanwhile runs once after it. */
  function alone(held: Held, kind: 'view' | 'entries', work: () => Promise<void>): Promise<void> {
    if (held.fetching !== undefined) {
      // The view brings everything that a catch-up would.
      if (held.next === undefined || kind === 'view') held.next = work;
      return held.fetching;
    }
    held.fetching = (async () => {
      let current: typeof work | undefined = work;
      // A desk that keeps contradicting itself is left alone until its next keep-alive.
      for (let round = 0; current !== undefined && round < 8; round++) {
        held.next = undefined;
        await current();
        current = held.next;
      }
    })().finally(() => {
      held.next = undefined;
      held.fetching = undefined;
    });
    return held.fetching;
  }

  async function fetchView(held: Held): Promise<void> {
    const { id } = held.store.getSnapshot();
    await alone(held, 'view', async () => {
      try {
        const asked = options.onAsk(id);
        takeView(held, await api.conversation(id), asked);
      } catch (thrown) {
        fail(held, asDeskError(thrown));
      }
    });
  }

  function takeView(held: Held, view: ConversationView, asked: number): void {
    held.viewedAt = host.steady();
    const { log } = held.store.getSnapshot();
    const first = view.entries[0]?.seq ?? 0;
    const joins = log !== undefined && first <= lastSeq(log) + 1;
    const merged = joins ? applyChange(log, view) : startLog(view.conversation, view.entries);
    held.store.update(({ problem: _, ...state }) => ({ ...state, status: 'ready', earlier: view.earlier }));
    const current = floorOf(merged.head) === floorOf(view.conversation);
    setLog(held, applyNumbers(merged, held.numbers), view.abilities);
    options.onView(view, asked);
    // A push overtook the answer: these abilities belong to a floor that has passed.
    if (!current) void fetchView(held);
  }

  /** Fetches the entries after the last one here, page by page, until nothing is known to be missing. */
  async function catchUp(held: Held): Promise<void> {
    const { id } = held.store.getSnapshot();
    await alone(held, 'entries', async () => {
      try {
        for (let page = 0; page < 50; page++) {
          const { log } = held.store.getSnapshot();
          if (log === undefined || !isBehind(log)) break;
          const answer = await api.entries(id, { after: lastSeq(log), limit: pageSize });
          const next = applyChange(held.store.getSnapshot().log ?? log, answer);
          const whole = answer.entries.length < pageSize;
          setLog(held, whole ? settle(next, answer.conversation) : next);
          if (whole) break;
        }
        held.store.update(({ problem: _, ...state }) => ({ ...state, status: 'ready' }));
      } catch (thrown) {
        fail(held, asDeskError(thrown));
      }
    });
  }

  function fail(held: Held, problem: DeskError): void {
    held.store.update((state) => ({
      ...state,
      status: state.log === undefined || problem.code === 'not-found' ? 'failed' : state.status,
      problem,
    }));
  }

  async function join(held: Held): Promise<void> {
    const { id } = held.store.getSnapshot();
    note(held, await options.watch(id));
  }

  function note(held: Held, numbers: { seq: number; version: number }): void {
    held.numbers = {
      seq: Math.max(held.numbers.seq, numbers.seq),
      version: Math.max(held.numbers.version, numbers.version),
    };
    const { log } = held.store.getSnapshot();
    if (log !== undefined) setLog(held, applyNumbers(log, numbers));
  }

  function take(held: Held, change: Change): void {
    const { log } = held.store.getSnapshot();
    const numbers = { seq: change.conversation.seq, version: change.conversation.version };
    if (log === undefined) note(held, numbers);
    else setLog(held, applyChange(log, change));
  }

  function signal(held: Held, heard: Signal): void {
    if (heard.kind === 'viewing') {
      held.store.update((state) => ({ ...state, viewing: heard.people }));
      return;
    }
    const key = heard.by.type === 'user' ? 'user' : heard.by.person.id;
    stopTyping(held, key);
    held.store.update((state) => ({ ...state, typing: [...state.typing, heard.by] }));
    held.expiry.set(
      key,
      host.after(typingSeconds * 1_000, () => stopTyping(held, key)),
    );
  }

  function stopTyping(held: Held, key: string): void {
    held.expiry.get(key)?.();
    held.expiry.delete(key);
    const { typing } = held.store.getSnapshot();
    const rest = typing.filter((by) => (by.type === 'user' ? 'user' : by.person.id) !== key);
    if (rest.length !== typing.length) held.store.update((state) => ({ ...state, typing: rest }));
  }

  /** The draft may have gone on at another machine, of which nothing is pushed. */
  function lookAt(held: Held): void {
    if (held.fetching === undefined && host.steady() - held.viewedAt > lookEvery) void fetchView(held);
  }

  /** A keep-alive that names it or not: whatever failed before is made good. */
  function mend(held: Held, item: { seq: number; version: number } | undefined): void {
    const { problem } = held.store.getSnapshot();
    if (problem?.code === 'not-found') return;
    if (item === undefined) {
      void join(held).catch((thrown: unknown) => {
        if (asDeskError(thrown).code === 'not-found' && held.refs > 0) void fetchView(held);
      });
      return;
    }
    note(held, item);
    if (held.fetching !== undefined) return;
    const { log } = held.store.getSnapshot();
    if (log === undefined || problem !== undefined) void fetchView(held);
    else if (isBehind(log)) void catchUp(held);
  }

  function prune(): void {
    const idle = [...all].filter(([, held]) => held.refs === 0);
    for (const [id] of idle.slice(0, Math.max(0, idle.length - kept))) all.delete(id);
  }

  return {
    state: (id) => hold(id).store,
    open(id, as = 'shown') {
      const held = hold(id);
      held.refs++;
      if (as === 'shown') held.shown++;
      if (held.refs === 1) {
        // Moved to the end: the longest closed is forgotten first.
        all.delete(id);
        all.set(id, held);
        void join(held).catch(() => undefined);
        void fetchView(held);
      } else if (as === 'shown') lookAt(held);
      let open = true;
      return () => {
        if (!open) return;
        open = false;
        held.refs--;
        if (as === 'shown') held.shown--;
        if (held.refs > 0) return;
        void options.unwatch(id).catch(() => undefined);
        held.store.update((state) => ({ ...state, viewing: [], typing: [] }));
        prune();
      };
    },
    refresh: (id) => fetchView(hold(id)),
    listed(heads) {
      for (const [id, held] of all) {
        const { problem, log } = held.store.getSnapshot();
        if (held.refs === 0 || problem?.code !== 'not-found') continue;
        if ((heads.get(id)?.version ?? -1) <= (log?.head.version ?? -1)) continue;
        void join(held).catch(() => undefined);
        void fetchView(held);
      }
    },
    look() {
      for (const held of all.values()) if (held.shown > 0) lookAt(held);
    },
    async older(id) {
      const held = hold(id);
      const first = held.store.getSnapshot().log?.entries[0]?.seq;
      if (first === undefined || first <= 1) return;
      const page = await api.entries(id, { before: first, limit: 100 });
      const { log } = held.store.getSnapshot();
      if (log !== undefined) setLog(held, prepend(log, page.entries));
    },
    answered(id, answer) {
      const held = hold(id);
      const { log } = held.store.getSnapshot();
      if (log === undefined) note(held, answer.conversation);
      else
        setLog(
          held,
          applyChange(log, answer),
          answer.conversation.version >= log.head.version ? answer.abilities : undefined,
        );
    },
    async resync() {
      const open = [...all.values()].filter((held) => held.refs > 0);
      await Promise.all(
        open.map(async (held) => {
          try {
            await join(held);
          } catch (thrown) {
            const problem = asDeskError(thrown);
            if (problem.code !== 'not-found') throw problem;
          }
          const state = held.store.getSnapshot();
          if (state.log === undefined || state.problem !== undefined) await fetchView(held);
          else if (isBehind(state.log)) await catchUp(held);
        }),
      );
    },
    on: {
      change(change) {
        const held = all.get(change.conversation.id);
        if (held === undefined) return;
        take(held, change);
        for (const entry of change.entries)
          if (entry.kind === 'message') stopTyping(held, entry.by.type === 'person' ? entry.by.id : entry.by.type);
      },
      marks({ items }) {
        for (const mark of items) {
          const held = all.get(mark.id);
          const log = held?.store.getSnapshot().log;
          if (held !== undefined && log !== undefined) setLog(held, applyMark(log, mark));
        }
      },
      signal(heard) {
        const held = all.get(heard.conversation);
        if (held !== undefined) signal(held, heard);
      },
      heads(items) {
        const told = new Map(items.map((item) => [item.id, item]));
        for (const [id, held] of all) if (held.refs > 0) mend(held, told.get(id));
      },
    },
  };
}

/** What abilities depend on: when it changes, they must be asked for again. */
function floorOf({ epoch, holder }: Conversation): string {
  const offer = holder.state === 'queued' ? holder.offer?.to.id : undefined;
  return `${epoch} ${holder.state} ${offer ?? ''}`;
}
