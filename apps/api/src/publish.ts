import type { BotState, Conversation, HubEvents, Presence } from '@parley/contracts';
import type { Host } from '@parley/core';
import type { Committed } from './desk.ts';

/** Names of the groups that pushes go to; made here and never taken from a client. */
export const groups = {
  conversation: (client: string, id: string) => `${client}/c/${id}`,
  queue: (client: string, id: string) => `${client}/q/${id}`,
  person: (client: string, id: string) => `${client}/p/${id}`,
  live: (client: string) => `${client}/live`,
  desk: (client: string) => `${client}/desk`,
} as const;

/** Hands one event to the union of some groups: each connection gets it once. */
export type Push = <E extends keyof HubEvents>(
  to: readonly string[],
  event: E,
  payload: Parameters<HubEvents[E]>[0],
  exceptGroups?: readonly string[],
) => void;

/**
 * Turns committed changes of one client into pushes. Who watches a conversation gets the change at once;
 * lists hear of it coalesced; delivery marks travel together once a second. Nothing pushed is needed for correctness.
 */
export class Publisher {
  readonly #client: string;
  readonly #push: Push;
  readonly #lists = new Map<string, { conversation: Conversation; to: string[] }>();
  readonly #marks = new Map<string, Conversation>();
  readonly #host: Host;
  #listTimer: (() => void) | undefined;
  #marksTimer: (() => void) | undefined;

  constructor(client: string, push: Push, host: Host) {
    this.#client = client;
    this.#push = push;
    this.#host = host;
  }

  committed({ before, conversation, entries }: Committed): void {
    const watched = groups.conversation(this.#client, conversation.id);
    // A mark alone, unless with it a return has arrived: then the bot holds the floor for good, and the head says so.
    if (entries.length === 0 && conversation.holder === before.holder) {
      this.#marks.set(conversation.id, conversation);
      this.#marksTimer ??= this.#host.after(marksMs, () => this.#flushMarks());
      return;
    }
    this.#marks.delete(conversation.id);
    this.#push([watched], 'change', { conversation, entries });

    const now = this.#audiences(conversation);
    const gone = this.#audiences(before).filter((group) => !now.includes(group));
    // A list that loses the conversation is told at once and only that: not who took it, not what it says now.
    if (gone.length > 0) {
      this.#lists.delete(conversation.id);
      this.#push(gone, 'list', { items: [], gone: [{ id: conversation.id, version: conversation.version }] }, now);
    }
    this.#lists.set(conversation.id, { conversation, to: now });
    this.#listTimer ??= this.#host.after(listMs, () => this.#flushLists());
  }

  presence(items: Presence[]): void {
    this.#push([groups.desk(this.#client)], 'presence', { items });
  }

  bots(items: BotState[]): void {
    this.#push([groups.desk(this.#client)], 'bots', { items });
  }

  /** The end user is typing; never stored. */
  userTyping({ id }: Conversation): void {
    this.#push([groups.conversation(this.#client, id)], 'signal', {
      kind: 'typing',
      conversation: id,
      by: { type: 'user' },
    });
  }

  close(): void {
    this.#listTimer?.();
    this.#marksTimer?.();
  }

  /** Groups whose lists hold the conversation. */
  #audiences({ holder }: Conversation): string[] {
    const live = groups.live(this.#client);
    switch (holder.state) {
      case 'queued': {
        const invited = [holder.offer?.to, holder.reservedFor].flatMap((person) =>
          person ? [groups.person(this.#client, person.id)] : [],
        );
        return [live, groups.queue(this.#client, holder.queue), ...invited];
      }
      case 'assigned':
        return [live, groups.person(this.#client, holder.consultant.id)];
      default:
        return [live];
    }
  }

  #flushLists(): void {
    this.#listTimer = undefined;
    for (const { conversation, to } of this.#lists.values()) {
      this.#push(to, 'list', { items: [conversation], gone: [] }, [groups.conversation(this.#client, conversation.id)]);
    }
    this.#lists.clear();
  }

  #flushMarks(): void {
    this.#marksTimer = undefined;
    for (const { id, version, delivery } of this.#marks.values()) {
      this.#push([groups.conversation(this.#client, id)], 'marks', { items: [{ id, version, delivery }] });
    }
    this.#marks.clear();
  }
}

const listMs = 50;
const marksMs = 1_000;
