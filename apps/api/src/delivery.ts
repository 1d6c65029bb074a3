import { isOutbound, type CallbackBody, type Conversation, type Entry, type PersonRef } from '@parley/contracts';
import type { Command, Host, Store } from '@parley/core';
import { bodyOf, sign, type Callback } from './callback.ts';
import type { Circuits } from './circuit.ts';
import type { Parts } from './client-desk.ts';
import type { Client } from './clients.ts';
import { DeliveryMarks } from './delivery-marks.ts';
import { failureOf, pauseAfter, restOf, type Failure } from './delivery-schedule.ts';
import type { Committed, Desk } from './desk.ts';
import type { Ledger } from './ledger.ts';
import type { Nodes } from './nodes.ts';

type Options = {
  client: () => Client;
  store: Store;
  desk: Desk;
  host: Host;
  nodes: Nodes;
  ledger: Ledger;
  circuits: Circuits;
  send: Callback;
  delivered: Parts['delivered'];
  failed: (error: unknown) => void;
};

/**
 * Delivery to the bot's side. The log is the outbox: what is to be delivered are the outbound entries beyond `deliveredSeq`.
 * One lane per conversation, in order, one request in flight, tried again with growing pauses. The lane belongs to the
 * process that is named in the head; what another does under a lower number is refused there.
 */
export class Delivery {
  readonly #options: Options;
  readonly #lanes = new Map<string, Lane>();
  /** Lanes that wait after a failure. */
  readonly #paused = new Set<Lane>();
  readonly #marks: DeliveryMarks;
  #rescuing: Promise<void> | undefined;
  #again = false;
  #cancel: () => void = () => undefined;
  #closed = false;

