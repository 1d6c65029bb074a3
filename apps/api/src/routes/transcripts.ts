import { ConversationId, ExportQuery, paths, TranscriptPage, TranscriptsQuery, type Entry } from '@parley/contracts';
import { refusal, supervises, type Store } from '@parley/core';
import { Type } from 'typebox';
import type { ClientDesks } from '../client-desk.ts';
import { exported } from '../export.ts';
import { Refusal } from '../problems.ts';
import type { Api, PersonPrincipal } from '../server.ts';

/** What supervisors may ask of what was kept. Every reading is audited before it is answered. */
export function transcriptRoutes(desks: ClientDesks, now: () => number) {
  return (app: Api): void => {
    const tags = ['Supervisors'];

    app.get(
      paths.transcripts,
      {
        schema: {
          tags,
          operationId: 'searchTranscripts',
          summary: 'Search what the desk has kept',
          querystring: TranscriptsQuery,
          response: { 200: TranscriptPage },
        },
      },
      async (request) => {
        const { desk, caller } = await open(request.caller);
        if (!supervises(caller)) throw new Refusal('forbidden');
        const { text: _, cursor: __, ...filters } = request.query;
        await desk.store.audit({
          at: now(),
          by: { type: 'person', id: caller.id, name: caller.name },
          what: 'transcripts.search',
          why: JSON.stringify(filters),
        });
        return desk.store.search({ ...request.query, limit: request.query.limit ?? 50 });
      },
    );

    app.get(
      paths.export(':id'),
      {
        schema: {
          tags,
          operationId: 'exportConversation',
          summary: 'A conversation as a file',
          params: Type.Object({ id: ConversationId }, { additionalProperties: false }),
          querystring: ExportQuery,
          response: { 200: Type.String() },
        },
        // The file is made here as text; the JSON serialiser must not quote it again.
        serializerCompiler: () => (data) => data as string,
      },
      async (request, reply) => {
        const { desk, caller } = await open(request.caller);
        const conversation = await desk.store.head(request.params.id);
        const code = conversation ? refusal(caller, 'export', conversation, desk.client().policy) : 'not-found';
        if (!conversation || code) throw new Refusal(code ?? 'not-found');
        const { format } = request.query;
        await desk.store.audit({
          at: now(),
          by: { type: 'person', id: caller.id, name: caller.name },
          what: 'conversation.export',
          of: conversation.id,
          why: format,
        });
        const file = exported(format, desk.id, conversation, await all(desk.store, conversation.id));
        return reply
          .header('content-type', file.type)
          .header('content-disposition', `attachment; filename="${file.name}"`)
          .send(file.body);
      },
    );

    async function open(principal: PersonPrincipal) {
      const desk = await desks.open(principal.client);
      return { desk, caller: desk.caller({ id: principal.id, name: principal.name }, principal.roles) };
    }
  };
}

async function all(store: Store, id: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (;;) {
    const page = await store.entries(id, { after: entries.at(-1)?.seq ?? 0, limit: 500 });
    if (page.length === 0) return entries;
    entries.push(...page);
  }
}
