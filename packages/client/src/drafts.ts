import type { Draft, DraftBody } from '@parley/contracts';
import { defaultBackOff, pause, pauseBefore, type BackOff } from './back-off.ts';
import { asDeskError } from './desk-error.ts';
import { browserHost, type ClientHost } from './host.ts';
import type { Keeper } from './keeper.ts';
import { createStore, type Readable } from './store.ts';

/** A draft, and whether the desk has it: `here` means only this browser does. */
export interface KeptDraft extends Draft {
  state: 'saved' | 'saving' | 'here';
}

export interface Drafts {
  /** Drafts by conversation; a draft never leaves its conversation. */
  readonly items: Readable<ReadonlyMap<string, KeptDraft>>;
  /** Keeps the text here at once and at the desk within a second. An empty text deletes the draft in both. */
  set(conversation: string, body: DraftBody): void;
  /** Changes with every change here and every save; read it before asking the desk what it has. */
  turn(conversation: string): number;
  /** What the desk has: the last word, unless something was written or saved here since `turn` was read. */
  offer(conversation: string, draft: Draft | undefined, turn: number): void;
  /** Spends a draft. @returns records to be written together with the message that it became, so that it never comes back */
  spend(conversation: string): Record<string, unknown>;
  start(): Promise<void>;
  wake(): void;
  stop(): void;
}

interface DraftsOptions {
  save(conversation: string, body: DraftBody): Promise<unknown>;
  keeper: Keeper;
  now(): number;
  /** Milliseconds without a key before the desk is told. */
  quiet?: number;
  /** Milliseconds after which it is told although typing goes on. */
  longest?: number;
  host?: ClientHost;
  backOff?: BackOff;
}

const prefix = 'draft/';

/**
 * What somebody is writing. Of several devices the last to save wins, by the order in which the desk hears of it:
 * no clock of a browser decides. Windows of one browser take turns in saving a draft.
 */
