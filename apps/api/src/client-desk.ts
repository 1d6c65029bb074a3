import type { BotState, Conversation, PersonRef, Role } from '@parley/contracts';
import type { Caller, Host, Store, Stores } from '@parley/core';
import type { Client, Clients } from './clients.ts';
import type { Callback } from './callback.ts';
import { createCircuits } from './circuit.ts';
import { Delivery } from './delivery.ts';
import { createDesk, type Committed, type Desk } from './desk.ts';
import { createDeskClock } from './desk-clock.ts';
import { Ledger } from './ledger.ts';
import { Nodes, type System } from './nodes.ts';
import { PresenceBook } from './presence.ts';
import { Publisher, type Push } from './publish.ts';
import { Router } from './router.ts';
import { Sweeper } from './sweeper.ts';

/** Everything one client's desk is made of, around its own store handle. */
export type ClientDesk = {
  id: string;
  host: Host;
  /** The desk's time, in ms since the epoch; deadlines are set and judged by it. */
  now: () => number;
  client: () => Client;
  store: Store;
  desk: Desk;
  presence: PresenceBook;
  nodes: Nodes;
  ledger: Ledger;
  /** The client's bots, and which of them cannot be reached from any process. */
  bots(): BotState[];
  caller(person: PersonRef, roles: readonly Role[]): Caller;
  typing(conversation: Conversation, by: PersonRef): void;
  userTyping(conversation: Conversation): void;
  /** Does what is due by the clock: lapsed offers, queue deadlines, returns nobody took, consultants who are gone. */
  sweep(): Promise<void>;
  idle(): Promise<void>;
  close(): Promise<void>;
};

export type Parts = {
  clients: Clients;
  stores: Stores;
  host: Host;
  push: Push;
  callback: Callback;
  /** What the operating system knows of processes; without it only their silence tells that they ended. */
  system?: System | undefined;
  /** After every durable change; for counters and for who may go on watching. Must not throw. */
  observed: (desk: ClientDesk, change: Committed) => void;
  /** A callback was accepted. `took` in milliseconds. */
  delivered: (event: { client: string; conversation: string; entries: number; took: number }) => void;
  /** A bot ceased to answer, or answers again. */
  botChanged?: (event: { client: string; bot: string; down: boolean; reason?: string }) => void;
  failed: (error: unknown, what: string) => void;
};

