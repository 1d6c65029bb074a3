import { readFileSync } from 'node:fs';
import type { Conversation, Entry } from '@parley/contracts';
import { createClients, loadConfig, parseClients } from '@parley/api';
import { blank, decide, type By, type Command, type Policy, type Store } from '@parley/core';
import { Seeded } from './seeded.ts';

/** One change of one conversation, as the desk would commit it. */
export type Step = { before: number; next: Conversation; entries: Entry[] };

/** What a store must hold: per conversation the head and all entries. */
export type State = ReadonlyMap<string, { head: Conversation; entries: readonly Entry[] }>;

/**
 * A seeded course of many conversations through the real rules: users, a bot and consultants, handoffs, transfers,
 * returns and closings, so that every table of a store is touched. Nothing is stored here: who stores a step says so with `keep`.
 */
export class History {
  #state: State = new Map();
  readonly #random: Seeded;
  readonly #conversations: number;
  #n = 0;

  constructor(seed: number, conversations = 12) {
    this.#random = new Seeded(seed);
    this.#conversations = conversations;
  }

  /** What was kept so far; a value that later steps do not change. */
  get state(): State {
    return this.#state;
  }

  /**
   * Decides steps of different conversations, so that all can be committed at once.
   *
   * @param padding characters that lines are made longer by
   */
  steps(count: number, padding = 0): Step[] {
    const chosen = this.#random
      .shuffled(Array.from({ length: this.#conversations }, (_, i) => i))
      .slice(0, Math.min(count, this.#conversations));
    return chosen.map((i) => this.#step(i, padding));
  }

  /** A step is stored. */
  keep({ next, entries }: Step): void {
    const known = this.#state.get(next.id);
    this.#state = new Map(this.#state).set(next.id, { head: next, entries: [...(known?.entries ?? []), ...entries] });
  }

  #step(i: number, padding: number): Step {
    const id = `c_${i.toString(36).padStart(26, '0')}`;
    const before =
      this.#state.get(id)?.head ??
      blank({
        id,
        channel: 'directline',
        channelConversation: `dl-${i}`,
        bot: { id: 'assistant', name: 'Contoso assistant' },
        user: { id: `user-${i}`, name: 'Sam Doe', language: 'en' },
        now: start,
      });
    for (;;) {
      const [command, by] = this.#command(before, padding);
      const decision = decide(before, command, { by, now: start + this.#n * 100, policy });
      if (!decision.ok || decision.entries.length === 0) continue;
      return {
        before: before.version,
        next: { ...decision.conversation, version: before.version + 1 },
        entries: decision.entries,
      };
    }
  }

  #command({ holder, epoch, user }: Conversation, padding: number): [Command, By] {
    const id = `step-${this.#n++}`;
    const text = `${this.#random.pick(words)} ${id} ${'x'.repeat(padding + this.#random.below(200))}`;
    const userTurn: [Command, By] = [{ type: 'user-turn', id, text, user }, { type: 'user' }];
    const ana: By = { ...person, load: 0 };
    switch (holder.state) {
      case 'queued':
        return this.#random.chance(0.6) ? [{ type: 'claim', id }, ana] : userTurn;
      case 'assigned':
        return this.#random.pick<[Command, By]>([
          userTurn,
          [{ type: 'reply', id, text, epoch }, ana],
          [{ type: 'reply', id, text, epoch }, ana],
          [{ type: 'note', id, text }, ana],
          [{ type: 'transfer', id, to: { queue: 'general' }, comment: text.slice(0, 100) }, ana],
          [{ type: 'return', id, packet: { comment: text.slice(0, 100) } }, ana],
          [{ type: 'close', id, outcome: policy.outcomes[0]?.id ?? '' }, ana],
        ]);
      default:
        return this.#random.pick<[Command, By]>([
          userTurn,
          [{ type: 'bot-turn', id, text }, { type: 'bot' }],
          [
            { type: 'request-handoff', id, queue: 'cards', packet: { reason: 'Asked for a person' }, user },
            { type: 'bot' },
          ],
        ]);
    }
  }
}

/**
 * Compares what a store holds with what it must hold: heads, entries, lists, counts and the change feed.
 *
 * @returns what is wrong, in words; nothing when all is right
 */
export async function differences(store: Store, expected: State): Promise<string[]> {
  const wrong: string[] = [];
  for (const [id, { head, entries }] of expected) {
    const stored = await store.head(id);
    if (JSON.stringify(stored) !== JSON.stringify(head))
      wrong.push(`${id}: version ${stored?.version} seq ${stored?.seq} instead of ${head.version} and ${head.seq}`);
    const log = await store.entries(id, { limit: entries.length + 10 });
    if (JSON.stringify(log) !== JSON.stringify(entries))
      wrong.push(`${id}: ${log.length} entries instead of ${entries.length}`);
  }
  const feed = new Map<string, number>();
  for (let since = '0'; ;) {
    const page = await store.changes(since, 200);
    for (const { id, version } of page.items) feed.set(id, version);
    since = page.cursor;
    if (!page.more) break;
  }
  const foreign = [...feed].filter(([id, version]) => expected.get(id)?.head.version !== version);
  if (foreign.length > 0 || feed.size !== expected.size)
    wrong.push(`the change feed has ${feed.size} of ${expected.size}, and ${foreign.length} that should not be so`);
  for (const state of ['with-bot', 'queued', 'assigned', 'closed'] as const) {
    const count = [...expected.values()].filter(({ head }) => head.holder.state === state).length;
    const [told, listed] = [
      await store.count({ states: [state] }),
      await store.list({ states: [state] }, { limit: 200 }),
    ];
    if (told !== count || listed.items.length !== count)
      wrong.push(`${told} and ${listed.items.length} ${state} instead of ${count}`);
  }
  return wrong;
}

const start = 1_790_000_000_000;
const words = ['card', 'Straße', '口座', 'رصيد', 'lost', 'mañana', '😀 fine'];

const { clients } = loadConfig({});
const policy: Policy = createClients(
  parseClients(JSON.parse(readFileSync(clients.file, 'utf8')) as unknown, { ...clients, production: false }),
).byId('contoso')!.policy;

const person = {
  type: 'person' as const,
  id: 'c0170500-0000-4000-8000-000000000101',
  name: 'Ana Ruiz',
  roles: ['Consultant'],
  queues: ['cards', 'payments', 'general'],
  capacity: 1_000,
};
