import { entryId, type CommandAnswer, type Entry, type Holder } from '@parley/contracts';
import { defaultBackOff, pause, pauseBefore, type BackOff } from './back-off.ts';
import { asDeskError, type DeskError, type DeskErrorCode } from './desk-error.ts';
import { browserHost, type ClientHost } from './host.ts';
import type { Keeper } from './keeper.ts';
import { createStore, type Readable } from './store.ts';

/** A reply or note that the desk has not yet acknowledged. */
export interface OutboxItem {
  /** Id of the message as this console made it; the entry in the log carries it as `entryIdOf(item)`. */
  id: string;
  /** Its place among all that this person has written: order is counted, never read from a clock. */
  n: number;
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
  /**
   * Shows the message at once and sends it after those before it in its conversation, once it is written down.
   * @param together records written with it or not at all
   * @returns its id
   */
  send(
    message: Pick<OutboxItem, 'conversation' | 'kind' | 'text' | 'epoch'>,
    together?: Readonly<Record<string, unknown>>,
  ): string;
  /** Resolves when a message is written down: true if it would survive a crash, false if only this window has it. */
  written(id: string): Promise<boolean>;
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
  keeper: Keeper;
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
 * Windows of one person share what is written and take turns in each lane. Unknown outcomes (network, time-out, 5xx)
 * repeat the same id, which the desk counts once; refusals are final and shown.
 */
export function createOutbox(options: OutboxOptions): Outbox {
  const { keeper, now, host = browserHost } = options;
  const backOff = options.backOff ?? defaultBackOff;
  const items = createStore<readonly OutboxItem[]>([]);
  const lanes = new Set<string>();
  const writes = new Map<string, Promise<boolean>>();
  const writing = new Set<string>();
  /** When each item was last changed here, so that an older reading of the storage does not undo it. */
  const touched = new Map<string, number>();
  const end = new AbortController();
  let generation = 0;
  let last = 0;
  let loading: Promise<unknown> = Promise.resolve();
  let sleepers = new AbortController();
  let unwatch: () => void = () => undefined;
  let reading: Promise<void> = Promise.resolve();

  const find = (id: string) => items.getSnapshot().find((item) => item.id === id);
  const touch = (id: string) => touched.set(id, ++generation);
  /** A failed message does not hold up those after it: they were each written to be read alone. */
  const first = (conversation: string) =>
    items.getSnapshot().find((item) => item.conversation === conversation && item.state !== 'failed');

  function change(item: OutboxItem): void {
    touch(item.id);
    items.update((all) => all.map((other) => (other.id === item.id ? item : other)));
  }

  function write(item: OutboxItem, together: Readonly<Record<string, unknown>> = {}): void {
    writing.add(item.id);
    const done = keeper.write({ ...together, [prefix + item.id]: item });
    writes.set(item.id, done);
    void done.then(() => {
      if (writes.get(item.id) === done) writing.delete(item.id);
    });
  }

  function remove(id: string): void {
    touch(id);
    writes.delete(id);
    writing.delete(id);
    items.update((all) => all.filter((item) => item.id !== id));
    void keeper.write({ [prefix + id]: undefined });
  }

  function add(item: OutboxItem, together?: Readonly<Record<string, unknown>>): void {
    touch(item.id);
    items.update((all) => [...all, item]);
    write(item, together);
    void drain(item.conversation);
  }

  /** Takes over what other windows have written, sent or given up. One reading at a time. */
  function refresh(): Promise<void> {
    reading = reading.then(readOver, readOver);
    return reading;
  }

  async function readOver(): Promise<void> {
    const since = generation;
    const unwritten = new Set(writing);
    const left = await keeper.all<OutboxItem>(prefix);
    const stored = new Map(left.map(({ value }) => [value.id, normal(value)]));
    const known = new Set<string>();
    const isOurs = (id: string) => (touched.get(id) ?? 0) > since || unwritten.has(id);
    const next: OutboxItem[] = [];
    for (const item of items.getSnapshot()) {
      known.add(item.id);
      const theirs = stored.get(item.id);
      if (isOurs(item.id) || item.state === 'sending') next.push(item);
      else if (theirs !== undefined) next.push(theirs.state === item.state ? item : theirs);
    }
    for (const item of stored.values()) if (!known.has(item.id) && !isOurs(item.id)) next.push(item);
    for (const [id, at] of touched) if (at <= since) touched.delete(id);
    last = Math.max(last, ...next.map(({ n }) => n));
    const before = items.getSnapshot();
    next.sort((a, b) => a.n - b.n || a.composedAt - b.composedAt || (a.id < b.id ? -1 : 1));
    if (next.length !== before.length || next.some((item, index) => item !== before[index])) items.set(next);
  }

  async function drain(conversation: string): Promise<void> {
    if (lanes.has(conversation) || end.signal.aborted) return;
    lanes.add(conversation);
    try {
      await loading;
      await keeper.exclusive(prefix + conversation, end.signal, () => lane(conversation));
    } catch (thrown) {
      if (!end.signal.aborted) throw thrown;
    } finally {
      lanes.delete(conversation);
    }
    if (first(conversation) !== undefined) void drain(conversation);
  }

  async function lane(conversation: string): Promise<void> {
    for (let attempt = 0; !end.signal.aborted;) {
      await refresh();
      const item = first(conversation);
      if (item === undefined || end.signal.aborted) return;
      // Its id is on record before the desk hears of it, so that nothing is ever sent under a second one.
      await writes.get(item.id);
      if (find(item.id) === undefined) continue;
      change({ ...item, state: 'sending' });
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
          change({ ...still, state: 'queued' });
          await pause(host, Math.max(error.retryAfter ?? 0, pauseBefore(attempt++, backOff, host)), sleepers.signal);
        } else {
          attempt = 0;
          const failed: OutboxItem = { ...still, state: 'failed', problem: problemOf(error) };
          change(failed);
          write(failed);
        }
      }
    }
  }

  async function load(): Promise<void> {
    const early = items.getSnapshot();
    await refresh();
    // What was written before the storage had been read comes after what an earlier page left.
    const base = Math.max(0, ...items.getSnapshot().flatMap((item) => (early.includes(item) ? [] : [item.n])));
    for (const { id } of base === 0 ? [] : early) {
      const item = find(id);
      if (item === undefined) continue;
      const later = { ...item, n: item.n + base };
      last = Math.max(last, later.n);
      change(later);
      write(later);
    }
    items.update((all) => all.toSorted((a, b) => a.n - b.n));
  }

  function drainAll(): void {
    for (const conversation of new Set(items.getSnapshot().map((item) => item.conversation)))
      if (first(conversation) !== undefined) void drain(conversation);
  }

  return {
    items,
    send(message, together) {
      const item: OutboxItem = { ...message, id: host.newId(), n: ++last, composedAt: now(), state: 'queued' };
      add(item, together);
      return item.id;
    },
    written: (id) => writes.get(id) ?? Promise.resolve(true),
    retry(id, epoch) {
      const item = find(id);
      if (item?.state !== 'failed') return;
      remove(id);
      // The refusal is on record under the old id; a repetition would only be told so again.
      const { problem: _, ...rest } = item;
      add({ ...rest, id: host.newId(), n: ++last, epoch, was: item.id, state: 'queued' });
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
      unwatch = keeper.watch((keys) => {
        if (keys.some((key) => key.startsWith(prefix))) void refresh().then(drainAll);
      });
      loading = load();
      await loading;
      drainAll();
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

/** As an earlier page left it: what was on its way then may or may not have arrived, and waits again. */
function normal(item: OutboxItem): OutboxItem {
  const { n = 0 } = item as Partial<OutboxItem>;
  return { ...item, n, state: item.state === 'failed' ? 'failed' : 'queued' };
}

function problemOf({ code, detail, holder }: DeskError): NonNullable<OutboxItem['problem']> {
  return { code, ...(detail === undefined ? {} : { detail }), ...(holder === undefined ? {} : { holder }) };
}