/** The desks of all clients in this process, opened on first use. */
export class ClientDesks {
  readonly #parts: Parts;
  /** Short: it stands in the head of every conversation. */
  readonly #node: string;
  readonly #open = new Map<string, Promise<ClientDesk>>();
  readonly #ready = new Map<string, ClientDesk>();
  #closed = false;
  #stopSweeping: () => void = () => undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#node = parts.host.newId().slice(-12);
    this.#sweepLater();
  }

  /** @param id from a validated token, never from a request */
  open(id: string): Promise<ClientDesk> {
    let desk = this.#open.get(id);
    if (!desk) {
      desk = openClientDesk(id, this.#node, this.#parts);
      this.#open.set(id, desk);
      desk.then(
        (opened) => this.#ready.set(id, opened),
        () => this.#open.delete(id),
      );
    }
    return desk;
  }

  /** The same without waiting, where it is open. */
  ready(id: string): ClientDesk | undefined {
    return this.#ready.get(id);
  }

  /** Opens every client once, so that deadlines and deliveries left over from before go on. */
  async openAll(): Promise<void> {
    await Promise.all(this.#parts.clients.all().flatMap(({ id, kind }) => (kind === 'client' ? [this.open(id)] : [])));
  }

  async sweep(): Promise<void> {
    for (const desk of await Promise.all(this.#open.values())) await desk.sweep();
  }

  async idle(): Promise<void> {
    for (const desk of await Promise.all(this.#open.values())) await desk.idle();
  }

  #sweepLater(): void {
    this.#stopSweeping = this.#parts.host.after(sweepMs, () => {
      void this.sweep()
        .catch((error) => this.#parts.failed(error, 'sweep'))
        .finally(() => {
          if (!this.#closed) this.#sweepLater();
        });
    });
  }

  async close(): Promise<void> {
    this.#stopSweeping();
    this.#stopSweeping = () => undefined;
    this.#closed = true;
    for (const desk of await Promise.allSettled(this.#open.values()))
      if (desk.status === 'fulfilled') await desk.value.close();
  }
}

const sweepMs = 1_000;

async function openClientDesk(id: string, node: string, parts: Parts): Promise<ClientDesk> {
  const client = () => {
    const found = parts.clients.byId(id);
    if (!found) throw new Error(`No client ${id} is registered`);
    return found;
  };
  const store = await parts.stores.open(id);
  const { host } = parts;
  const now = createDeskClock(host, (await store.search({ limit: 1 })).items[0]?.conversation.updatedAt);
  const publisher = new Publisher(id, parts.push, host);
  const duty = (person: string) => dutyOf(client(), person);

  const circuits = createCircuits({
    host,
    now,
    changed(bot, down) {
      parts.botChanged?.({ client: id, bot, down: down !== undefined, ...(down && { reason: down.reason }) });
      tellBots();
      if (!down) delivery.hurry(bot);
    },
    probe: (bot) => delivery.probe(bot),
  });
  let told = '[]';

  let book: PresenceBook | undefined;
  const nodes = await Nodes.open({
    store,
    host,
    id: node,
    connected: () => book?.here() ?? [],
    down: () => circuits.down(),
    failed: (error) => parts.failed(error, 'heartbeat'),
    system: parts.system,
  });
  const ledger = new Ledger({ store, host, failed: (error) => parts.failed(error, 'ledger') });

  const presence = (book = await PresenceBook.open({
    store,
    duty,
    host,
    now,
    elsewhere: (person) => nodes.elsewhere(person),
    changed: (items) => {
      publisher.presence(items);
      // While the book is being opened there is no router yet.
      if (book) router.route();
    },
  }));

  const desk = createDesk({
    store,
    policy: () => client().policy,
    now,
    node,
    committed,
    alongside: (id) => delivery.unmarked(id),
  });
  const router = new Router({
    store,
    desk,
    host,
    people: () => presence.list(),
    failed: (error) => parts.failed(error, 'routing'),
  });
  const delivery = new Delivery({
    client,
    store,
    desk,
    host,
    nodes,
    ledger,
    circuits,
    send: parts.callback,
    delivered: parts.delivered,
    failed: (error) => parts.failed(error, 'delivery'),
  });

  const sweeper = new Sweeper({
    store,
    desk,
    presence,
    nodes,
    host,
    now,
    policy: () => client().policy,
    delivery,
  });

  const self: ClientDesk = {
    id,
    host,
    now,
    client,
    store,
    desk,
    presence,
    nodes,
    ledger,
    bots,
    caller(person, roles) {
      presence.active(person);
      return { type: 'person', ...person, roles, ...duty(person.id), load: presence.load(person.id) };
    },
    typing: (conversation, by) => void delivery.typing(conversation, by),
    userTyping: (conversation) => publisher.userTyping(conversation),
    sweep() {
      // What other processes know of the bots comes with their heartbeats.
      tellBots();
      return sweeper.sweep();
    },
    async idle() {
      await desk.idle();
      await router.idle();
      await delivery.idle();
    },
    async close() {
      publisher.close();
      presence.close();
      await delivery.close();
      circuits.close();
      await desk.idle();
      await ledger.flush();
      await nodes.close();
    },
  };
  nodes.onDead(() => sweeper.recount());
  delivery.resume();
  router.route();
  return self;

  function bots(): BotState[] {
    const down = nodes.down();
    return client().bots.map((bot) => {
      const found = down.get(bot.id);
      return { id: bot.id, name: bot.name, ...(found && { down: { ...found, reason: found.reason.slice(0, 500) } }) };
    });
  }

  function tellBots(): void {
    const items = bots();
    const text = JSON.stringify(items.flatMap(({ id, down }) => (down ? [id, down] : [])));
    if (text === told) return;
    told = text;
    publisher.bots(items);
  }

  function committed(change: Committed): void {
    publisher.committed(change);
    if (change.entries.length > 0) {
      holderChanged(presence, change);
      parts.observed(self, change);
    }
    const { holder, delivery: marks } = change.conversation;
    if (marks.outSeq > marks.deliveredSeq) delivery.wake(change);
    const seen = change.before.delivery.seenSeq;
    if (marks.seenSeq > seen) ledger.seen(change.conversation.id, seen + 1, marks.seenSeq, host.now());
    delivery.settled(change.conversation);
    if (holder.state === 'queued' && !holder.offer) router.route();
  }
}

/** Keeps loads in step with who holds what. */
function holderChanged(presence: PresenceBook, { before, conversation }: Committed): void {
  const was = before.holder.state === 'assigned' ? before.holder.consultant : undefined;
  const is = conversation.holder.state === 'assigned' ? conversation.holder.consultant : undefined;
  if (was?.id === is?.id) return;
  if (was) presence.loadChanged(was, -1);
  if (is) presence.loadChanged(is, 1);
}

function dutyOf(client: Client, person: string) {
  const own = client.people.find(({ id }) => id === person);
  return {
    queues: own?.queues ?? client.policy.queues.map(({ id }) => id),
    capacity: own?.capacity ?? client.policy.capacity,
  };
}
