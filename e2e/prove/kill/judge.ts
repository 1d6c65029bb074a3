import { isOutbound, type Conversation, type Entry } from '@parley/contracts';
import type { Taken } from '../shared/receiver.ts';
import type { Acknowledged } from './journal.ts';
import { gist } from './screens.ts';

/** A conversation as the desk has it in the end. */
export type Transcript = { conversation: Conversation; entries: readonly Entry[] };

export type Verdict = {
  /** Acknowledged, and not where the sender was told it is. */
  lost: string[];
  /** There more than once. */
  doubled: string[];
  /** Numbers with gaps, senders' lines or deliveries out of order, screens that tell another story. */
  disordered: string[];
  /** Deliveries of what the bot's side had, from another process than the first. */
  redelivered: number;
};

/** Compares what the parties were told with what is there. Nothing the desk says of itself counts but its transcripts. */
export function judge({
  transcripts,
  acknowledged,
  taken,
  screens,
}: {
  transcripts: ReadonlyMap<string, Transcript>;
  acknowledged: readonly Acknowledged[];
  taken: ReadonlyMap<string, readonly Taken[]>;
  /** Each person's: by conversation, what stood at each number. */
  screens: readonly { who: string; shown: ReadonlyMap<string, ReadonlyMap<number, string>> }[];
}): Verdict {
  const verdict: Verdict = { lost: [], doubled: [], disordered: [], redelivered: 0 };
  const byId = new Map<string, Map<string, Entry>>();
  for (const [id, { entries }] of transcripts) byId.set(id, judgeTranscript(id, entries, verdict));
  judgeAcknowledged(acknowledged, byId, verdict);
  for (const [id, log] of taken) judgeDeliveries(id, log, transcripts.get(id), verdict);
  for (const [id, { entries }] of transcripts)
    if (!taken.has(id) && entries.some(isOutbound)) verdict.lost.push(`Nothing of ${id} reached the bot's side`);
  for (const { who, shown } of screens)
    for (const [id, lines] of shown) judgeScreen(who, id, lines, transcripts.get(id), verdict);
  return verdict;
}

function judgeTranscript(id: string, entries: readonly Entry[], { doubled, disordered }: Verdict): Map<string, Entry> {
  const byId = new Map<string, Entry>();
  const texts = new Set<string>();
  for (const [n, entry] of entries.entries()) {
    if (entry.seq !== n + 1) disordered.push(`Entry ${n + 1} of ${id} is numbered ${entry.seq}`);
    if (byId.has(entry.id)) doubled.push(`${entry.id} stands twice in ${id}`);
    byId.set(entry.id, entry);
    // Every line that is said here is unlike all others.
    if (!('text' in entry)) continue;
    if (texts.has(entry.text)) doubled.push(`"${entry.text}" was said twice in ${id}`);
    texts.add(entry.text);
  }
  return byId;
}

function judgeAcknowledged(
  acknowledged: readonly Acknowledged[],
  byId: ReadonlyMap<string, ReadonlyMap<string, Entry>>,
  { lost, disordered }: Verdict,
): void {
  const last = new Map<string, number>();
  for (const { conversation, sender, id, seq, text } of acknowledged) {
    const entry = byId.get(conversation)?.get(id);
    if (!entry) lost.push(`${sender} was told that ${id} is entry ${seq} of ${conversation}; it is not there`);
    else if (entry.seq !== seq)
      disordered.push(`${sender} was told ${seq} of ${id} in ${conversation}; it is ${entry.seq}`);
    else if (text !== undefined && (!('text' in entry) || entry.text !== text))
      lost.push(`${id} of ${conversation} no longer says "${text}"`);
    const lane = `${conversation} ${sender}`;
    if (seq <= (last.get(lane) ?? 0))
      disordered.push(`${sender} said ${id} of ${conversation} later than its number ${seq} tells`);
    last.set(lane, Math.max(seq, last.get(lane) ?? 0));
  }
}

function judgeDeliveries(
  id: string,
  log: readonly Taken[],
  transcript: Transcript | undefined,
  verdict: Verdict,
): void {
  const outbound = new Map((transcript?.entries ?? []).filter(isOutbound).map((entry) => [entry.seq, entry]));
  const first = new Map<number, Taken>();
  let highest = 0;
  for (const taken of log) {
    const { entry, life } = taken;
    const stored = outbound.get(entry.seq);
    const before = first.get(entry.seq);
    if (!stored || stored.id !== entry.id || ('text' in stored && 'text' in entry && stored.text !== entry.text))
      verdict.disordered.push(
        `The bot's side got ${entry.id} as entry ${entry.seq} of ${id}, which is not what is stored`,
      );
    if (!before) {
      if (entry.seq < highest) verdict.disordered.push(`Entry ${entry.seq} of ${id} was delivered after ${highest}`);
      first.set(entry.seq, taken);
      highest = Math.max(highest, entry.seq);
    } else if (before.life === life) {
      verdict.doubled.push(`One process delivered entry ${entry.seq} of ${id} twice`);
    } else verdict.redelivered += 1;
  }
  for (const seq of outbound.keys())
    if (!first.has(seq)) verdict.lost.push(`Entry ${seq} of ${id} never reached the bot's side`);
}

function judgeScreen(
  who: string,
  id: string,
  lines: ReadonlyMap<number, string>,
  transcript: Transcript | undefined,
  { disordered }: Verdict,
): void {
  for (const [seq, line] of lines) {
    const entry = transcript?.entries[seq - 1];
    if (!entry || gist(entry) !== line)
      disordered.push(`${who} saw "${line}" at ${seq} of ${id}; there is ${entry ? `"${gist(entry)}"` : 'nothing'}`);
  }
}
