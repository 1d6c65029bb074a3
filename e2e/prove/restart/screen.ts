import { setTimeout as pause } from 'node:timers/promises';
import { createDesk, select, viewerOf, type Desk } from '@parley/client';
import { paths, type Conversation, type ConversationPage, type EntryPage } from '@parley/contracts';
import type { Person } from '@parley/sandbox';
import type { Rig } from '../shared/rig.ts';

/** What the desk answers to a person who asks for everything anew. */
export type Truth = { waiting: Conversation[]; mine: Conversation[]; logs: Map<string, string[]> };

/** A consultant's console, as the product ships its client. */
export class Screen {
  readonly person: Person;
  readonly #rig: Rig;
  readonly #desk: Desk;

  constructor(rig: Rig, person: Person) {
    this.#rig = rig;
    this.person = person;
    this.#desk = createDesk({ url: rig.url, token: () => rig.token(person) });
  }

  start(): void {
    this.#desk.start();
  }

  stop(): Promise<void> {
    return this.#desk.stop();
  }

  async available(): Promise<void> {
    await this.#desk.setPresence('available');
  }

  /** How many lines of a conversation are shown. */
  lines(id: string): number {
    return this.#desk.conversation(id).getSnapshot().log?.entries.length ?? 0;
  }

  /** @returns what on the screen is not as a fresh fetch would show it; undefined where all is */
  wrong(truth: Truth): string | undefined {
    const viewer = viewerOf(this.#desk.session.getSnapshot().session);
    if (!viewer) return 'there is no session';
    const { state } = this.#desk.connection.getSnapshot();
    if (state !== 'live') return `the connection is ${state}`;
    const { heads } = this.#desk.lists.state.getSnapshot();
    for (const view of ['waiting', 'mine'] as const) {
      const shown = versions(select(heads, view, viewer));
      if (shown !== versions(truth[view])) return `the list "${view}" is not as the desk has it`;
    }
    for (const [id, ids] of truth.logs) {
      const entries = this.#desk.conversation(id).getSnapshot().log?.entries ?? [];
      if (entries.map((entry) => entry.id).join(' ') !== ids.join(' '))
        return `${id} shows ${entries.length} of ${ids.length} entries`;
    }
    return undefined;
  }

  /** Asks the desk for everything that belongs on this screen. */
  async truth(): Promise<Truth> {
    const [waiting, mine] = [await this.#list('waiting'), await this.#list('mine')];
    const logs = new Map<string, string[]>();
    for (const { id } of mine) {
      const { entries } = await this.#get<EntryPage>(`${paths.entries(id)}?after=0&limit=200`);
      logs.set(
        id,
        entries.map((entry) => entry.id),
      );
    }
    return { waiting, mine, logs };
  }

  /** Answers as soon as the desk serves the first page of a list. @returns by `performance.now()` */
  async served(): Promise<number> {
    for (;;) {
      const page = await this.#get<ConversationPage>(`${paths.conversations}?view=waiting&limit=200`).catch(
        () => undefined,
      );
      if (page) return performance.now();
      await pause(10);
    }
  }

  async #list(view: 'waiting' | 'mine'): Promise<Conversation[]> {
    const items: Conversation[] = [];
    for (let cursor = ''; ;) {
      const page = await this.#get<ConversationPage>(`${paths.conversations}?view=${view}&limit=200${cursor}`);
      items.push(...page.items);
      if (page.next === undefined) return items;
      cursor = `&cursor=${encodeURIComponent(page.next)}`;
    }
  }

  async #get<T>(path: string): Promise<T> {
    const response = await fetch(this.#rig.url + path, {
      headers: { authorization: `Bearer ${await this.#rig.token(this.person)}` },
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }
}

function versions(heads: readonly Conversation[]): string {
  return heads
    .map(({ id, version }) => `${id} ${version}`)
    .toSorted()
    .join('\n');
}
