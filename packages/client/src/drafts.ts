import type { Draft, DraftBody } from '@parley/contracts';
import { defaultBackOff, pause, pauseBefore, type BackOff } from './back-off.ts';
import { asDeskError } from './desk-error.ts';
import { browserHost, type ClientHost } from './host.ts';
import type { DeskStorage } from './storage.ts';
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
  /** What the desk has; taken unless newer words are here. */
  offer(conversation: string, draft: Draft | undefined): void;
  start(): Promise<void>;
  wake(): void;
  stop(): void;
}

interface DraftsOptions {
  save(conversation: string, body: DraftBody): Promise<unknown>;
  storage: DeskStorage;
  now(): number;
  /** Milliseconds of quiet before the desk is told. */
  quiet?: number;
  host?: ClientHost;
  backOff?: BackOff;
}

const prefix = 'draft/';

export function createDrafts(options: DraftsOptions): Drafts {
  const { save, storage, now, quiet = 400, host = browserHost, backOff = defaultBackOff } = options;
  const items = createStore<ReadonlyMap<string, KeptDraft>>(new Map());
  const lanes = new Set<string>();
  let stopped = false;
  let sleepers = new AbortController();

  const get = (conversation: string) => items.getSnapshot().get(conversation);
  const put = (conversation: string, draft: KeptDraft | undefined) => {
    const next = new Map(items.getSnapshot());
    if (draft === undefined) next.delete(conversation);
    else next.set(conversation, draft);
    items.set(next);
  };

  async function upload(conversation: string): Promise<void> {
    if (lanes.has(conversation)) return;
    lanes.add(conversation);
    try {
      for (let attempt = 0; !stopped;) {
        await pause(host, quiet, sleepers.signal);
        const draft = get(conversation);
        if (draft === undefined || draft.state === 'saved') return;
        put(conversation, { ...draft, state: 'saving' });
        try {
          await save(conversation, { text: draft.text, mode: draft.mode });
          attempt = 0;
          if (get(conversation)?.savedAt !== draft.savedAt) continue;
          // The desk has it: from here on it, not this browser, remembers the draft.
          put(conversation, draft.text === '' ? undefined : { ...draft, state: 'saved' });
          await storage.delete(prefix + conversation).catch(() => undefined);
          return;
        } catch (thrown) {
          const error = asDeskError(thrown);
          const still = get(conversation);
          if (still !== undefined) put(conversation, { ...still, state: 'here' });
          // Refused for good (the conversation is somebody else's now, say): the words stay here.
          if (!error.transient && error.code !== 'aborted') return;
          await pause(host, Math.max(error.retryAfter ?? 0, pauseBefore(attempt++, backOff, host)), sleepers.signal);
        }
      }
    } finally {
      lanes.delete(conversation);
    }
  }

  return {
    items,
    set(conversation, body) {
      const before = get(conversation);
      if ((before?.text ?? '') === body.text && (before?.mode ?? body.mode) === body.mode) return;
      const draft: KeptDraft = { ...body, savedAt: Math.max(now(), (before?.savedAt ?? 0) + 1), state: 'here' };
      put(conversation, draft);
      void storage.put(prefix + conversation, draft).catch(() => undefined);
      void upload(conversation);
    },
    offer(conversation, draft) {
      const here = get(conversation);
      if (here !== undefined && here.state !== 'saved') return;
      if (draft !== undefined && (here === undefined || draft.savedAt > here.savedAt))
        put(conversation, { ...draft, state: 'saved' });
    },
    async start() {
      const left = await storage.all<KeptDraft>(prefix).catch(() => []);
      for (const { key, value } of left) {
        const conversation = key.slice(prefix.length);
        if (get(conversation) !== undefined) continue;
        put(conversation, { ...value, state: 'here' });
        void upload(conversation);
      }
    },
    wake() {
      sleepers.abort();
      sleepers = new AbortController();
    },
    stop() {
      stopped = true;
      sleepers.abort();
    },
  };
}
