import { entryId, type CommandAnswer, type Entry, type Holder } from '@parley/contracts';
import { defaultBackOff, pause, pauseBefore, type BackOff } from './back-off.ts';
import { asDeskError, type DeskErrorCode } from './desk-error.ts';
import { browserHost, type ClientHost } from './host.ts';
import type { DeskStorage } from './storage.ts';
import { createStore, type Readable } from './store.ts';

/** A reply or note that the desk has not yet acknowledged. */
export interface OutboxItem {
  /** Id of the message as this console made it; the entry in the log carries it as `entryIdOf(item)`. */
  id: string;
  conversation: string;
  kind: 'reply' | 'note';
  text: string;
  /** The floor on screen when it was written. */
  epoch: number;
  composedAt: number;
  /** `failed` is final until somebody retries or discards it. */
  state: 'queued' | 'sending' | 'failed';
  problem?: { code: DeskErrorCode; detail?: string; holder?: Holder };
  /** Set on a retry: the id it was refused under. */
  was?: string;
}

export interface Outbox {
  /** All items, oldest first. */
  readonly items: Readable<readonly OutboxItem[]>;
  /** Shows the message at once and sends it after those before it in its conversation. @returns its id */
  send(message: Pick<OutboxItem, 'conversation' | 'kind' | 'text' | 'epoch'>): string;
  /** Sends a failed message again, under the floor of now. */
  retry(id: string, epoch: number): void;
  /** Drops a failed or waiting message; one on its way is past recall. */
  discard(id: string): OutboxItem | undefined;
  /** Tells it what the log holds: an entry with an item's id means that the item has arrived. */
  arrived(entries: readonly Entry[]): void;
  /** Loads what an earlier page left behind, and goes on sending. */
  start(): Promise<void>;
  /** Tries again now instead of waiting for the next back-off. */
  wake(): void;
  stop(): void;
}

interface OutboxOptions {
  post(item: OutboxItem): Promise<CommandAnswer>;
  onAnswer(answer: CommandAnswer): void;
  storage: DeskStorage;
  now(): number;
  host?: ClientHost;
  backOff?: BackOff;
}

const prefix = 'outbox/';

/** Id of the entry that an item becomes, or of the suppressed line that records its refusal. */
export function entryIdOf(item: Pick<OutboxItem, 'id'>): string {
  return entryId('person', item.id);
}

/**
 * Messages on their way to the desk: one lane per conversation, one message in flight in each, so that order is kept.
 * Unknown outcomes (network, time-out, 5xx) repeat the same id, which the desk counts once; refusals are final and shown.
 */
export function createOutbox(options: OutboxOptions): Outbox {
  const { storage, now, host = browserHost } = options;
  const backOff = options.backOff ?? defaultBackOff;
  const items = createStore<readonly OutboxItem[]>([]);
  const lanes = new Set<string>();
  let stopped = false;
  let sleepers = new AbortController();

  const find = (id: string) => items.getSnapshot().find((item) => item.id === id);
  const keep = (item: OutboxItem) => void storage.put(prefix + item.id, item).catch(() => undefined);
  const forget = (id: string) => void storage.delete(prefix + id).catch(() => undefined);
  const change = (id: string, next: OutboxItem | undefined) =>
    items.update((all) =>
      next === undefined ? all.filter((item) => item.id !== id) : all.map((item) => (item.id === id ? next : item)),
    );
  const remove = (id: string) => {
    change(id, undefined);
    forget(id);
  };

  async function drain(conversation: string): Promise<void> {
    if (lanes.has(conversation)) return;
    lanes.add(conversation);
    try {
      for (let attempt = 0; !stopped;) {
        // A failed message does not hold up those after it: they were each written to be read alone.
        const item = items
          .getSnapshot()
          .find((other) => other.conversation === conversation && other.state !== 'failed');
        if (item === undefined) return;
        change(item.id, { ...item, state: 'sending' });
        try {
          const answer = await options.post(item);
          attempt = 0;
          options.onAnswer(answer);
          remove(item.id);
        } catch (thrown) {
          const error = asDeskError(thrown);
          const still = find(item.id);
          if (still === undefined) continue;
          if (error.transient || error.code === 'aborted') {
            change(item.id, { ...still, state: 'queued' });
            await pause(host, Math.max(error.retryAfter ?? 0, pauseBefore(attempt++, backOff, host)), sleepers.signal);
          } else {
            attempt = 0;
            const { code, detail, holder } = error;
            const failed: OutboxItem = {
              ...still,
              state: 'failed',
              problem: {
                code,
                ...(detail === undefined ? {} : { detail }),
                ...(holder === undefined ? {} : { holder }),
              },
            };
            change(item.id, failed);
            keep(failed);
          }
        }
      }
    } finally {
      lanes.delete(conversation);
    }
  }

  function add(item: OutboxItem): void {
    items.update((all) => [...all, item]);
    keep(item);
    void drain(item.conversation);
  }

  return {
    items,
    send(message) {
      const item: OutboxItem = { ...message, id: host.newId(), composedAt: now(), state: 'queued' };
      add(item);
      return item.id;
    },
    retry(id, epoch) {
      const item = find(id);
      if (item?.state !== 'failed') return;
      remove(id);
      // The refusal is on record under the old id; a repetition would only be told so again.
      const { problem: _, ...rest } = item;
      add({ ...rest, id: host.newId(), epoch, was: item.id, state: 'queued' });
    },
    discard(id) {
      const item = find(id);
      if (item === undefined || item.state === 'sending') return undefined;
      remove(id);
      return item;
    },
    arrived(entries) {
      const open = new Map(items.getSnapshot().map((item) => [entryIdOf(item), item]));
      if (open.size === 0) return;
      for (const entry of entries) {
        const item = open.get(entry.id);
        // A suppressed line is the record of the refusal, not an arrival.
        if (item !== undefined && entry.kind !== 'suppressed') remove(item.id);
      }
    },
    async start() {
      const left = await storage.all<OutboxItem>(prefix).catch(() => []);
      const known = new Set(items.getSnapshot().map((item) => item.id));
      const restored = left
        .map(({ value }) => (value.state === 'sending' ? { ...value, state: 'queued' as const } : value))
        .filter((item) => !known.has(item.id))
        .sort((a, b) => a.composedAt - b.composedAt);
      items.update((all) => [...restored, ...all]);
      for (const conversation of new Set(restored.map((item) => item.conversation))) void drain(conversation);
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
