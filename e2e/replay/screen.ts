import {
  paths,
  type Change,
  type Conversation,
  type ConversationView,
  type Entry,
  type EntryPage,
} from '@parley/contracts';
import type { Caller } from './caller.ts';
import { Waiters } from './waiters.ts';

/** What had to be fetched because it was not pushed: entries behind a gap, entries that did not come, handoffs. */
export type Recoveries = { gaps: number; silences: number; unheard: number };

/**
 * A conversation as a robot sees it: a first fetch, then what is pushed. A push is a hint: one that leaves a gap, or that
 * does not come, makes the screen fetch what is missing.
 */
export class Screen extends Waiters {
  readonly entries: Entry[] = [];
  conversation: Conversation;
  readonly #caller: Caller;
  readonly #signal: AbortSignal;
  readonly #recoveries: Recoveries;
  #fetching: Promise<void> | undefined;

  private constructor(caller: Caller, signal: AbortSignal, recoveries: Recoveries, conversation: Conversation) {
    super();
    this.#caller = caller;
    this.#signal = signal;
    this.#recoveries = recoveries;
    this.conversation = conversation;
  }

  /** Empty until `load`, so that what is pushed in the meantime is not missed. */
  static of(conversation: Conversation, caller: Caller, signal: AbortSignal, recoveries: Recoveries): Screen {
    return new Screen(caller, signal, recoveries, { ...conversation, seq: 0 });
  }

  get seq(): number {
    return this.entries.at(-1)?.seq ?? 0;
  }

  /** Reads the conversation as it is opened, and what is older than its first page. */
  async load(): Promise<void> {
    const view = await this.#caller.get<ConversationView>(paths.conversation(this.conversation.id));
    if ((view.entries[0]?.seq ?? 1) > 1) await this.#fetch();
    this.#take(view);
    if (this.seq < view.conversation.seq) await this.#fetch();
  }

  push(change: Change): void {
    const first = change.entries[0]?.seq;
    if (first !== undefined && first > this.seq + 1) {
      this.#recoveries.gaps += 1;
      void this.#fetch().catch(() => undefined);
    } else {
      this.#take(change);
    }
  }

  /** The keep-alive names a later entry than the last one here. */
  behind(seq: number): void {
    if (seq > this.seq) void this.#fetch().catch(() => undefined);
  }

  /** Waits until an entry has arrived. @throws when it does not come, pushed or fetched */
  async reached(seq: number): Promise<void> {
    for (let attempt = 0; attempt < 6; attempt++) {
      if (await this.until(() => this.seq >= seq, patienceMs, this.#signal)) return;
      this.#recoveries.silences += 1;
      await this.#fetch();
    }
    throw new Error(`Entry ${seq} of ${this.conversation.id} did not arrive: the last one is ${this.seq}.`);
  }

  #fetch(): Promise<void> {
    this.#fetching ??= this.#fetchAll().finally(() => (this.#fetching = undefined));
    return this.#fetching;
  }

  async #fetchAll(): Promise<void> {
    for (let before = -1; this.seq > before;) {
      before = this.seq;
      const page = await this.#caller.get<EntryPage>(
        `${paths.entries(this.conversation.id)}?after=${this.seq}&limit=200`,
      );
      this.#take(page);
      if (this.seq >= page.conversation.seq) return;
    }
  }

  #take({ conversation, entries }: Change): void {
    for (const entry of entries) if (entry.seq === this.seq + 1) this.entries.push(entry);
    if (conversation.version >= this.conversation.version) this.conversation = conversation;
    this.wake();
  }
}

/** So long a push may take before the screen asks by itself. */
const patienceMs = 5_000;
