import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import {
  isOutbound,
  webhookHeaders,
  type CallbackBody,
  type Conversation,
  type Entry,
  type OutboundEntry,
  type PersonRef,
} from '@parley/contracts';
import type { Command, Host, Store } from '@parley/core';
import type { Parts } from './client-desk.ts';
import type { Client } from './clients.ts';
import type { Committed, Desk } from './desk.ts';

/** Posts a signed body to a bot's callback. Rejects, or resolves with the status of the answer. */
export type Callback = (request: {
  url: string;
  headers: Record<string, string>;
  body: string;
  timeoutMs: number;
}) => Promise<{ status: number }>;

type Options = {
  client: () => Client;
  store: Store;
  desk: Desk;
  host: Host;
  send: Callback;
  delivered: Parts['delivered'];
  failed: (error: unknown) => void;
};

/**
 * Delivery to the bot's side. The log is the outbox: what is to be delivered are the outbound entries beyond `deliveredSeq`.
 * One lane per conversation, in order, one request in flight, tried again with growing pauses.
 */
export class Delivery {
  readonly #options: Options;
  readonly #lanes = new Map<string, Lane>();
  /** Delivered, and not yet marked in the log: by conversation, up to which number. */
  readonly #marks = new Map<string, number>();
  #marking: (() => void) | undefined;
  #closed = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Goes on with what an earlier process left undelivered. */
  async resume(): Promise<void> {
    for (const conversation of await this.#options.store.undelivered(10_000)) this.#lane(conversation.id);
  }

  /** Something is to be delivered. The entries at hand spare the lane a read, where they are known to be all there is. */
  wake({ before, conversation, entries }: Committed): void {
    if (conversation.delivery.failed) return;
    const lane = this.#lane(conversation.id);
    const fresh = entries.filter(isOutbound);
    if (before.delivery.outSeq <= this.#deliveredSeq(before)) {
      Object.assign(lane, { complete: true, fresh });
    } else if (lane.complete && lane.upTo === before.seq && lane.fresh.length < 500) {
      lane.fresh.push(...fresh);
    } else {
      Object.assign(lane, { complete: false, fresh: [] });
    }
    Object.assign(lane, { upTo: conversation.seq, head: conversation, dirty: true });
  }

  /** What is known to be delivered and not yet marked, as a command for whoever changes the conversation next. */
  unmarked(id: string): Command | undefined {
    const seq = this.#marks.get(id);
    return seq === undefined ? undefined : { type: 'mark-delivered', id: this.#options.host.newId(), seq };
  }

  /** A change is durable; to be called after `wake`. */
  settled({ id, delivery }: Conversation): void {
    if ((this.#marks.get(id) ?? Infinity) <= delivery.deliveredSeq) this.#marks.delete(id);
  }

  async idle(): Promise<void> {
    await Promise.all([...this.#lanes.values()].filter((lane) => lane.pause === undefined).map((lane) => lane.running));
    await this.#flushMarks();
  }

  /** Sends nothing more; what was delivered is marked. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const lane of this.#lanes.values()) lane.resume?.();
    await this.#flushMarks();
  }

  /** Best effort, never repeated, and not part of the order. */
  async typing(conversation: Conversation, by: PersonRef): Promise<void> {
    const body: CallbackBody = {
      type: 'conversation.typing',
      id: conversation.id,
      channel: conversation.channel,
      conversation: conversation.channelConversation,
      from: { name: by.name },
    };
    await this.#post(conversation, `typing-${this.#options.host.newId()}`, body, 3_000).catch(() => undefined);
  }

  #lane(id: string): Lane {
    let lane = this.#lanes.get(id);
    if (!lane) {
      lane = {
        complete: false,
        fresh: [],
        upTo: 0,
        head: undefined,
        dirty: true,
        running: Promise.resolve(),
        pause: undefined,
        resume: undefined,
      };
      this.#lanes.set(id, lane);
      lane.running = this.#run(id, lane).catch((error) => {
        this.#lanes.delete(id);
        this.#options.failed(error);
      });
    }
    return lane;
  }

  async #run(id: string, lane: Lane): Promise<void> {
    // What is committed in the same turn of the event loop goes out together.
    await Promise.resolve();
    let failures = 0;
    while (!this.#closed) {
      const next = await this.#next(id, lane);
      if (!next) {
        if (lane.dirty) continue;
        this.#lanes.delete(id);
        return;
      }
      const failure = await this.#try(next.head, next.entries);
      if (this.#closed) return;
      if (failure === undefined) {
        failures = 0;
        const seq = next.entries.at(-1)!.seq;
        this.#mark(id, seq);
        lane.fresh = lane.fresh.filter((entry) => entry.seq > seq);
        continue;
      }
      const wait = pauses[failures++];
      if (wait === undefined) {
        await this.#options.desk.execute(
          id,
          { type: 'fail-delivery', id: this.#options.host.newId(), of: next.entries[0]!.seq, reason: failure },
          { type: 'desk' },
        );
        this.#lanes.delete(id);
        return;
      }
      await this.#wait(lane, wait * (0.8 + this.#options.host.random() * 0.4));
    }
  }

  /** What is to be sent next, from what is at hand or from the store; undefined where nothing is. */
  async #next(id: string, lane: Lane): Promise<{ head: Conversation; entries: Entry[] } | undefined> {
    if (lane.complete && lane.head)
      return lane.fresh.length > 0 ? { head: lane.head, entries: lane.fresh.slice(0, 100) } : this.#rest(lane);
    lane.dirty = false;
    const head = await this.#options.store.head(id);
    if (!head || head.delivery.failed || head.delivery.outSeq <= this.#deliveredSeq(head)) return undefined;
    for (let after = this.#deliveredSeq(head); ;) {
      const page = await this.#options.store.entries(id, { after, limit: 200 });
      const entries = page.filter(isOutbound);
      if (entries.length > 0) return { head, entries: entries.slice(0, 100) };
      if (page.length === 0) return undefined;
      after = page.at(-1)!.seq;
    }
  }

  /**
   * Marks of all conversations are made together, so that they share a transaction. Until then a crash only means that
   * the bot's side hears again of what it has: it drops what it has seen by number.
   */
  #mark(id: string, seq: number): void {
    this.#marks.set(id, seq);
    this.#marking ??= this.#options.host.after(markMs, () => void this.#flushMarks().catch(this.#options.failed));
  }

  async #flushMarks(): Promise<void> {
    this.#marking?.();
    this.#marking = undefined;
    await Promise.all(
      [...this.#marks].map(async ([id, seq]) => {
        await this.#options.desk.execute(
          id,
          { type: 'mark-delivered', id: this.#options.host.newId(), seq },
          { type: 'desk' },
        );
        if (this.#marks.get(id) === seq) this.#marks.delete(id);
      }),
    );
  }

  #deliveredSeq({ id, delivery }: Conversation): number {
    return Math.max(delivery.deliveredSeq, this.#marks.get(id) ?? 0);
  }

  #rest(lane: Lane): undefined {
    lane.dirty = false;
    return undefined;
  }