export function createDrafts(options: DraftsOptions): Drafts {
  const { save, keeper, now, quiet = 300, longest = 800, host = browserHost, backOff = defaultBackOff } = options;
  const items = createStore<ReadonlyMap<string, KeptDraft>>(new Map());
  const lanes = new Set<string>();
  /** Words of this very window that the desk does not have: steady times of their first and last key. */
  const typed = new Map<string, { first: number | undefined; last: number }>();
  const refused = new Set<string>();
  const turns = new Map<string, number>();
  const end = new AbortController();
  let sleepers = new AbortController();
  let unwatch: () => void = () => undefined;

  const get = (conversation: string) => items.getSnapshot().get(conversation);
  const turn = (conversation: string) => turns.get(conversation) ?? 0;
  const turnOver = (conversation: string) => turns.set(conversation, turn(conversation) + 1);
  const put = (conversation: string, draft: KeptDraft | undefined) => {
    const next = new Map(items.getSnapshot());
    if (draft === undefined) next.delete(conversation);
    else next.set(conversation, draft);
    items.set(next);
  };
  const isUnsaved = (conversation: string) => {
    const draft = get(conversation);
    return draft !== undefined && draft.state !== 'saved';
  };
  const recordOf = async (conversation: string) =>
    (await keeper.all<KeptDraft>(prefix + conversation)).find(({ key }) => key === prefix + conversation)?.value;

  async function upload(conversation: string): Promise<void> {
    if (lanes.has(conversation) || end.signal.aborted) return;
    lanes.add(conversation);
    try {
      await keeper.exclusive(prefix + conversation, end.signal, () => lane(conversation));
    } catch (thrown) {
      if (!end.signal.aborted) throw thrown;
    } finally {
      lanes.delete(conversation);
    }
    if (isUnsaved(conversation) && !refused.has(conversation)) void upload(conversation);
  }

  async function lane(conversation: string): Promise<void> {
    if (!typed.has(conversation) && (await recordOf(conversation)) === undefined) {
      // Words of another window, which has saved them by now.
      if (!typed.has(conversation)) return settle(conversation);
    }
    for (let attempt = 0; !end.signal.aborted;) {
      await untilQuiet(conversation);
      const draft = get(conversation);
      if (draft === undefined || draft.state === 'saved' || end.signal.aborted) return;
      const at = turn(conversation);
      const keys = typed.get(conversation);
      if (keys !== undefined) typed.set(conversation, { ...keys, first: undefined });
      put(conversation, { ...draft, state: 'saving' });
      try {
        await save(conversation, { text: draft.text, mode: draft.mode });
        attempt = 0;
        if (turn(conversation) !== at) continue;
        // The desk has it: from here on it, not this browser, remembers the draft.
        turnOver(conversation);
        typed.delete(conversation);
        settle(conversation);
        await keeper.write({ [prefix + conversation]: undefined });
        return;
      } catch (thrown) {
        const error = asDeskError(thrown);
        const still = get(conversation);
        if (still !== undefined) put(conversation, { ...still, state: 'here' });
        if (!error.transient && error.code !== 'aborted') {
          // Refused for good (the conversation is somebody else's now, say): the words stay here.
          if (turn(conversation) === at) refused.add(conversation);
          return;
        }
        await pause(host, Math.max(error.retryAfter ?? 0, pauseBefore(attempt++, backOff, host)), sleepers.signal);
      }
    }
  }

  function settle(conversation: string): void {
    const draft = get(conversation);
    if (draft !== undefined) put(conversation, draft.text === '' ? undefined : { ...draft, state: 'saved' });
  }

  /** Not at every key, and not only when the typing stops. */
  async function untilQuiet(conversation: string): Promise<void> {
    const { signal } = sleepers;
    while (!signal.aborted) {
      const keys = typed.get(conversation);
      if (keys === undefined) return;
      const wait = Math.min(keys.last + quiet, (keys.first ?? keys.last) + longest) - host.steady();
      if (wait <= 0) return;
      await pause(host, wait, signal);
    }
  }

  function take(conversation: string, draft: KeptDraft | undefined): void {
    turnOver(conversation);
    refused.delete(conversation);
    put(conversation, draft && { ...draft, state: 'here' });
    if (draft !== undefined) void upload(conversation);
  }

  async function load(keys?: readonly string[]): Promise<void> {
    for (const { key, value } of await keeper.all<KeptDraft>(prefix)) {
      const conversation = key.slice(prefix.length);
      const known = get(conversation);
      // What was typed in this window since goes before what is written of it.
      if (typed.has(conversation) || (keys !== undefined && !keys.includes(key))) continue;
      if (known?.text !== value.text || known.mode !== value.mode || known.state === 'saved') take(conversation, value);
    }
  }

  return {
    items,
    turn,
    set(conversation, body) {
      const before = get(conversation);
      if ((before?.text ?? '') === body.text && (before?.mode ?? body.mode) === body.mode) return;
      const steady = host.steady();
      typed.set(conversation, { first: typed.get(conversation)?.first ?? steady, last: steady });
      const draft: KeptDraft = { text: body.text, mode: body.mode, savedAt: now(), state: 'here' };
      take(conversation, draft);
      void keeper.write({ [prefix + conversation]: draft });
    },
    offer(conversation, draft, since) {
      const here = get(conversation);
      if (since !== turn(conversation) || (here !== undefined && here.state !== 'saved')) return;
      if (here?.text === draft?.text && here?.mode === draft?.mode) return;
      put(conversation, draft && { ...draft, state: 'saved' });
    },
    spend(conversation) {
      // A save under way must not take the record of this for its own.
      turnOver(conversation);
      const { mode } = get(conversation) ?? { mode: 'reply' };
      return { [prefix + conversation]: { text: '', mode, savedAt: now(), state: 'here' } satisfies KeptDraft };
    },
    async start() {
      unwatch = keeper.watch((keys) => {
        if (keys.some((key) => key.startsWith(prefix))) void load(keys);
      });
      await load();
    },
    wake() {
      sleepers.abort();
      sleepers = new AbortController();
    },
    stop() {
      unwatch();
      end.abort();
      sleepers.abort();
    },
  };
}