  constructor(options: Options) {
    this.#options = options;
    this.#marks = new DeliveryMarks(options);
    options.nodes.onGone(() => void this.#rescue());
    options.nodes.onBeat(() => {
      for (const lane of this.#paused) if (lane.unsure) lane.resume?.();
    });
  }

  /** Goes on with what an earlier process left undelivered; nobody need wait for it. */
  resume(): void {
    void this.#rescue();
    this.#rescueLater();
  }

  /**
   * A conversation changed in which something is undelivered. The entries at hand spare the lane a read, where they are
   * known to be all there is.
   */
  wake({ before, conversation, entries }: Committed): void {
    const { delivery, id } = conversation;
    const known = this.#lanes.get(id);
    const mine = !delivery.failed && delivery.lane?.by === this.#options.nodes.id;
    // Delivered here, and only the mark is missing; or somebody else's.
    if (!known && (!mine || delivery.outSeq <= this.#marks.deliveredSeq(conversation))) return;
    const lane = known ?? this.#lane(id);
    const fresh = entries.filter(isOutbound);
    if (mine && before.delivery.outSeq <= this.#marks.deliveredSeq(before)) {
      Object.assign(lane, { complete: true, fresh });
    } else if (mine && lane.complete && lane.upTo === before.seq && lane.fresh.length < 500) {
      lane.fresh.push(...fresh);
    } else {
      Object.assign(lane, { complete: false, fresh: [] });
    }
    Object.assign(lane, { upTo: conversation.seq, head: conversation, dirty: true });
    if (lane.resume && (!mine || isCalledFor(before, conversation, entries))) {
      lane.early = true;
      lane.resume();
    }
  }

  /** What is known to be delivered and not yet marked, as a command for whoever changes the conversation next. */
  unmarked(id: string): Command | undefined {
    return this.#marks.command(id);
  }

  /** Whether something is being said to the bot's side right now, so that nobody knows yet whether it has arrived. */
  calling(id: string): boolean {
    return this.#lanes.get(id)?.calling ?? false;
  }

  /** A change is durable; to be called after `wake`. */
  settled(conversation: Conversation): void {
    this.#marks.settled(conversation);
  }

  /** The bot can be reached again: what waits for it goes out soon, spread over a while. */
  hurry(bot: string): void {
    const { host } = this.#options;
    const waiting = [...this.#paused].filter((lane) => lane.head?.bot.id === bot);
    const spread = Math.min(30_000, waiting.length * 50);
    for (const lane of waiting) {
      lane.early = true;
      lane.pause?.();
      lane.pause = host.after(host.random() * spread, lane.resume!);
    }
  }

  /** One of those who wait for the bot tries now. @returns false where nobody has anything to tell it */
  probe(bot: string): boolean {
    const waiting = [...this.#paused].filter((lane) => lane.head?.bot.id === bot);
    const one = waiting[Math.floor(this.#options.host.random() * waiting.length)];
    if (!one) return [...this.#lanes.values()].some((lane) => lane.head?.bot.id === bot);
    one.early = true;
    one.resume?.();
    return true;
  }

  async idle(): Promise<void> {
    await this.#rescuing;
    await Promise.all([...this.#lanes.values()].filter((lane) => lane.pause === undefined).map((lane) => lane.running));
    await this.#marks.flush();
  }

  /** Sends nothing more; what is under way may end, and what was delivered is marked. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    for (const lane of this.#lanes.values()) lane.resume?.();
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.host.after(5_000, resolve);
    await Promise.race([Promise.all([...this.#lanes.values()].map((lane) => lane.running)), late]);
    cancel();
    await this.#marks.flush();
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
        lapses: this.#options.nodes.lapses,
        unsure: false,
        tries: 0,
        early: false,
        endsAt: 0,
        calling: false,
        most: 100,
        running: Promise.resolve(),
        pause: undefined,
        resume: undefined,
      };
      this.#lanes.set(id, lane);
      const made = lane;
      lane.running = this.#run(id, lane).catch((error) => {
        if (this.#lanes.get(id) === made) this.#lanes.delete(id);
        this.#options.failed(error);
      });
    }
    return lane;
  }

  async #run(id: string, lane: Lane): Promise<void> {
    const { host, nodes, circuits } = this.#options;
    // What is committed in the same turn of the event loop goes out together.
    await Promise.resolve();
    while (!this.#closed) {
      // Others may have taken this process for dead, and the lane with it.
      if (lane.lapses !== nodes.lapses) Object.assign(lane, { complete: false, lapses: nodes.lapses });
      const next = await this.#next(id, lane);
      if (!next) {
        if (lane.dirty) continue;
        this.#lanes.delete(id);
        return;
      }
      lane.unsure = !nodes.sure();
      if (next === 'later' || lane.unsure) {
        lane.complete = false;
        if (lane.unsure) void nodes.beat();
        const { endsAt } = lane;
        await this.#wait(lane, 1_000 + host.random() * 1_000);
        // What is waited for the store is not waited for the schedule.
        lane.endsAt = endsAt;
        continue;
      }
      const { head, entries } = next;
      lane.head = head;
      const begun = head.delivery.retry;
      if (begun && lane.tries === 0 && this.#marks.deliveredSeq(head) === head.delivery.deliveredSeq) {
        lane.tries = begun.tries;
        lane.complete = false;
        await this.#wait(lane, restOf(begun, host.now()));
        continue;
      }
      const pass = circuits.pass(head.bot.id, id);
      if (pass !== 'go') {
        const { endsAt } = lane;
        await this.#wait(lane, pass.waitMs);
        // What is waited for the bot is not waited for the schedule.
        lane.endsAt = endsAt;
        continue;
      }
      lane.calling = true;
      const failure = await this.#try(head, entries).finally(() => (lane.calling = false));
      // A 4xx is about this request: whoever gives it can be reached.
      if (!failure || failure.refused || failure.gone) circuits.succeeded(head.bot.id, id);
      else circuits.failed(head.bot.id, id, failure.reason);
      if (failure === undefined) {
        const seq = entries.at(-1)!.seq;
        this.#marks.add(id, seq, laneOf(head));
        lane.fresh = lane.fresh.filter((entry) => entry.seq > seq);
        Object.assign(lane, { tries: 0, early: false, most: 100 });
      } else if (!this.#closed) {
        await this.#failed(lane, head, entries, failure);
      }
    }
  }

  /** Waits as long as is due, or ends it; whether the lane goes on is for the head to say. */
  async #failed(lane: Lane, head: Conversation, entries: Entry[], failure: Failure): Promise<void> {
    const { host } = this.#options;
    if (failure.tooLarge && entries.length > 1) {
      lane.most = 1;
      return;
    }
    const rest = lane.endsAt - host.steady();
    const unplanned = lane.early && lane.tries > 0 && rest > 1_000;
    lane.early = false;
    // A try that the schedule did not ask for does not use it up.
    const pause = unplanned
      ? { ms: rest, tries: lane.tries, kept: head.delivery.retry?.reason !== failure.reason }
      : pauseAfter(lane.tries + 1, failure, host.random());
    if (!pause) {
      const of = entries[0]!.seq;
      lane.complete = false;
      // Where nobody could be told, the next try will be the last.
      if (await this.#tell(head, { type: 'fail-delivery', of, reason: failure.reason })) lane.tries = 0;
      else await this.#wait(lane, 5_000);
      return;
    }
    lane.tries = pause.tries;
    if (pause.kept) {
      const until = host.now() + Math.round(pause.ms);
      const delay = { type: 'delay-delivery', tries: pause.tries, until, reason: failure.reason } as const;
      if ((await this.#tell(head, delay)) === 'refused') {
        lane.complete = false;
        return;
      }
    }
    await this.#wait(lane, pause.ms);
  }

  /** @returns undefined where the store cannot be reached */
  async #tell(
    head: Conversation,
    command: { type: 'fail-delivery'; of: number; reason: string } | Omit<Delay, 'id' | 'lane'>,
  ): Promise<'done' | 'refused' | undefined> {
    const { desk, host, failed } = this.#options;
    try {
      const told = { ...command, id: host.newId(), lane: laneOf(head) };
      return (await desk.execute(head.id, told, { type: 'desk' })).ok ? 'done' : 'refused';
    } catch (error) {
      failed(error);
      return undefined;
    }
  }

  /** What is to be sent next, from what is at hand or from the store; undefined where nothing is, or it is not ours. */
  async #next(id: string, lane: Lane): Promise<{ head: Conversation; entries: Entry[] } | 'later' | undefined> {
    if (lane.complete && lane.head)
      return lane.fresh.length > 0 ? { head: lane.head, entries: lane.fresh.slice(0, lane.most) } : this.#rest(lane);
    lane.dirty = false;
    const { store, nodes, failed } = this.#options;
    try {
      const head = await store.head(id);
      if (!head || head.delivery.failed || head.delivery.outSeq <= this.#marks.deliveredSeq(head)) return undefined;
      if (head.delivery.lane?.by !== nodes.id) return undefined;
      for (let after = this.#marks.deliveredSeq(head); ;) {
        const page = await store.entries(id, { after, limit: 200 });
        const entries = page.filter(isOutbound);
        if (entries.length > 0) return { head, entries: entries.slice(0, lane.most) };
        if (page.length === 0) return undefined;
        after = page.at(-1)!.seq;
      }
    } catch (error) {
      failed(error);
      return 'later';
    }
  }

  /**
   * Looks through all that is undelivered for lanes that nobody works in: those of processes that are gone, and what slipped
   * through otherwise.
   */
  #rescue(): Promise<void> {
    this.#again = true;
    return (this.#rescuing ??= this.#rescueAll()
      .catch(this.#options.failed)
      .finally(() => (this.#rescuing = undefined)));
  }

  #rescueLater(): void {
    if (this.#closed) return;
    this.#cancel = this.#options.host.after(rescueMs, () => void this.#rescue().then(() => this.#rescueLater()));
  }

  async #rescueAll(): Promise<void> {
    const { store, nodes, host, desk } = this.#options;
    while (this.#again && !this.#closed) {
      this.#again = false;
      for (let cursor: string | undefined; ;) {
        const page = await store.undelivered({ limit: 200, ...(cursor === undefined ? {} : { cursor }) });
        // After the page was read: who took a lane has made itself known before.
        if (page.items.length > 0) await nodes.look();
        const free = page.items.filter((head) => !head.delivery.lane || nodes.gone(head.delivery.lane.by));
        await Promise.all(
          free.map((head) =>
            desk.execute(head.id, { type: 'take-lane', id: host.newId(), lane: laneOf(head) }, { type: 'desk' }),
          ),
        );
        for (const head of page.items) if (head.delivery.lane?.by === nodes.id) this.#reconsider(head);
        if (page.next === undefined || this.#closed) break;
        cursor = page.next;
      }
    }
  }

  /** Where somebody asked elsewhere for another try, the pause in the head is over. */
  #reconsider(head: Conversation): void {
    const lane = this.#lanes.get(head.id);
    if (!lane) this.#lane(head.id);
    else if (lane.resume && lane.head?.delivery.retry && !head.delivery.retry) lane.resume();
  }

  #rest(lane: Lane): undefined {
    lane.dirty = false;
    return undefined;
  }

  /** @returns undefined when delivered */
  async #try(head: Conversation, entries: Entry[]): Promise<Failure | undefined> {
    const { id, body } = bodyOf(head, entries);
    const { host, client, delivered, ledger } = this.#options;
    const started = host.steady();
    const at = host.now();
    let failure: Failure | undefined;
    try {
      const { status, retryAfter } = await this.#post(head, id, body, 20_000);
      failure = failureOf(status, retryAfter, host.now());
    } catch (error) {
      failure = {
        reason: `The bot cannot be reached (${error instanceof Error ? error.message.slice(0, 200) : 'unknown'})`,
      };
    }
    const took = host.steady() - started;
    if (!failure) delivered({ client: client().id, conversation: head.id, entries: entries.length, took });
    ledger.tried(head.id, entries[0]!.seq, entries.at(-1)!.seq, at, took, failure?.reason);
    return failure;
  }

  async #post(head: Conversation, id: string, body: CallbackBody, timeoutMs: number): ReturnType<Callback> {
    const { client, host, send } = this.#options;
    const bot = client().bots.find((one) => one.id === head.bot.id);
    if (!bot) throw new Error('this bot is no longer registered');
    const text = JSON.stringify(body);
    const headers = sign(id, text, bot.callbackSecrets, host.now());
    return send({ url: bot.callbackUrl, headers, body: text, timeoutMs });
  }

  #wait(lane: Lane, ms: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#paused.add(lane);
    lane.endsAt = this.#options.host.steady() + ms;
    return new Promise((resolve) => {
      lane.resume = () => {
        lane.pause?.();
        lane.pause = lane.resume = undefined;
        this.#paused.delete(lane);
        resolve();
      };
      lane.pause = this.#options.host.after(ms, lane.resume);
    });
  }
}

/** A pause ends early where somebody asks for another try, or the bot's side is heard of. */
function isCalledFor(before: Conversation, { delivery }: Conversation, entries: readonly Entry[]): boolean {
  const asked = before.delivery.retry !== undefined && delivery.retry === undefined;
  return asked || entries.some(({ by }) => by.type === 'user' || by.type === 'bot');
}

function laneOf({ delivery }: Conversation): number {
  return delivery.lane?.n ?? 0;
}

const rescueMs = 30_000;

type Delay = Extract<Command, { type: 'delay-delivery' }>;

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
  /** Of this process, when it last took the head for what is stored. */
  lapses: number;
  /** Waits until this process can be sure that nobody else acts in its place. */
  unsure: boolean;
  /** Tries of the schedule that failed since the last that did not. */
  tries: number;
  /** The pause was cut short before `endsAt`, by the steady clock. */
  early: boolean;
  endsAt: number;
  /** A request is under way. */
  calling: boolean;
  /** Entries sent together. */
  most: number;
  running: Promise<void>;
  pause: (() => void) | undefined;
  resume: (() => void) | undefined;
};
