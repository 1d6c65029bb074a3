import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import {
  paths,
  type ConversationPage,
  type ConversationView,
  type HandoffAnswer,
  type TurnResult,
} from '@parley/contracts';
import { createDesk, select, viewerOf, type Desk } from '@parley/client';
import type { Rig } from './rig.ts';

/** Counts of what clients did about faults. */
export type Recovery = { sockets: number; gaps: number; repeated: number };

/** The real console's client of one person, over the rig's line for browsers. */
export class Console {
  readonly desk: Desk;
  readonly email: string;
  /** Replies and notes in the order in which they were sent: ids of the outbox. */
  readonly sent: string[] = [];
  readonly #rig: Rig;
  readonly #opened = new Set<string>();
  #lives = 0;
  #since = 0;

  constructor(rig: Rig, email: string, recovery: Recovery) {
    this.#rig = rig;
    this.email = email;
    const asked = new Set<string>();
    this.desk = createDesk({
      url: rig.browser.url,
      token: () => rig.token(email),
      fetch: (input, init) => {
        const url = String(input);
        if (/\/entries\?.*after=/.test(url)) recovery.gaps += 1;
        if (init?.method === 'POST' && typeof init.body === 'string') {
          const { id } = JSON.parse(init.body) as { id: string };
          if (asked.has(id)) recovery.repeated += 1;
          asked.add(id);
        }
        return globalThis.fetch(input, init);
      },
      backOff: { first: 50, cap: 1_000 },
      timeout: 1_500,
      silence: 4_000,
    });
    this.desk.connection.subscribe(() => {
      if (this.desk.connection.getSnapshot().state !== 'live') return;
      const { since } = this.desk.connection.getSnapshot() as { since: number };
      if (since !== this.#since && ++this.#lives > 1) recovery.sockets += 1;
      this.#since = since;
    });
  }

  start(): void {
    this.desk.start();
  }

  get live(): boolean {
    return this.desk.connection.getSnapshot().state === 'live' && this.desk.session.getSnapshot().status === 'ready';
  }

  opens(id: string): void {
    this.#opened.add(id);
    this.desk.open(id);
  }

  sends(conversation: string, kind: 'reply' | 'note', text: string): void {
    const epoch = this.desk.conversation(conversation).getSnapshot().log?.head.epoch ?? 0;
    this.sent.push(this.desk.outbox.send({ conversation, kind, text, epoch }));
  }

  /** What on this screen is not as a fresh read says; nothing when all is right. */
  async staleness(): Promise<string[]> {
    const wrong: string[] = [];
    if (!this.live) wrong.push(`is ${this.desk.connection.getSnapshot().state}`);
    const waiting = this.desk.outbox.items.getSnapshot().filter(({ state }) => state !== 'failed');
    if (waiting.length > 0) wrong.push(`has ${waiting.length} unsent`);
    for (const id of this.#opened) {
      const fresh = await this.#rig.read<ConversationView>(this.email, paths.conversation(id));
      // What a colleague holds is not theirs to read.
      if (fresh === undefined) continue;
      const { log, abilities } = this.desk.conversation(id).getSnapshot();
      if (!same(log?.entries, fresh.entries))
        wrong.push(`shows ${log?.entries.map(({ seq }) => seq).join(' ')} instead of 1 to ${fresh.entries.length}`);
      if (!same(log?.head, fresh.conversation))
        wrong.push(`has the head ${JSON.stringify(log?.head)} instead of ${JSON.stringify(fresh.conversation)}`);
      if (!same(abilities, fresh.abilities)) wrong.push('has other abilities');
      const draft = this.desk.drafts.items.getSnapshot().get(id);
      if ((draft?.text ?? '') !== (fresh.draft?.text ?? ''))
        wrong.push(`has the draft "${draft?.text}" instead of "${fresh.draft?.text}"`);
    }
    const viewer = viewerOf(this.desk.session.getSnapshot().session);
    for (const view of ['waiting', 'mine'] as const) {
      const fresh = await this.#rig.read<ConversationPage>(this.email, `${paths.conversations}?view=${view}&limit=200`);
      const shown = viewer ? select(this.desk.lists.state.getSnapshot().heads, view, viewer) : [];
      const rows = (heads: readonly { id: string; seq: number; epoch: number }[]) =>
        heads.map(({ id, seq, epoch }) => `${id} ${seq} ${epoch}`).toSorted();
      if (!same(rows(shown), rows(fresh?.items ?? [])))
        wrong.push(`lists ${rows(shown).join()} as ${view} instead of ${rows(fresh?.items ?? []).join()}`);
    }
    return wrong.map((what) => `${this.email} ${what}`);
  }
}

/** The bot's side as callers are told to be: everything has an id, and is told again until it is answered. */
export class BotSide {
  /** What was acknowledged, in order: ids as the bot made them. */
  readonly told: string[] = [];
  #calls = 0;
  readonly channel = `net-${randomUUID()}`;
  readonly #rig: Rig;
  readonly #recovery: Recovery;

  constructor(rig: Rig, recovery: Recovery) {
    this.#rig = rig;
    this.#recovery = recovery;
  }

  async says(speaker: 'user' | 'bot', text: string): Promise<TurnResult> {
    const id = randomUUID();
    const turn = { channel: 'directline', conversation: this.channel, id, speaker, text, user };
    const { results } = await this.#tell<{ results: TurnResult[] }>(paths.botTurns, { turns: [turn] });
    const [result] = results as [TurnResult];
    if (result.outcome === 'stored' || result.outcome === 'repeated') this.told.push(`${speaker[0]}:${id}`);
    return result;
  }

  escalates(): Promise<HandoffAnswer> {
    return this.#tell<HandoffAnswer>(paths.botHandoffs, {
      channel: 'directline',
      conversation: this.channel,
      id: randomUUID(),
      user,
      queue: 'cards',
      packet: { reason: 'Asked for a person' },
    });
  }

  async #tell<T>(path: string, body: object): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        const { status, answer } = await this.#try(path, JSON.stringify(body), this.#calls++ % 2 === 0);
        if (status === 200) return answer as T;
        if (status < 500 && status !== 429) throw new RangeError(`${path} answered ${status}`);
      } catch (error) {
        if (error instanceof RangeError || tries > 60) throw error;
      }
      this.#recovery.repeated += 1;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** @param fresh over a connection of its own, which ends with it */
  async #try(path: string, body: string, fresh: boolean): Promise<{ status: number; answer: unknown }> {
    const url = this.#rig.calls.url + path;
    const headers = { authorization: `Bearer ${await this.#rig.botToken()}`, 'content-type': 'application/json' };
    const signal = AbortSignal.timeout(1_000);
    if (!fresh) {
      const response = await fetch(url, { method: 'POST', headers, body, signal });
      return { status: response.status, answer: await response.json() };
    }
    return new Promise((resolve, reject) => {
      request(url, { method: 'POST', headers, agent: false, signal }, (response) => {
        json(response).then((answer) => resolve({ status: response.statusCode ?? 0, answer }), reject);
      })
        .on('error', reject)
        .end(body);
    });
  }
}

const user = { id: 'dl_net', name: 'Jonas Weber' };

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

/** The order of members means nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, each]) => [name, sorted(each)]),
  );
}
