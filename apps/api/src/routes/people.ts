import {
  Changes,
  ChangesQuery,
  CommandAnswer,
  commandBodies,
  ConversationId,
  ConversationPage,
  ConversationsQuery,
  ConversationView,
  DraftBody,
  EntriesQuery,
  EntryLedger,
  EntryPage,
  Overview,
  paths,
  People,
  Presence,
  PresenceBody,
  Session,
  type CommandName,
  type Conversation,
  type Draft,
  type Earlier,
} from '@parley/contracts';
import {
  abilities,
  administers,
  consults,
  reads,
  supervises,
  type Caller,
  type Command,
  type ListFilter,
} from '@parley/core';
import { Type } from 'typebox';
import type { ClientDesk, ClientDesks } from '../client-desk.ts';
import { ledgerOf, noteComposed } from '../entry-ledger.ts';
import { Refusal } from '../problems.ts';
import type { Api, PersonPrincipal } from '../server.ts';

const Params = Type.Object({ id: ConversationId }, { additionalProperties: false });
const LedgerParams = Type.Object(
  { id: ConversationId, seq: Type.String({ pattern: '^[1-9][0-9]{0,6}$' }) },
  { additionalProperties: false },
);
const entriesShown = 100;

/** What consultants and supervisors may ask. The client and the person come from the validated token only. */
export function peopleRoutes(desks: ClientDesks, now: () => number) {
  return (app: Api): void => {
    const tags = ['People'];

    app.get(
      paths.session,
      {
        schema: {
          tags,
          operationId: 'readSession',
          summary: 'Who I am and what this desk looks like',
          response: { 200: Session },
        },
      },
      async (request) => {
        const { desk, caller } = await open(request.caller);
        const { policy, replies, name } = desk.client();
        return {
          me: { id: caller.id, name: caller.name, roles: [...request.caller.roles] },
          client: { id: desk.id, name },
          presence: desk.presence.of({ id: caller.id, name: caller.name }),
          queues: policy.queues.map(({ id, name, warnAfter, dueAfter }) => ({ id, name, warnAfter, dueAfter })),
          outcomes: [...policy.outcomes],
          bots: desk.bots(),
          replies: [...replies],
          can: { consult: consults(caller), supervise: supervises(caller), administer: administers(caller) },
          serverTime: desk.now(),
        };
      },
    );

    app.put(
      paths.presence,
      {
        schema: {
          tags,
          operationId: 'choosePresence',
          summary: 'Go available or away',
          body: PresenceBody,
          response: { 200: Presence },
        },
      },
      async (request) => {
        const { desk, caller } = await open(request.caller);
        if (!consults(caller)) throw new Refusal('forbidden');
        return desk.presence.choose({ id: caller.id, name: caller.name }, request.body.state);
      },
    );

    app.get(
      paths.people,
      {
        schema: {
          tags,
          operationId: 'listPeople',
          summary: 'Colleagues with their presence',
          response: { 200: People },
        },
      },
      async (request) => {
        const { desk } = await open(request.caller);
        return { items: desk.presence.list() };
      },
    );

    app.get(
      paths.conversations,
      {
        schema: {
          tags,
          operationId: 'listConversations',
          summary: 'One of my lists',
          querystring: ConversationsQuery,
          response: { 200: ConversationPage },
        },
      },
      async (request) => {
        const { desk, caller } = await open(request.caller);
        const { view, cursor, limit = 100 } = request.query;
        // The cursor is taken first: a change between the two reads is seen twice rather than never.
        const changes = await desk.store.changeCursor();
        const page = await desk.store.list(filterOf(view, caller), {
          limit,
          ...(cursor === undefined ? {} : { cursor }),
        });
        return {
          items: page.items.filter((one) => reads(caller, one)),
          changes,
          ...(page.next === undefined ? {} : { next: page.next }),
        };
      },
    );

    app.get(
      paths.changes,
      {
        schema: {
          tags,
          operationId: 'listChanges',
          summary: 'What changed since a cursor',
          querystring: ChangesQuery,
          response: { 200: Changes },
        },
      },
      async (request) => {
        const { desk, caller } = await open(request.caller);
        const { items, cursor, more } = await desk.store.changes(request.query.since, request.query.limit ?? 200);
        return {
          items: items.filter((one) => reads(caller, one)),
          gone: items.filter((one) => !reads(caller, one)).map(({ id, version }) => ({ id, version })),
          changes: cursor,
          more,
        };
      },
    );

    app.get(
      paths.conversation(':id'),
      {
        schema: {
          tags,
          operationId: 'readConversation',
          summary: 'A conversation with its newest entries; the reading is audited',
          params: Params,
          response: { 200: ConversationView },
        },
      },
      async (request) => {
        const { desk, caller, conversation } = await readable(request.caller, request.params.id);
        await desk.store.audit({
          at: now(),
          by: { type: 'person', id: caller.id, name: caller.name },
          what: 'conversation.read',
          of: conversation.id,
        });
        const [entries, before, draft] = await Promise.all([
          desk.store.entries(conversation.id, { before: conversation.seq + 1, limit: entriesShown }),
          desk.store.ofUser(conversation.channel, conversation.user.id, 6),
          desk.store.document<Draft>('draft', draftKey(conversation.id, caller.id)),
        ]);
        const earlier = before
          .filter(({ id }) => id !== conversation.id)
          .slice(0, 5)
          .map(earlierOf);
        return {
          conversation,
          abilities: abilities(caller, conversation, desk.client().policy),
          entries,
          earlier,
          ...(draft ? { draft } : {}),
        };
      },
    );

    app.get(
      paths.entries(':id'),
      {
        schema: {
          tags,
          operationId: 'listEntries',
          summary: 'Entries by number',
          params: Params,
          querystring: EntriesQuery,
          response: { 200: EntryPage },
        },
      },
      async (request) => {
        const { desk, caller, conversation } = await readable(request.caller, request.params.id);
        const { after, before, limit = 100 } = request.query;
        if (after !== undefined && before !== undefined)
          throw new Refusal('validation', { detail: 'Ask for the entries after a number or before one, not both.' });
        await desk.store.audit({
          at: now(),
          by: { type: 'person', id: caller.id, name: caller.name },
          what: 'conversation.read',
          of: conversation.id,
        });
        const range = before === undefined ? { after: after ?? 0, limit } : { before, limit };
        return { conversation, entries: await desk.store.entries(conversation.id, range) };
      },
    );

    app.get(
      paths.ledger(':id', ':seq'),
      {
        schema: {
          tags,
          operationId: 'readLedger',
          summary: 'When a line was written, stored, tried, delivered and seen, as far as that is known',
          params: LedgerParams,
          response: { 200: EntryLedger },
        },
      },
      async (request) => {
        const { desk, conversation } = await readable(request.caller, request.params.id);
        const ledger = await ledgerOf(desk, conversation, Number(request.params.seq));
        if (!ledger) throw new Refusal('not-found');
        return ledger;
      },
    );

    for (const name of Object.keys(commandBodies) as CommandName[]) {
      app.post(
        paths.command(':id', name),
        {
          schema: {
            tags,
            operationId: name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()),
            summary: summaries[name],
            params: Params,
            body: commandBodies[name],
            response: { 200: CommandAnswer },
          },
        },
        async (request) => {
          // Not through readable(): a refusal by the rules tells more, and only to whom it may.
          const desk = desks.ready(request.caller.client) ?? (await desks.open(request.caller.client));
          const caller = callerAt(desk, request.caller);
          const command = toCommand(desk, name, request.body);
          const outcome = await desk.desk.execute(request.params.id, command, caller);
          if (name === 'reply' && outcome.ok) noteComposed(desk, outcome, request.body);
          if (!outcome.ok)
            throw new Refusal(
              outcome.code,
              outcome.code === 'not-found' ? {} : { holder: outcome.conversation.holder },
            );
          return {
            // A repetition shows the head of now, which the caller may have lost sight of.
            conversation:
              outcome.repeated && !reads(caller, outcome.conversation)
                ? wordless(outcome.conversation)
                : outcome.conversation,
            entries: outcome.entries,
            // The command itself may have changed how much the caller holds.
            abilities: abilities(
              desk.caller({ id: caller.id, name: caller.name }, request.caller.roles),
              outcome.conversation,
              desk.client().policy,
            ),
            ...(outcome.repeated ? { repeated: true as const } : {}),
          };
        },
      );
    }

    app.put(
      paths.draft(':id'),
      {
        schema: {
          tags,
          operationId: 'saveDraft',
          summary: 'Keep what I am writing',
          params: Params,
          body: DraftBody,
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        const { desk, caller, conversation } = await readable(request.caller, request.params.id);
        const key = draftKey(conversation.id, caller.id);
        if (request.body.text === '') await desk.store.deleteDocument('draft', key);
        else await desk.store.putDocument('draft', key, { ...request.body, savedAt: desk.now() } satisfies Draft);
        return reply.status(204).send(null);
      },
    );

    app.get(
      paths.overview,
      {
        schema: {
          tags: ['Supervisors'],
          operationId: 'readOverview',
          summary: 'How the queues stand now',
          response: { 200: Overview },
        },
      },
      async (request) => {
        const { desk, caller } = await open(request.caller);
        if (!supervises(caller)) throw new Refusal('forbidden');
        return overview(desk);
      },
    );

    async function open(principal: PersonPrincipal): Promise<{ desk: ClientDesk; caller: Caller }> {
      const desk = await desks.open(principal.client);
      return { desk, caller: callerAt(desk, principal) };
    }

    /** The one way to a conversation: what the caller may not read does not exist. */
    async function readable(principal: PersonPrincipal, id: string) {
      const { desk, caller } = await open(principal);
      const conversation = await desk.store.head(id);
      if (!conversation || !reads(caller, conversation)) throw new Refusal('not-found');
      return { desk, caller, conversation };
    }
  };
}

