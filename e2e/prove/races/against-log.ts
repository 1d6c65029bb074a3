import type { Entry } from '@parley/contracts';
import type { Call } from './register.ts';

export type Findings = {
  /** Acceptances of what somebody held. */
  doubleHolders: string[];
  /** Answers that the log does not bear out, and entries that nobody was told of. */
  unlogged: string[];
  /** Calls that the log has before one that had ended before they began. */
  backwards: string[];
};

/** Holds the answers of one conversation against its log: the log is the order, and the epoch its fence. */
export function againstLog(id: string, entries: readonly Entry[], calls: readonly Call[]): Findings {
  const findings: Findings = { doubleHolders: [], unlogged: [], backwards: [] };
  walk(id, entries, findings);

  const bySeq = new Map<number, Call>();
  for (const call of calls) {
    if (call.seq === undefined) continue;
    const entry = entries[call.seq - 1];
    if (entry?.kind !== kinds[call.op] || personOf(entry) !== call.who || entry.epoch !== call.epoch)
      findings.unlogged.push(`${call.who} was told that ${call.op} is entry ${call.seq} of ${id}`);
    if (bySeq.has(call.seq)) findings.unlogged.push(`Two calls were told that they are entry ${call.seq} of ${id}`);
    bySeq.set(call.seq, call);
  }
  for (const { seq, kind } of entries.slice(1))
    if (kind !== 'suppressed' && !bySeq.has(seq)) findings.unlogged.push(`Nobody was told of entry ${seq} of ${id}`);
  realTime(id, calls, findings);
  return findings;
}

/** Follows the holder and the epoch through the log. */
function walk(id: string, entries: readonly Entry[], { doubleHolders, unlogged }: Findings): void {
  let holder: string | undefined;
  let epoch = entries[0]?.epoch ?? 0;
  for (const entry of entries.slice(1)) {
    const raises = entry.kind !== 'message' && entry.kind !== 'suppressed';
    if (entry.epoch !== epoch + (raises ? 1 : 0))
      unlogged.push(`Entry ${entry.seq} of ${id} has epoch ${entry.epoch} after ${epoch}`);
    epoch = entry.epoch;
    switch (entry.kind) {
      case 'accepted':
        if (holder !== undefined)
          doubleHolders.push(`Entry ${entry.seq} of ${id}: ${entry.consultant.id} took what ${holder} held`);
        holder = entry.consultant.id;
        break;
      case 'transferred':
      case 'returned':
        if (holder !== undefined && holder !== personOf(entry))
          doubleHolders.push(`Entry ${entry.seq} of ${id}: ${personOf(entry)} gave away what ${holder} held`);
        holder = undefined;
        break;
      case 'message':
        if (holder !== personOf(entry))
          doubleHolders.push(
            `Entry ${entry.seq} of ${id}: ${personOf(entry)} spoke while ${holder ?? 'nobody'} held it`,
          );
        break;
      default:
        break;
    }
  }
}

/** What had ended when a call began comes before it: by number where both wrote, by epoch where it only saw. */
function realTime(id: string, calls: readonly Call[], { backwards }: Findings): void {
  const ended = calls.filter(({ seq }) => seq !== undefined).toSorted((a, b) => a.until - b.until);
  let seq = 0;
  let epoch = 0;
  let next = 0;
  for (const call of calls.toSorted((a, b) => a.from - b.from)) {
    for (; next < ended.length && ended[next]!.until < call.from; next++) {
      seq = Math.max(seq, ended[next]!.seq!);
      epoch = Math.max(epoch, ended[next]!.epoch!);
    }
    if (call.seq !== undefined && call.seq <= seq)
      backwards.push(`${call.who}'s ${call.op} is entry ${call.seq} of ${id}, and ${seq} had ended before`);
    if (call.saw < epoch)
      backwards.push(`${call.who}'s ${call.op} saw epoch ${call.saw} of ${id}, and ${epoch} had ended before`);
  }
}

function personOf({ by }: Entry): string {
  return by.type === 'person' ? by.id : by.type;
}

const kinds: Record<Call['op'], Entry['kind']> = {
  claim: 'accepted',
  transfer: 'transferred',
  return: 'returned',
  handoff: 'handoff-requested',
  reply: 'message',
};
