import { isDeepStrictEqual } from 'node:util';
import { paths, type ConversationView, type Entry, type EntryPage } from '@parley/contracts';
import { compare, describe, isEqual, type Line } from './comparer.ts';
import type { Played } from './play.ts';

/** What a supervisor reads of a conversation afterwards, in the three ways there are. */
export type Transcript = { view: Entry[]; paged: Entry[]; exported: Entry[] };

export type Verdict = { equal: boolean; lost: number; duplicated: number; complaints: string[] };

/** Reads a conversation back as a supervisor: as it is opened, page by page, and as an exported file. */
export async function readBack({ crew, conversation }: Played): Promise<Transcript> {
  if (conversation === undefined) return { view: [], paged: [], exported: [] };
  const { supervisor } = crew;
  const { entries: view } = await supervisor.get<ConversationView>(paths.conversation(conversation));
  const paged: Entry[] = [];
  for (;;) {
    const after = paged.at(-1)?.seq ?? 0;
    const page = await supervisor.get<EntryPage>(`${paths.entries(conversation)}?after=${after}&limit=${pageSize}`);
    if (page.entries.length === 0) break;
    paged.push(...page.entries);
    if (paged.length > 10_000) throw new Error(`The pages of ${conversation} do not end.`);
  }
  const { entries: exported } = await supervisor.get<{ entries: Entry[] }>(`${paths.export(conversation)}?format=json`);
  return { view, paged, exported };
}

/** Small, so that most transcripts take several pages. */
const pageSize = 7;

/**
 * Compares a dialogue with everything that was seen of it: the transcript in all its forms, the consultant's screen on
 * arrival and at the end, and the replies at the bot's callback.
 */
export function judge(played: Played, { view, paged, exported }: Transcript): Verdict {
  const { half, history, screen, received } = played;
  const said = spoken(played);
  const verdict: Verdict = { equal: true, lost: 0, duplicated: 0, complaints: [] };

  const check = (where: string, expected: Line[], read: Line[]) => {
    const differences = compare(expected, read);
    if (isEqual(differences)) return;
    verdict.lost += differences.lost.length;
    verdict.duplicated += differences.doubled.length;
    complain(...describe(differences).map((what) => `${where}: ${what}`));
  };
  const complain = (...complaints: string[]) => {
    verdict.equal = false;
    verdict.complaints.push(...complaints);
  };

  if (played.trouble !== undefined) complain(`not played to its end: ${played.trouble}`);
  check('transcript', said, linesOf(paged));
  if (history) check('history on arrival', said.slice(0, half), linesOf(history));
  if (screen) check('consultant’s screen', said, linesOf(screen));
  if (received) {
    const replies = said.slice(half).filter(({ by }) => by === 'consultant');
    check(
      'callback',
      replies,
      received.map((text) => ({ by: 'consultant', text })),
    );
  }

  const misnumbered = paged.findIndex(({ seq }, n) => seq !== n + 1);
  if (misnumbered >= 0) complain(`transcript: entry ${misnumbered + 1} has the number ${paged[misnumbered]?.seq}`);
  if (new Set(paged.map(({ id }) => id)).size < paged.length) complain('transcript: two entries have the same id');
  if (view.length === 0 || !isDeepStrictEqual(view, paged.slice(-view.length)))
    complain('the conversation as it is opened differs from its pages');
  if (!isDeepStrictEqual(exported, paged)) complain('the exported file differs from the pages');
  return verdict;
}

/** The dialogue as it is to be found: bot turns after the handoff are the consultant's. */
function spoken({ dialogue, half }: Played): Line[] {
  return dialogue.turns.map(({ speaker, text }, k) => ({
    by: speaker === 'bot' && k >= half ? 'consultant' : speaker,
    text,
  }));
}

function linesOf(entries: readonly Entry[]): Line[] {
  return entries.flatMap((entry) => {
    if (entry.kind !== 'message') return [];
    const { type } = entry.by;
    return [{ by: type === 'person' || type === 'desk' ? ('consultant' as const) : type, text: entry.text }];
  });
}