async function overview(desk: ClientDesk) {
  const people = desk.presence.list();
  const queues = await Promise.all(
    desk.client().policy.queues.map(async ({ id, name, warnAfter, dueAfter }) => {
      const [waiting, assigned, oldest] = await Promise.all([
        desk.store.count({ states: ['queued'], queues: [id] }),
        desk.store.count({ states: ['assigned'], queues: [id] }),
        desk.store.list({ states: ['queued'], queues: [id] }, { limit: 1 }),
      ]);
      const longest = oldest.items[0]?.holder.since;
      return {
        queue: { id, name, warnAfter, dueAfter },
        waiting,
        assigned,
        available: people.filter(
          (one) => one.state === 'available' && one.load < one.capacity && one.queues.includes(id),
        ).length,
        ...(longest === undefined ? {} : { longestWaitSince: longest }),
      };
    }),
  );
  return { queues, withBot: await desk.store.count({ states: ['with-bot'] }) };
}

function filterOf(view: 'waiting' | 'mine' | 'live', caller: Caller): ListFilter {
  switch (view) {
    case 'waiting':
      if (!consults(caller)) throw new Refusal('forbidden');
      return { states: ['queued'], queues: caller.queues };
    case 'mine':
      if (!consults(caller)) throw new Refusal('forbidden');
      return { states: ['assigned'], consultant: caller.id };
    case 'live':
      if (!supervises(caller)) throw new Refusal('forbidden');
      return { states: ['with-bot', 'queued', 'assigned'] };
  }
}

