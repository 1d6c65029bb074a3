import {
  paths,
  type Changes,
  type ChangesQuery,
  type CommandAnswer,
  type CommandBody,
  type CommandName,
  type ConversationPage,
  type ConversationsQuery,
  type ConversationView,
  type DraftBody,
  type EntryLedger,
  type EntriesQuery,
  type EntryPage,
  type ExportQuery,
  type Overview,
  type People,
  type Presence,
  type PresenceState,
  type Session,
  type TranscriptPage,
  type TranscriptsQuery,
} from '@parley/contracts';
import type { Call, Http, ReceivedFile } from './http.ts';

export type DeskApi = ReturnType<typeof createApi>;

/** One function per path of the people API. All of them throw DeskError. */
export function createApi(http: Http) {
  return {
    session: (call?: Given) => http<Session>(paths.session, { ...call }),
    setPresence: (state: PresenceState, call?: Given) =>
      http<Presence>(paths.presence, { method: 'PUT', body: { state }, ...call }),
    people: (call?: Given) => http<People>(paths.people, { ...call }),
    conversations: (query: ConversationsQuery, call?: Given) =>
      http<ConversationPage>(paths.conversations, { query, ...call }),
    changes: (query: ChangesQuery, call?: Given) => http<Changes>(paths.changes, { query, ...call }),
    conversation: (id: string, call?: Given) => http<ConversationView>(paths.conversation(id), { ...call }),
    entries: (id: string, query: EntriesQuery, call?: Given) => http<EntryPage>(paths.entries(id), { query, ...call }),
    command: <C extends CommandName>(id: string, command: C, body: CommandBody<C>, call?: Given) =>
      http<CommandAnswer>(paths.command(id, command), { method: 'POST', body, ...call }),
    ledger: (id: string, seq: number, call?: Given) => http<EntryLedger>(paths.ledger(id, seq), { ...call }),
    saveDraft: (id: string, body: DraftBody, call?: Given) =>
      http<unknown>(paths.draft(id), { method: 'PUT', body, ...call }),
    transcripts: (query: TranscriptsQuery, call?: Given) => http<TranscriptPage>(paths.transcripts, { query, ...call }),
    /** The export as the desk wrote it, with the name the desk gives the file. */
    export: (id: string, query: ExportQuery, call?: Given) =>
      http<ReceivedFile>(paths.export(id), { query, file: true, ...call }),
    overview: (call?: Given) => http<Overview>(paths.overview, { ...call }),
  };
}

type Given = Pick<Call, 'signal' | 'tries'>;
