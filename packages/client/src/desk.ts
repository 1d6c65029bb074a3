import type { CommandAnswer, CommandBody, CommandName, Presence, PresenceState, Session } from '@parley/contracts';
import { createApi, type DeskApi } from './api.ts';
import { defaultBackOff, pause, pauseBefore, type BackOff } from './back-off.ts';
import { connectSignalR, type Connect } from './connection.ts';
import { createConversations, type Conversations } from './conversations.ts';
import { asDeskError, type DeskError } from './desk-error.ts';
import { createDrafts, type Drafts } from './drafts.ts';
import { belongs, type Viewer } from './heads.ts';
import { browserHost, type ClientHost } from './host.ts';
import { createHttp, type TokenSource } from './http.ts';
import { createKeeper, type Keeping } from './keeper.ts';
import { createLink, type LinkState } from './link.ts';
import { createLists, type Lists } from './lists.ts';
import { createOutbox, type Outbox, type OutboxItem } from './outbox.ts';
import { createReadMarks, unreadOf, type ReadMarks } from './read-marks.ts';
import { memoryStorage, type DeskStorage } from './storage.ts';
import { createStore, type Readable } from './store.ts';

export interface DeskOptions {
  /** Origin of the desk, without a trailing slash; empty for the page's own origin. */
  url: string;
  /** Access token for the desk's API; asked with `renew` after the desk refused the last one. */
  token: TokenSource;
  fetch?: typeof globalThis.fetch;
  /** Wall clock in milliseconds; only displayed times depend on it. */
  now?: () => number;
  /** Where unsent messages and drafts survive; must belong to the signed-in person alone. */
  storage?: DeskStorage;
  backOff?: BackOff;
  /** Milliseconds until one HTTP try is given up; 15 s unless told. */
  timeout?: number;
  /** Milliseconds of silence after which the socket is replaced; 30 s unless told. */
  silence?: number;
  /** Time, waiting and chance; the browser's unless told. */
  host?: ClientHost;
  /** Makes connections to the hub; SignalR over WebSockets unless told. */
  connect?: Connect;
}

export interface SessionState {
  status: 'loading' | 'ready' | 'failed';
  session?: Session;
  problem?: DeskError;
}

/** Everything the console knows of the desk, kept in step; see the package's README for the picture. */
export interface Desk {
  readonly api: DeskApi;
  readonly session: Readable<SessionState>;
  readonly connection: Readable<LinkState>;
  readonly lists: Pick<Lists, 'state' | 'want' | 'more'>;
  readonly outbox: Pick<Outbox, 'items' | 'send' | 'retry' | 'discard' | 'wake'>;
  readonly drafts: Pick<Drafts, 'items' | 'set'>;
  readonly reads: Pick<ReadMarks, 'items' | 'mark'>;
  /** Whether what waits to be sent would survive a crash. */
  readonly keeping: Readable<Keeping>;
  /** Unread user lines of the conversations I hold. */
  readonly unread: Readable<ReadonlyMap<string, number>>;
  /** Colleagues' presence by id, as far as it was asked for or announced. */
  readonly people: Readable<ReadonlyMap<string, Presence>>;
  readonly conversation: Conversations['state'];
  /** Opens a conversation that is shown, and follows it until the returned function is called. */
  open(id: string): () => void;
  readonly refresh: Conversations['refresh'];
  readonly older: Conversations['older'];
  /**
   * Sends what is written in a conversation and empties its draft, the two in one stroke: whatever crashes, the words are
   * in one of them and never in both.
   * @returns once it is written down: true if it would survive a crash, false if only this window has it
   */
  say(message: Pick<OutboxItem, 'conversation' | 'kind' | 'text' | 'epoch'>): Promise<boolean>;
  /** Sends a command other than a reply or note and shows what it changed. @throws DeskError */
  command<C extends Exclude<CommandName, 'reply' | 'note'>>(
    id: string,
    name: C,
    body: Omit<CommandBody<C>, 'id'>,
  ): Promise<CommandAnswer>;
  setPresence(state: PresenceState): Promise<void>;
  loadPeople(): Promise<void>;
  /** Tells the others that I write; call as often as you like. */
  typing(id: string): void;
  /** The desk's clock, in milliseconds: the local one corrected by what the desk told. */
  now(): number;
  start(): void;
  stop(): Promise<void>;
  /**
   * Call when the page becomes visible, the sign-in was renewed, or the network is another.
   * @param changed the network is another: what was heard a moment ago says nothing of the socket of now
   */
  wake(changed?: boolean): void;
}

