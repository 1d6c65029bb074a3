import {
  Change,
  type Conversation,
  type HubEvents,
  type HubMethods,
  type PersonRef,
  type Role,
} from '@parley/contracts';
import { consults, reads, supervises, type Host } from '@parley/core';
import { createHub, HubError, JsonText, type Hub, type HubDefinition } from '@parley/signalr-server';
import type { ClientDesk, ClientDesks } from './client-desk.ts';
import { groups, type Push } from './publish.ts';
import { compileWriter } from './shapes.ts';

/** What the hub knows of a connection, from its token. */
export type HubData = { client: string; person: PersonRef; roles: readonly Role[] };

/** What carries the hub: SignalR, unless a simulation brings its own lines. */
export type MakeHub = (definition: HubDefinition<HubEvents, HubData, HubMethods>) => Hub<HubEvents, HubData>;

export type DeskHub = {
  hub: Hub<HubEvents, HubData>;
  push: Push;
  /** Connections that watch a conversation and may no longer read it leave it; called after every change of holder. */
  recheck(desk: ClientDesk, conversation: Conversation): void;
  close(): void;
};

/**
 * The desk's hub: facts to the console, and signals that are never stored. Commands go over HTTP.
 * A client never names a group; every method authorises again.
 */
export function createDeskHub(desks: () => ClientDesks, host: Host, make: MakeHub = createHub): DeskHub {
  const watched = new Map<string, Watching>();

  const hub = make({
    methods: {
      async watch(ctx, id) {
        const desk = await desks().open(ctx.data.client);
        const conversation = typeof id === 'string' && id.length <= 40 ? await desk.store.head(id) : undefined;
        if (!conversation || !reads(desk.caller(ctx.data.person, ctx.data.roles), conversation))
          throw new HubError('not-found');
        const mine = watched.get(ctx.connectionId);
        if (!mine) throw new HubError('not-found');
        if (mine.conversations.size >= maxWatched) throw new HubError('rate-limited');
        mine.conversations.set(conversation.id, -Infinity);
        ctx.groups.add(groups.conversation(mine.client, conversation.id));
        viewing(mine.client, conversation.id);
        return { seq: conversation.seq, version: conversation.version };
      },

      async unwatch(ctx, id) {
        const mine = watched.get(ctx.connectionId);
        if (mine && typeof id === 'string' && mine.conversations.delete(id)) {
          ctx.groups.remove(groups.conversation(mine.client, id));
          viewing(mine.client, id);
        }
        return null;
      },

      async typing(ctx, id) {
        const steady = host.steady();
        const mine = watched.get(ctx.connectionId);
        const last = typeof id === 'string' ? mine?.conversations.get(id) : undefined;
        if (!mine || typeof id !== 'string' || last === undefined || steady - last < typingEveryMs) return null;
        mine.conversations.set(id, steady);
        const desk = await desks().open(mine.client);
        const conversation = await desk.store.head(id);
        if (conversation?.holder.state !== 'assigned' || conversation.holder.consultant.id !== mine.person.id)
          return null;
        desk.typing(conversation, mine.person);
        hub.clients
          .group(groups.conversation(mine.client, id), { except: [ctx.connectionId] })
          .send('signal', { kind: 'typing', conversation: id, by: { type: 'person', person: mine.person } });
        return null;
      },
    },

    async onConnected(ctx) {
      const { client, person, roles } = ctx.data;
      const desk = await desks().open(client);
      const caller = desk.caller(person, roles);
      ctx.groups.add(groups.person(client, person.id));
      ctx.groups.add(groups.desk(client));
      if (supervises(caller)) ctx.groups.add(groups.live(client));
      if (consults(caller)) {
        for (const queue of caller.queues) ctx.groups.add(groups.queue(client, queue));
        desk.presence.connected(person);
      }
      watched.set(ctx.connectionId, { client, person, roles, conversations: new Map() });
    },

    async onDisconnected(ctx) {
      const mine = watched.get(ctx.connectionId);
      if (!mine) return;
      watched.delete(ctx.connectionId);
      const desk = await desks().open(mine.client);
      if (consults({ roles: mine.roles })) desk.presence.disconnected(mine.person);
      for (const id of mine.conversations.keys()) viewing(mine.client, id);
    },
  });

  let stopBeating: (() => void) | undefined;
  beatLater();

  return {
    hub,
    push: (to, event, payload, exceptGroups = []) => {
      // The text of a change is that of the answer to whoever made it.
      const args = event === 'change' ? new JsonText(() => writeChange?.(payload) ?? JSON.stringify(payload)) : payload;
      (hub.clients.groups(to, { exceptGroup: exceptGroups }) as { send(event: string, payload: unknown): void }).send(
        event,
        args,
      );
    },
    recheck(desk, conversation) {
      for (const [connection, mine] of watched) {
        if (mine.client !== desk.id || !mine.conversations.has(conversation.id)) continue;
        if (reads(desk.caller(mine.person, mine.roles), conversation)) continue;
        mine.conversations.delete(conversation.id);
        void hub.groups.remove(connection, groups.conversation(mine.client, conversation.id));
        viewing(mine.client, conversation.id);
      }
    },
    close() {
      stopBeating?.();
      stopBeating = undefined;
    },
  };

  function beatLater(): void {
    stopBeating = host.after(headsMs, () => {
      void beat()
        .catch(() => undefined)
        .finally(() => {
          if (stopBeating) beatLater();
        });
    });
  }

  /** Tells those who have a conversation open who else has. */
  function viewing(client: string, id: string): void {
    const people = new Map<string, PersonRef>();
    for (const mine of watched.values())
      if (mine.client === client && mine.conversations.has(id)) people.set(mine.person.id, mine.person);
    hub.clients
      .group(groups.conversation(client, id))
      .send('signal', { kind: 'viewing', conversation: id, people: [...people.values()] });
  }

  /** The head numbers of what each connection watches, so that even a lost last push is noticed. */
  async function beat(): Promise<void> {
    for (const [connection, mine] of watched) {
      const desk = await desks().open(mine.client);
      const open = await Promise.all([...mine.conversations.keys()].map((id) => desk.store.head(id)));
      const items = open.flatMap((head) => (head ? [{ id: head.id, seq: head.seq, version: head.version }] : []));
      hub.clients.client(connection).send('heads', { items, changes: await desk.store.changeCursor() });
    }
  }
}

const writeChange = compileWriter(Change);
const headsMs = 15_000;
const typingEveryMs = 1_500;
const maxWatched = 50;

type Watching = { client: string; person: PersonRef; roles: readonly Role[]; conversations: Map<string, number> };