function callerAt(desk: ClientDesk, { id, name, roles }: PersonPrincipal): Caller {
  return desk.caller({ id, name }, roles);
}

function toCommand(desk: ClientDesk, name: CommandName, body: Record<string, unknown>): Command {
  if (name !== 'transfer') return { type: name, ...body } as unknown as Command;
  const to = body['to'] as { queue: string } | { person: string };
  if ('queue' in to) return { type: 'transfer', ...body } as unknown as Command;
  const person = desk.presence.list().find((one) => one.person.id === to.person)?.person;
  if (!person) throw new Refusal('unknown-person');
  return { type: 'transfer', ...body, to: { person } } as unknown as Command;
}

/** A head without anything that was said. */
function wordless({ last: _, ...head }: Conversation): Conversation {
  return { ...head, userLines: [] };
}

function earlierOf({ id, handoff, openedAt, updatedAt, holder, rating }: Conversation): Earlier {
  return {
    id,
    at: handoff?.requestedAt ?? openedAt,
    endedAt: handoff?.endedAt ?? updatedAt,
    ...(handoff ? { reason: handoff.reason } : {}),
    ...(handoff?.acceptedBy ? { consultant: handoff.acceptedBy.name } : {}),
    ...(holder.state === 'closed' ? { outcome: holder.outcome } : {}),
    ...(rating === undefined ? {} : { rating }),
  };
}

function draftKey(conversation: string, person: string): string {
  return `${conversation}:${person}`;
}

const summaries: Record<CommandName, string> = {
  claim: 'Take the conversation; of two, one wins and the other is told who',
  decline: 'Decline an offer',
  reply: 'Say something to the user',
  note: 'Write a note that only the desk sees',
  'retry-delivery': 'Try again to deliver what failed or waits for its next try',
  transfer: 'Give the conversation to a queue or a person',
  return: 'Give the conversation back to the bot',
  close: 'Close the conversation with an outcome',
};
