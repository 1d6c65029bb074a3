import { isConsultants, noteOf } from '../line/activity.ts';
import type { Activity } from '../line/activity.ts';

/** Whom the user is talking to, as far as the lines so far tell. */
export type Floor =
  | { readonly with: 'bot' }
  | { readonly with: 'waiting' }
  | { readonly with: 'consultant'; readonly name: string };

export interface Talk {
  readonly floor: Floor;
  /** A consultant has finished and has not been rated. */
  readonly unrated: { readonly name: string | undefined } | undefined;
  /** Highest place in the desk's log that was shown, and that the desk was told of. */
  readonly shownSeq: number;
  readonly toldSeq: number;
  /** Highest place whose change of the floor was taken in. */
  readonly floorSeq: number;
  readonly left: boolean;
}

export const beginning: Talk = {
  floor: { with: 'bot' },
  unrated: undefined,
  shownSeq: 0,
  toldSeq: 0,
  floorSeq: 0,
  left: false,
};

/** Names of the events between this page and the bot's side. */
export const events = {
  seen: 'parley/seen',
  left: 'parley/left',
  rating: 'parley/rating',
  status: 'parley/status',
} as const;

/** What the desk's side says about the handoff. */
export interface Status {
  readonly seq: number;
  readonly state: string;
  readonly name: string | undefined;
}

/** @returns undefined for anything but a status of the handoff. */
export function statusOf(activity: Activity): Status | undefined {
  if (activity.type !== 'event' || activity.name !== events.status || activity.from?.role === 'user') return undefined;
  const { seq, state, consultant } = recordOf(activity.value);
  const { name } = recordOf(consultant);
  if (typeof state !== 'string') return undefined;
  return { seq: Number(seq) || 0, state, name: typeof name === 'string' ? name : undefined };
}

/** Takes in the next line. */
export function hear(talk: Talk, activity: Activity): Talk {
  if (activity.from?.role === 'user') return hearOwn(talk, activity);
  const status = statusOf(activity);
  if (status) return hearStatus(talk, status);
  const { seq = 0, name, announces } = noteOf(activity);
  if (isConsultants(activity) && name !== undefined) {
    return {
      ...talk,
      shownSeq: Math.max(talk.shownSeq, seq),
      ...(seq >= talk.floorSeq && { floor: { with: 'consultant', name } }),
    };
  }
  // A line of the bot about a handoff that no status has told of is about the request: the user waits from here on.
  if (typeof announces === 'number' && announces > talk.floorSeq && talk.floor.with === 'bot') {
    return { ...talk, floor: { with: 'waiting' }, floorSeq: announces };
  }
  return talk;
}

function hearStatus(talk: Talk, { seq, state, name }: Status): Talk {
  if (seq < talk.floorSeq) return talk;
  const next = { ...talk, floorSeq: seq };
  switch (state) {
    case 'accepted':
      return {
        ...next,
        floor: name === undefined ? { with: 'waiting' } : { with: 'consultant', name },
        unrated: undefined,
      };
    case 'transferred':
    case 'requeued':
      return { ...next, floor: { with: 'waiting' } };
    case 'completed':
      return {
        ...next,
        floor: { with: 'bot' },
        unrated: { name: name ?? (talk.floor.with === 'consultant' ? talk.floor.name : undefined) },
      };
    case 'failed':
      return { ...next, floor: { with: 'bot' } };
    default:
      return talk;
  }
}

/** What this page itself has said, perhaps before it was loaded again. */
function hearOwn(talk: Talk, activity: Activity): Talk {
  if (activity.type !== 'event') return talk;
  switch (activity.name) {
    case events.rating:
      return { ...talk, unrated: undefined };
    case events.left:
      return { ...talk, left: true };
    case events.seen:
      return { ...talk, toldSeq: Math.max(talk.toldSeq, Number(recordOf(activity.value)['seq']) || 0) };
    default:
      return talk;
  }
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
