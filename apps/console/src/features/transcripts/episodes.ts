import type { Conversation, Entry } from '@parley/contracts';

/** One time that a human was asked for, from the request to its end. Times in milliseconds since 1970. */
export interface Episode {
  n: number;
  seq: number;
  queue: string;
  reason: string;
  requestedAt: number;
  acceptedAt?: number;
  firstReplyAt?: number;
  endedAt?: number;
  /** Everybody who held it, in order, each once. */
  heldBy: string[];
  transfers: number;
}

/** The handoffs of a log, oldest first. Those before the first entry given are unknown. */
export function episodesOf(entries: readonly Entry[]): Episode[] {
  const episodes: Episode[] = [];
  let current: Episode | undefined;
  for (const entry of entries) {
    switch (entry.kind) {
      case 'handoff-requested':
        current = {
          n: entry.handoff,
          seq: entry.seq,
          queue: entry.queue,
          reason: entry.packet.reason,
          requestedAt: entry.at,
          heldBy: [],
          transfers: 0,
        };
        episodes.push(current);
        break;
      case 'accepted':
        if (current === undefined) {
          // Taken from the bot without a request; the request of any other is before the first entry given.
          if (entry.uninvited !== true) break;
          current = {
            n: (episodes.at(-1)?.n ?? 0) + 1,
            seq: entry.seq,
            queue: entry.queue,
            reason: '',
            requestedAt: entry.at,
            heldBy: [],
            transfers: 0,
          };
          episodes.push(current);
        }
        current.acceptedAt ??= entry.at;
        if (!current.heldBy.includes(entry.consultant.name)) current.heldBy.push(entry.consultant.name);
        break;
      case 'message':
        if (current !== undefined && entry.by.type === 'person') current.firstReplyAt ??= entry.at;
        break;
      case 'transferred':
        if (current !== undefined) current.transfers++;
        break;
      case 'returned':
      case 'closed':
        if (current !== undefined) current.endedAt = entry.at;
        current = undefined;
        break;
      default:
    }
  }
  return episodes;
}

/** The latest handoff as the head alone tells it, for when its request is not among the entries here. */
export function latestEpisode({ handoff, holder }: Conversation): Episode | undefined {
  if (handoff === undefined) return undefined;
  const { n, queue, reason, requestedAt, requestedSeq, acceptedAt, acceptedBy, firstReplyAt, endedAt } = handoff;
  const holds = holder.state === 'assigned' ? holder.consultant.name : acceptedBy?.name;
  return {
    n,
    seq: requestedSeq,
    queue,
    reason,
    requestedAt,
    heldBy: holds === undefined ? [] : [holds],
    transfers: 0,
    ...(acceptedAt === undefined ? {} : { acceptedAt }),
    ...(firstReplyAt === undefined ? {} : { firstReplyAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
  };
}

export interface Durations {
  /** Requested until accepted (speed to answer); until the end or now where nobody accepted. */
  waited: number;
  /** Whether it ended without anybody accepting. */
  abandoned: boolean;
  /** Requested until a consultant's first line to the user. */
  firstResponse?: number;
  /** Accepted until its end, or now while somebody holds it. */
  handled?: number;
}

/** The times of a handoff by their standard definitions, in milliseconds. */
export function durationsOf({ requestedAt, acceptedAt, firstReplyAt, endedAt }: Episode, now: number): Durations {
  const until = endedAt ?? now;
  return {
    waited: Math.max(0, (acceptedAt ?? until) - requestedAt),
    abandoned: acceptedAt === undefined && endedAt !== undefined,
    ...(firstReplyAt === undefined ? {} : { firstResponse: Math.max(0, firstReplyAt - requestedAt) }),
    ...(acceptedAt === undefined ? {} : { handled: Math.max(0, until - acceptedAt) }),
  };
}