  /** @returns undefined when delivered, else why not, in words for the consultant */
  async #try(head: Conversation, entries: Entry[]): Promise<string | undefined> {
    const body: CallbackBody = {
      type: 'conversation.entries',
      id: head.id,
      channel: head.channel,
      conversation: head.channelConversation,
      floor: head.holder.state === 'queued' || head.holder.state === 'assigned' ? 'human' : 'bot',
      epoch: head.epoch,
      entries: entries.map(outbound),
    };
    const started = this.#options.host.steady();
    try {
      const { status } = await this.#post(head, `${head.id}-${entries.at(-1)!.seq}`, body, 20_000);
      if (status < 200 || status >= 300) return `The bot answered ${status}`;
      this.#options.delivered({
        client: this.#options.client().id,
        conversation: head.id,
        entries: entries.length,
        took: this.#options.host.steady() - started,
      });
      return undefined;
    } catch (error) {
      return `The bot cannot be reached (${error instanceof Error ? error.message.slice(0, 200) : 'unknown'})`;
    }
  }

  async #post(head: Conversation, id: string, body: CallbackBody, timeoutMs: number): Promise<{ status: number }> {
    const bot = this.#options.client().bots.find((one) => one.id === head.bot.id);
    if (!bot) throw new Error('this bot is no longer registered');
    const text = JSON.stringify(body);
    return this.#options.send({
      url: bot.callbackUrl,
      headers: sign(id, text, bot.callbackSecrets, this.#options.host.now()),
      body: text,
      timeoutMs,
    });
  }

  #wait(lane: Lane, ms: number): Promise<void> {
    return new Promise((resolve) => {
      lane.resume = () => {
        lane.pause?.();
        lane.pause = undefined;
        resolve();
      };
      lane.pause = this.#options.host.after(ms, lane.resume);
    });
  }
}

/** Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`, one signature per active secret. */
export function sign(id: string, body: string, secrets: readonly string[], now: number): Record<string, string> {
  const timestamp = Math.floor(now / 1000).toString();
  const signatures = secrets.map((secret) => {
    return `v1,${createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  });
  return {
    [webhookHeaders.id]: id,
    [webhookHeaders.timestamp]: timestamp,
    [webhookHeaders.signature]: signatures.join(' '),
    'content-type': 'application/json',
  };
}

const keys = new Map<string, KeyObject>();

function keyOf(secret: string): KeyObject {
  const known = keys.get(secret) ?? createSecretKey(Buffer.from(secret.replace(/^whsec_/, ''), 'base64'));
  keys.set(secret, known);
  return known;
}

/** What the bot's side is told of an entry: nothing that was meant for the desk only. */
function outbound(entry: Entry): OutboundEntry {
  const frame = { seq: entry.seq, id: entry.id, at: entry.at };
  switch (entry.kind) {
    case 'message':
      return {
        kind: 'message',
        ...frame,
        from: { name: entry.by.type === 'person' ? entry.by.name : 'Service desk' },
        text: entry.text,
        ...(entry.attachments ? { attachments: entry.attachments } : {}),
      };
    case 'accepted':
      return {
        kind: 'status',
        ...frame,
        state: 'accepted',
        consultant: { name: entry.consultant.name },
        queue: entry.queue,
      };
    case 'transferred':
      return { kind: 'status', ...frame, state: 'transferred', queue: entry.queue };
    case 'requeued':
      return { kind: 'status', ...frame, state: 'requeued', queue: entry.queue, reason: entry.reason };
    case 'returned':
      return entry.fallback
        ? { kind: 'status', ...frame, state: 'failed', reason: entry.fallback, returned: true }
        : { kind: 'status', ...frame, state: 'completed', ...consultant(entry), packet: entry.packet, returned: true };
    case 'closed':
      return entry.fallback
        ? { kind: 'status', ...frame, state: 'failed', reason: entry.fallback, returned: false }
        : {
            kind: 'status',
            ...frame,
            state: 'completed',
            ...consultant(entry),
            packet: { outcome: entry.outcome },
            returned: false,
          };
    default:
      throw new Error(`An entry of kind ${entry.kind} is not outbound`);
  }
}

function consultant({ by }: Entry): { consultant?: { name: string } } {
  return by.type === 'person' ? { consultant: { name: by.name } } : {};
}

const markMs = 50;

/** Pauses between tries: Standard Webhooks' schedule, about 75 hours in all, with quick ones first for a bot that restarts. */
const pauses = [
  1_000, 2_000, 5_000, 15_000, 60_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 50_400_000, 72_000_000,
  86_400_000,
];

/**
 * `fresh` holds the outbound entries committed here and not yet delivered; `complete` says that these are all there are
 * up to `upTo`. Where another process may have written in between, the lane reads the store instead.
 */
type Lane = {
  complete: boolean;
  fresh: Entry[];
  upTo: number;
  head: Conversation | undefined;
  dirty: boolean;
  running: Promise<void>;
  pause: (() => void) | undefined;
  resume: (() => void) | undefined;
};
