import type { HolderState, TranscriptsQuery } from '@parley/contracts';

/** What is looked for, as the address has it. Days are `2026-03-01`, in the reader's time zone. */
export interface TranscriptSearch {
  /** The conversation that is open. */
  c?: string;
  text?: string;
  from?: string;
  to?: string;
  state?: HolderState;
  outcome?: string;
  /** Object id of somebody who holds it or ever held it. */
  consultant?: string;
  queue?: string;
  channel?: string;
  /** Only conversations that a human was asked for. */
  handoff?: true;
}

export const states: readonly HolderState[] = ['with-bot', 'queued', 'assigned', 'closed'];
export const longestText = 200;

/** Takes what it knows from an address that anybody may have typed, and drops the rest. */
export function transcriptSearchOf(search: Record<string, unknown>): TranscriptSearch {
  const text =
    typeof search['text'] === 'number' || typeof search['text'] === 'string'
      ? String(search['text']).trim().slice(0, longestText)
      : '';
  const { state, handoff } = search;
  return {
    ...matching('c', search, /^c_[0-9a-z]{26}$/),
    ...(text === '' ? {} : { text }),
    ...(isDay(search['from']) ? { from: search['from'] } : {}),
    ...(isDay(search['to']) ? { to: search['to'] } : {}),
    ...(states.includes(state as HolderState) ? { state: state as HolderState } : {}),
    ...matching('outcome', search, /^[a-z][a-z0-9-]{0,40}$/),
    ...matching('consultant', search, /^[0-9a-f-]{36}$/),
    ...matching('queue', search, /^[a-z][a-z0-9-]{0,40}$/),
    ...matching('channel', search, /^[a-z0-9-]{1,40}$/),
    ...(handoff === true || handoff === 'true' ? { handoff: true } : {}),
  };
}

/** What the desk is asked: days become the moments at which they begin and end here. */
export function queryOf({ c: _, from, to, ...rest }: TranscriptSearch): TranscriptsQuery {
  return {
    ...rest,
    ...(from === undefined ? {} : { from: dayStart(from, 0) }),
    ...(to === undefined ? {} : { to: dayStart(to, 1) - 1 }),
  };
}

/** Names of the filters that are set; the text is none of them. */
export function filtersOf(search: TranscriptSearch): (keyof TranscriptSearch)[] {
  return (Object.keys(search) as (keyof TranscriptSearch)[]).filter(
    (name) => name !== 'c' && name !== 'text' && search[name] !== undefined,
  );
}

/** The same search with one thing set, or left out for `undefined`. */
export function withFilter<K extends keyof TranscriptSearch>(
  search: TranscriptSearch,
  name: K,
  value: TranscriptSearch[K] | undefined,
): TranscriptSearch {
  const { [name]: _, ...rest } = search;
  return value === undefined ? rest : { ...rest, [name]: value };
}

/** Why nothing can be found at all, or undefined. */
export function contradiction({ text, from, to, state, outcome }: TranscriptSearch): string | undefined {
  if (from !== undefined && to !== undefined && from > to) return 'The first day is after the last.';
  if (outcome !== undefined && state !== undefined && state !== 'closed')
    return 'Only closed conversations have an outcome.';
  // The desk compares words; signs alone are none.
  if (text !== undefined && !/[\p{L}\p{N}]/u.test(text)) return 'Signs alone cannot be searched for. Type a word.';
  return undefined;
}

function isDay(value: unknown): value is string {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
  const date = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value) && date.getTime() >= 86_400_000;
}

/** Midnight here at the beginning of a day, or of the one `later` days after; not every day has 24 hours. */
function dayStart(day: string, later: number): number {
  const [year = 1970, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(year, month - 1, date + later).getTime();
}

function matching<K extends 'c' | 'outcome' | 'consultant' | 'queue' | 'channel'>(
  name: K,
  search: Record<string, unknown>,
  pattern: RegExp,
): Partial<Record<K, string>> {
  const value = search[name];
  return typeof value === 'string' && pattern.test(value) ? ({ [name]: value } as Record<K, string>) : {};
}
