import type { Conversation, Presence } from '@parley/contracts';
import { pick, type Host, type Store } from '@parley/core';
import type { Desk } from './desk.ts';

/**
 * Offers what waits to who can take it, one pass at a time. Asked for after every change that could matter:
 * something was queued, somebody became available, a place became free, an offer was declined or lapsed.
 */
export class Router {
  readonly #store: Store;
  readonly #desk: Desk;
  readonly #host: Host;
  readonly #people: () => Presence[];
  readonly #failed: (error: unknown) => void;
  #wanted = false;
  #running: Promise<void> | undefined;

  constructor({
    store,
    desk,
    host,
    people,
    failed,
  }: {
    store: Store;
    desk: Desk;
    host: Host;
    people: () => Presence[];
    failed: (error: unknown) => void;
  }) {
    this.#store = store;
    this.#desk = desk;
    this.#host = host;
    this.#people = people;
    this.#failed = failed;
  }

  route(): void {
    this.#wanted = true;
    this.#running ??= this.#run();
  }

  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (this.#wanted) {
        this.#wanted = false;
        await this.#pass();
      }
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#running = undefined;
    }
  }

  async #pass(): Promise<void> {
    if (!this.#people().some((one) => one.state === 'available' && one.load < one.capacity)) return;
    const waiting = await this.#waiting();
    const pending = new Map<string, number>();
    for (const { holder } of waiting) {
      if (holder.state === 'queued' && holder.offer)
        pending.set(holder.offer.to.id, (pending.get(holder.offer.to.id) ?? 0) + 1);
    }
    for (const conversation of waiting) {
      const to = pick(conversation, this.#people(), pending);
      if (!to) continue;
      const outcome = await this.#desk.execute(
        conversation.id,
        { type: 'offer', id: this.#host.newId(), to },
        { type: 'desk' },
      );
      if (outcome.ok) pending.set(to.id, (pending.get(to.id) ?? 0) + 1);
    }
  }

  /**
   * Who asked first comes first, also after a consultant was lost or the bot did not take it back: the user has waited
   * since then. Of very many that wait, the ones that joined first; the others follow as these are served or fall back.
   */
  async #waiting(): Promise<Conversation[]> {
    const waiting: Conversation[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.#store.list(
        { states: ['queued'] },
        { limit: 200, ...(cursor === undefined ? {} : { cursor }) },
      );
      waiting.push(...page.items);
      cursor = page.next;
    } while (cursor !== undefined && waiting.length < mostWaiting);
    return waiting.sort((a, b) => askedAt(a) - askedAt(b));
  }
}

function askedAt({ handoff, holder }: Conversation): number {
  return handoff?.requestedAt ?? holder.since;
}

const mostWaiting = 2_000;
