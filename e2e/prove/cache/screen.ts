import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { paths, type Conversation, type ConversationPage, type ConversationView, type People } from '@parley/contracts';
import {
  belongs,
  connectSignalR,
  createDesk,
  isBehind,
  select,
  viewerOf,
  type Connect,
  type Desk,
} from '@parley/client';
import { Caller, type TestDesk } from '@parley/testkit';

/** A console without its React: the real client, connected to the real desk, and somebody who reads everything afresh. */
export type Screen = {
  email: string;
  desk: Desk;
  /** Reads as the same person, past the screen. */
  readonly as: Caller;
  /** Conversations that are shown. */
  readonly shown: Map<string, () => void>;
  /** Pushes heard so far. */
  pushes(): number;
  show(id: string): void;
  /** Shows no conversation any more. */
  hide(): void;
  stop(): Promise<void>;
};

export type ScreenOptions = {
  /** Asked anew each time: a desk that was started again is elsewhere. */
  real: Pick<TestDesk, 'url' | 'token'>;
  email: string;
  /** Where the desk is reached; the desk itself unless told. */
  url?: string;
  /** Hears no keep-alives, so that nothing but pushes keeps it in step. */
  pushesOnly?: boolean;
};

export async function openScreen({ real, email, url = real.url, pushesOnly = false }: ScreenOptions): Promise<Screen> {
  let pushes = 0;
  const connect: Connect = (options) => {
    const connection = connectSignalR(options);
    return {
      get state() {
        return connection.state;
      },
      start: () => connection.start(),
      stop: () => connection.stop(),
      invoke: (method, ...args) => connection.invoke(method, ...args),
      onclose: (run) => connection.onclose(run),
      on: (event, hear) =>
        connection.on(event, (argument: never) => {
          if (event === 'heads' && pushesOnly) return;
          pushes += 1;
          hear(argument);
        }),
    };
  };
  const desk = createDesk({
    url,
    token: () => real.token(email),
    backOff: { first: 20, cap: 100 },
    silence: 600_000,
    connect,
  });
  const shown = new Map<string, () => void>();
  const hide = () => {
    for (const release of shown.values()) release();
    shown.clear();
  };
  desk.start();
  await until(() => desk.session.getSnapshot().status === 'ready', `${email} has no session`);
  if (desk.session.getSnapshot().session?.can.consult)
    await until(() => desk.connection.getSnapshot().state === 'live', `${email} is not connected`);
  if (desk.session.getSnapshot().session?.can.supervise) await desk.lists.want('live');
  await desk.loadPeople();
  return {
    email,
    desk,
    get as() {
      return new Caller(real.url, () => real.token(email));
    },
    shown,
    pushes: () => pushes,
    show(id) {
      if (!shown.has(id)) shown.set(id, desk.open(id));
    },
    hide,
    async stop() {
      hide();
      await desk.stop();
    },
  };
}

/** Where the screen is other than a fresh fetch would have it, in words; empty when it is right. */
export async function differences({ desk, as, shown }: Screen): Promise<string[]> {
  const found: string[] = [];
  const viewer = viewerOf(desk.session.getSnapshot().session);
  const { heads } = desk.lists.state.getSnapshot();
  for (const view of ['waiting', 'mine', 'live'] as const) {
    const fresh = await as.get<ConversationPage>(`${paths.conversations}?view=${view}&limit=200`);
    const here = viewer === undefined ? [] : select(heads, view, viewer);
    if (fresh.status !== 200) {
      if (desk.lists.state.getSnapshot().views[view].status === 'ready')
        found.push(`${view} is shown but ${fresh.status}`);
    } else if (desk.lists.state.getSnapshot().views[view].status === 'ready' && viewer !== undefined) {
      const there = fresh.body.items.filter((head) => belongs(head, view, viewer));
      found.push(...unlike(view, byId(here.map(listed)), byId(there.map(listed))));
    } else if (view !== 'live') found.push(`${view} is not there`);
  }

  for (const id of shown.keys()) {
    const fresh = await as.get<ConversationView>(paths.conversation(id));
    const { log, abilities, status } = desk.conversation(id).getSnapshot();
    if (fresh.status !== 200) {
      if (status !== 'failed') found.push(`${id} is ${status} on screen and answers ${fresh.status}`);
      continue;
    }
    const from = fresh.body.entries[0]?.seq ?? 1;
    found.push(
      ...unlike(
        `entries of ${id}`,
        log?.entries.filter(({ seq }) => seq >= from),
        fresh.body.entries,
      ),
      ...unlike(`head of ${id}`, log?.head, fresh.body.conversation),
      ...unlike(`abilities in ${id}`, abilities, fresh.body.abilities),
    );
    if (log && isBehind(log)) found.push(`${id} knows that it is behind`);
  }

  const people = await as.get<People>(paths.people);
  const known = desk.people.getSnapshot();
  // An administrator has no line to the desk: presence is what was asked for last.
  if (desk.session.getSnapshot().session?.can.consult)
    for (const one of people.body.items)
      found.push(...unlike(`presence of ${one.person.name}`, known.get(one.person.id), one));
  return found;
}

/**
 * Waits until the screens are right.
 * @returns how many were compared
 * @throws when one is not within the time, saying where it differs
 */
export async function settled(screens: readonly Screen[], what: string, timeoutMs = 5_000): Promise<number> {
  for (const screen of screens) {
    let last: string[] = [];
    const right = async () => (last = await differences(screen)).length === 0;
    await until(right, () => `${what}: the screen of ${screen.email} is wrong:\n  ${last.join('\n  ')}`, timeoutMs);
  }
  return screens.length;
}

/** @throws an error with `why` when the condition does not come true in time */
export async function until(
  condition: () => boolean | Promise<boolean>,
  why: string | (() => string),
  timeoutMs = 5_000,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(typeof why === 'string' ? why : why());
    await sleep(10);
  }
}

/** What a list shows of a head. Delivery marks are pushed to who has the conversation open; lists do not show them. */
function listed({ delivery: _, version: __, ...head }: Conversation): Partial<Conversation> {
  return head;
}

function byId(heads: readonly Partial<Conversation>[]): Record<string, Partial<Conversation>> {
  return Object.fromEntries(heads.map((head) => [head.id!, head]));
}

function unlike(what: string, screen: unknown, fresh: unknown): string[] {
  return apart(what, plain(screen), plain(fresh)).slice(0, 5);
}

/** Where two values part, member by member. */
function apart(where: string, screen: unknown, fresh: unknown): string[] {
  if (isDeepStrictEqual(screen, fresh)) return [];
  if (!isRecord(screen) || !isRecord(fresh)) return [`${where}: on screen ${short(screen)}, fresh ${short(fresh)}`];
  const members = new Set([...Object.keys(screen), ...Object.keys(fresh)]);
  return [...members].flatMap((member) => apart(`${where}.${member}`, screen[member], fresh[member]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
