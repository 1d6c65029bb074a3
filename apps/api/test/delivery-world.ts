import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CallbackBody, Conversation } from '@parley/contracts';
import type { Stores } from '@parley/core';
import { memoryStores, sqliteStores } from '@parley/stores';
import { onTestFinished } from 'vitest';
import { ClientDesks, type ClientDesk } from '../src/client-desk.ts';
import { loadClients } from '../src/clients.ts';
import { loadConfig } from '../src/config.ts';
import { conversationId } from '../src/ids.ts';
import { settled, VirtualTime, type Sleeper } from './virtual-host.ts';

type Answer = { status: number; retryAfter?: string };
type Body = Extract<CallbackBody, { type: 'conversation.entries' }>;

/** Desk processes that share a store and time, and a bot whose answers a test decides. */
export class DeliveryWorld {
  readonly time = new VirtualTime();
  /** Every request that reached the bot, in order. */
  readonly requests: { at: number; node: string; body: Body }[] = [];
  /** The most requests that were in flight for one conversation. */
  crowd = 0;
  answer: (body: Body) => Answer | Promise<Answer> = () => ({ status: 204 });
  typing: (body: CallbackBody) => Answer | Promise<Answer> = () => ({ status: 202 });
  readonly #open: () => Stores;
  readonly #flying = new Map<string, number>();

  private constructor(open: () => Stores) {
    this.#open = open;
  }

  static async on(kind: 'memory' | 'sqlite'): Promise<DeliveryWorld> {
    if (kind === 'memory') {
      const stores = memoryStores();
      return new DeliveryWorld(() => ({ open: (client) => stores.open(client), close: async () => undefined }));
    }
    const directory = await mkdtemp(join(tmpdir(), 'parley-delivery-'));
    const key = randomBytes(32);
    const opened: Stores[] = [];
    onTestFinished(async () => {
      for (const stores of opened) await stores.close();
      await rm(directory, { recursive: true });
    });
    return new DeliveryWorld(() => {
      const stores = sqliteStores({ directory, keys: { key: async () => key } });
      opened.push(stores);
      return stores;
    });
  }

  async start(name: string): Promise<Node> {
    const host = this.time.host();
    const failures: unknown[] = [];
    // A node that died does nothing more: neither what it waited for nor what it was told arrives.
    const dead = { yet: false };
    const desks = new ClientDesks({
      clients: loadClients(loadConfig({ STORE: 'memory' })),
      stores: this.#open(),
      host,
      push: () => undefined,
      callback: async ({ body }) => {
        const given = JSON.parse(body) as CallbackBody;
        if (given.type !== 'conversation.entries') return this.typing(given);
        const flying = (this.#flying.get(given.id) ?? 0) + 1;
        this.#flying.set(given.id, flying);
        this.crowd = Math.max(this.crowd, flying);
        this.requests.push({ at: this.time.time, node: name, body: given });
        try {
          const answer = await this.answer(given);
          return dead.yet ? await new Promise<never>(() => undefined) : answer;
        } finally {
          this.#flying.set(given.id, this.#flying.get(given.id)! - 1);
        }
      },
      observed: () => undefined,
      delivered: () => undefined,
      failed: (error) => failures.push(error),
    });
    const desk = await desks.open('contoso');
    return { name, desk, host, failures, kill: () => void (dead.yet = host.asleep = true), close: () => desks.close() };
  }

  /** Texts that the bot took, in the order in which it took them, each once: as the SDK shows them. */
  shown(): string[] {
    const seen = new Set<number>();
    return this.requests.flatMap(({ body }) =>
      body.entries.flatMap((entry) => {
        if (seen.has(entry.seq)) return [];
        seen.add(entry.seq);
        return entry.kind === 'message' ? [entry.text] : [];
      }),
    );
  }
}

export type Node = {
  name: string;
  desk: ClientDesk;
  host: Sleeper;
  failures: unknown[];
  kill(): void;
  close(): Promise<void>;
};

const ana = { id: 'c0170500-0000-4000-8000-000000000101', name: 'Ana Ruiz' };
const bot = 'assistant';
let ids = 0;

/** A conversation that Ana holds, and what she and others do in it through any process. */
export async function accepted(node: Node): Promise<Talk> {
  const channelConversation = `talk-${++ids}`;
  const id = conversationId('contoso', bot, 'directline', channelConversation);
  const user = { id: `dl_${channelConversation}`, name: 'Jonas Weber' };
  const opening = { id, channel: 'directline', channelConversation, bot: { id: bot, name: 'BankX' }, user };
  const by = { type: 'bot', name: 'BankX' } as const;
  await node.desk.desk.execute(
    opening,
    { type: 'request-handoff', id: `r-${ids}`, queue: 'cards', packet: { reason: 'a person' }, user },
    by,
  );
  await must(node, id, { type: 'claim', id: `c-${ids}` });
  return {
    id,
    head: async (at) => (await at.desk.store.head(id))!,
    async reply(at, text) {
      const { epoch } = (await at.desk.store.head(id))!;
      await must(at, id, { type: 'reply', id: `m-${++ids}`, text, epoch });
    },
    async says(at, text) {
      await at.desk.desk.execute(
        id,
        { type: 'user-turn', id: `u-${++ids}`, text, user },
        { type: 'user', name: 'Jonas' },
      );
    },
    retry: (at) => must(at, id, { type: 'retry-delivery', id: `t-${++ids}` }),
  };
}

export type Talk = {
  id: string;
  head(at: Node): Promise<Conversation>;
  reply(at: Node, text: string): Promise<void>;
  says(at: Node, text: string): Promise<void>;
  retry(at: Node): Promise<void>;
};

async function must(node: Node, id: string, command: object): Promise<void> {
  const outcome = await node.desk.desk.execute(id, command as never, node.desk.caller(ana, ['Consultant']));
  if (!outcome.ok) throw new Error(outcome.code);
  await settled();
}