export function createDesk(options: DeskOptions): Desk {
  const host = options.host ?? browserHost;
  const wall = options.now ?? (() => host.now());
  const keeper = createKeeper(options.storage ?? memoryStorage(), host);
  const backOff = options.backOff ?? defaultBackOff;
  const http = createHttp({
    url: options.url,
    token: options.token,
    backOff,
    host,
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
  });
  const api = createApi(http);

  const session = createStore<SessionState>({ status: 'loading' });
  const people = createStore<ReadonlyMap<string, Presence>>(new Map());
  const unread = createStore<ReadonlyMap<string, number>>(new Map());
  const mine = new Map<string, () => void>();
  // The desk's time goes on by the steady clock: whoever sets the laptop's clock meanwhile does not set this one.
  let told: { serverTime: number; steady: number } | undefined;
  let stopped = new AbortController();
  let typedAt = -Infinity;
  let peopleShown = false;

  const now = () => (told === undefined ? wall() : told.serverTime + host.steady() - told.steady);
  const lists = createLists(api, now);
  const reads = createReadMarks(keeper, now);
  const drafts = createDrafts({
    save: (id, body) => api.saveDraft(id, body, { tries: 1 }),
    keeper,
    now,
    host,
    backOff,
  });
  const conversations: Conversations = createConversations({
    api,
    host,
    watch: (id) => link.invoke('watch', id),
    unwatch: (id) => link.invoke('unwatch', id),
    onLog(log, fresh) {
      outbox.arrived(fresh);
      lists.apply({ items: [log.head], gone: [] });
      count(log.head.id);
    },
    onAsk: (id) => drafts.turn(id),
    onView: (view, asked) => drafts.offer(view.conversation.id, view.draft, asked),
  });
  const outbox = createOutbox({
    post: ({ id, conversation, kind, text, epoch, composedAt }) =>
      kind === 'reply'
        ? api.command(
            conversation,
            'reply',
            // When it was written is only worth telling where it had to wait.
            { id, text, epoch, ...(now() - composedAt > 2_000 && { composedAt: Math.round(composedAt) }) },
            { tries: 1 },
          )
        : api.command(conversation, 'note', { id, text }, { tries: 1 }),
    onAnswer: answered,
    keeper,
    now,
    host,
    backOff,
  });
  const link = createLink({
    url: options.url,
    token: options.token,
    host,
    connect: options.connect ?? connectSignalR,
    now,
    ...(options.backOff === undefined ? {} : { backOff }),
    ...(options.silence === undefined ? {} : { silence: options.silence }),
    on: {
      change: conversations.on.change,
      marks: conversations.on.marks,
      signal: conversations.on.signal,
      list: lists.pushed,
      heads({ items, changes }) {
        conversations.on.heads(items);
        lists.heard(changes);
      },
      presence: ({ items }) => notePresence(items),
      bots: ({ items }) =>
        session.update((state) =>
          state.session === undefined ? state : { ...state, session: { ...state.session, bots: items } },
        ),
    },
    async onConnected() {
      await Promise.all([
        lists.resync(),
        conversations.resync(),
        session.getSnapshot().status === 'ready' ? loadSession() : undefined,
        peopleShown ? loadPeople() : undefined,
      ]);
      outbox.wake();
      drafts.wake();
    },
  });

  async function loadSession(): Promise<void> {
    const answer = await api.session();
    told = { serverTime: answer.serverTime, steady: host.steady() };
    session.set({ status: 'ready', session: answer });
    notePresence([answer.presence]);
    followMine();
  }

  /** From the first time on, whenever the line comes back: what became of people meanwhile was told to nobody here. */
  async function loadPeople(): Promise<void> {
    peopleShown = true;
    notePresence((await api.people()).items);
  }

  async function keepAskingForSession(signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        await loadSession();
        return begin();
      } catch (thrown) {
        const problem = asDeskError(thrown);
        session.set({ status: 'failed', problem });
        if (!problem.transient) return;
        await pause(host, pauseBefore(attempt, backOff, host), signal);
      }
    }
  }

  /** Lists and pushes are for those who work with conversations; an administrator has none and would be refused. */
  function begin(): void {
    if (stopped.signal.aborted || session.getSnapshot().session?.can.consult !== true) return;
    void lists.want('mine').catch(() => undefined);
    void lists.want('waiting').catch(() => undefined);
    link.start();
  }

  function notePresence(items: readonly Presence[]): void {
    people.update((all) => new Map([...all, ...items.map((item) => [item.person.id, item] as const)]));
    const { session: known } = session.getSnapshot();
    const own = items.find((item) => item.person.id === known?.me.id);
    if (known !== undefined && own !== undefined && own !== known.presence)
      session.update((state) => ({ ...state, session: { ...known, presence: own } }));
  }

  /** What I hold is followed even while another conversation is on screen: unread counts and a quick switch depend on it. */
  function followMine(): void {
    const viewer = viewerOf(session.getSnapshot().session);
    if (viewer === undefined) return;
    const held = [...lists.state.getSnapshot().heads.values()]
      .filter((head) => belongs(head, 'mine', viewer))
      .map(({ id }) => id);
    for (const id of held) if (!mine.has(id)) mine.set(id, conversations.open(id, 'followed'));
    for (const [id, release] of mine) {
      if (held.includes(id)) continue;
      mine.delete(id);
      release();
      unread.update((all) => new Map([...all].filter(([other]) => other !== id)));
    }
  }

  function count(id: string): void {
    const { log } = conversations.state(id).getSnapshot();
    if (log === undefined || !mine.has(id)) return;
    const number = unreadOf(log, reads.items.getSnapshot().get(id)).length;
    if (unread.getSnapshot().get(id) !== number) unread.update((all) => new Map(all).set(id, number));
  }

  function answered(answer: CommandAnswer): void {
    conversations.answered(answer.conversation.id, answer);
    outbox.arrived(answer.entries);
    lists.apply({ items: [answer.conversation], gone: [] });
  }

  lists.state.subscribe(followMine);
  lists.state.subscribe(() => conversations.listed(lists.state.getSnapshot().heads));
  reads.items.subscribe(() => {
    for (const id of mine.keys()) count(id);
  });

  return {
    api,
    session,
    connection: link.state,
    lists,
    outbox,
    drafts,
    reads,
    unread,
    people,
    conversation: conversations.state,
    keeping: keeper.state,
    open: (id) => conversations.open(id),
    refresh: conversations.refresh,
    older: conversations.older,
    now,
    async say(message) {
      const { conversation } = message;
      const { text: before = '', mode = message.kind } = drafts.items.getSnapshot().get(conversation) ?? {};
      const kept = await outbox.written(outbox.send(message, drafts.spend(conversation)));
      // What was typed while it was being written down stays.
      const { text = '' } = drafts.items.getSnapshot().get(conversation) ?? {};
      drafts.set(conversation, { text: text.startsWith(before) ? text.slice(before.length) : text, mode });
      return kept;
    },
    async command(id, name, body) {
      try {
        const answer = await api.command(id, name, { ...body, id: host.newId() } as CommandBody<typeof name>);
        answered(answer);
        return answer;
      } catch (thrown) {
        // A refusal means that the screen is behind: fetch what is on it.
        const error = asDeskError(thrown);
        if (!error.transient) void conversations.refresh(id);
        throw error;
      }
    },
    async setPresence(state) {
      const presence = await api.setPresence(state);
      if (presence !== undefined && presence.person !== undefined) notePresence([presence]);
      else await loadSession();
    },
    loadPeople,
    typing(id) {
      const tick = host.steady();
      if (tick - typedAt < 2_000) return;
      typedAt = tick;
      void link.invoke('typing', id).catch(() => undefined);
    },
    start() {
      stopped = new AbortController();
      void keepAskingForSession(stopped.signal);
      void Promise.all([outbox.start(), drafts.start(), reads.start()]);
    },
    async stop() {
      stopped.abort();
      outbox.stop();
      drafts.stop();
      for (const release of mine.values()) release();
      mine.clear();
      await link.stop();
    },
    wake(changed = false) {
      link.wake(changed);
      keeper.again();
      outbox.wake();
      drafts.wake();
      conversations.look();
      if (session.getSnapshot().status === 'failed') void keepAskingForSession(stopped.signal);
    },
  };
}

export function viewerOf(session: Session | undefined): Viewer | undefined {
  return session === undefined ? undefined : { id: session.me.id, queues: session.presence.queues };
}
