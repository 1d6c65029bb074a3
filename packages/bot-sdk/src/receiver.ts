import type { Floor, OutboundEntry } from '@parley/contracts';
import type { Place } from './activity.ts';
import { createLanes } from './lanes.ts';
import type { Log } from './log.ts';
import { keyOf, takeFloor } from './memory.ts';
import type { Memory } from './memory.ts';
import { isRecord } from './text.ts';
import { verifyCallback } from './webhook.ts';
import type { Headers_ } from './webhook.ts';

export type ConsultantLine = Extract<OutboundEntry, { kind: 'message' }>;
export type HandoffStatus = Extract<OutboundEntry, { kind: 'status' }>;

/** How far the showing of one status has come, so that a repetition does not say the first lines again. */
export interface Progress {
  /** Lines an earlier, broken attempt has shown. */
  readonly shown: number;
  /** To be called after each line the channel has taken. */
  advance(): Promise<void>;
}

/** The way from the desk to the user, through the bot. What rejects is tried again by the desk later. */
export interface BotSide<Reference> {
  /** Shows a consultant's line; resolves when the channel has taken it. */
  show(reference: Reference, line: ConsultantLine): Promise<void>;
  /** Tells the bot what became of the handoff; resolves when the channel has taken what the bot says about it. */
  status(reference: Reference, status: HandoffStatus, progress: Progress): Promise<void>;
  typing?(reference: Reference, from: { readonly name: string }): Promise<void>;
  /** Says something in the bot's name that is not the bot's own doing. */
  notice?(reference: Reference, text: string): Promise<void>;
  /** Lets the bot answer a line of the user that came while the desk was away. */
  resume?(reference: Reference, turn: { readonly id: string; readonly text: string }): Promise<void>;
}

/** The answer to a callback. */
export interface Received {
  readonly status: number;
  readonly body: { readonly code: string };
}

/** Bytes of a callback's body. */
export const bodyLimit = 8 * 1024 * 1024;

export function createReceiver<Reference>({
  memory,
  secrets,
  log,
}: {
  memory: Memory<Reference>;
  secrets: readonly string[];
  log: Log;
}) {
  const lanes = createLanes();
  /** What the channel has taken in this run: a storage that fails right after must not have it shown again. */
  const taken = new Map<string, number>();

  async function deliver(
    place: Place,
    floor: Floor,
    entries: readonly OutboundEntry[],
    side: BotSide<Reference>,
  ): Promise<Received> {
    const key = keyOf(place);
    const { reference, shownSeq } = await memory.read(place);
    let shown = Math.max(shownSeq, taken.get(key) ?? 0);
    const fresh = entries
      .toSorted((left, right) => left.seq - right.seq)
      .filter((entry, n, all) => entry.seq > shown && entry.seq !== all[n - 1]?.seq);
    if (fresh.length === 0) {
      // The answer to this means that it is kept for good.
      if (shown > shownSeq) await keep(place, shown);
      return answer(200, 'shown-before');
    }
    if (reference === undefined) return answer(503, 'user-unknown');
    for (const entry of fresh) {
      try {
        await showOne(place, reference, entry, side);
      } catch (error) {
        log('warn', 'The channel did not take a line', { seq: entry.seq, error: (error as Error).message });
        return answer(502, 'channel-refused');
      }
      shown = entry.seq;
      if (taken.size >= 10_000) taken.clear();
      taken.set(key, shown);
      await keep(place, shown);
      taken.delete(key);
    }
    await memory.update(place, (state) => takeFloor(state, floor, fresh.at(-1)!.seq));
    return answer(200, 'shown');
  }

  async function keep(place: Place, seq: number): Promise<void> {
    await memory.update(place, (state) => {
      state.shownSeq = Math.max(state.shownSeq, seq);
      delete state.begun;
    });
  }

  async function showOne(
    place: Place,
    reference: Reference,
    entry: OutboundEntry,
    side: BotSide<Reference>,
  ): Promise<void> {
    if (entry.kind === 'message') return side.show(reference, entry);
    const state = await memory.update(place, (known) =>
      takeFloor(known, entry.state === 'completed' || entry.state === 'failed' ? 'bot' : 'human', entry.seq),
    );
    const shown = state.begun?.seq === entry.seq ? state.begun.lines : 0;
    let lines = shown;
    await side.status(reference, entry, {
      shown,
      async advance() {
        lines += 1;
        const count = lines;
        await memory.update(place, (known) => {
          known.begun = { seq: entry.seq, lines: count };
        });
      },
    });
  }

  async function typing(place: Place, from: { name: string }, side: BotSide<Reference>): Promise<void> {
    const { reference } = await memory.read(place);
    if (reference !== undefined) await side.typing?.(reference, from);
  }

  return {
    async receive(
      headers: Headers_,
      rawBody: Uint8Array | string,
      side: BotSide<Reference> | undefined,
    ): Promise<Received> {
      if (rawBody.length > bodyLimit) return answer(413, 'payload-too-large');
      const verified = verifyCallback(headers, rawBody, secrets);
      if (!verified.ok) {
        log('warn', 'A callback was refused', { reason: verified.reason });
        return answer(401, 'signature');
      }
      const body = readBody(rawBody);
      if (!body) return answer(400, 'validation');
      if (!side) return answer(503, 'no-bot');
      if (body.type === 'conversation.typing') {
        typing(body.place, body.from, side).catch((error: unknown) =>
          log('info', 'Typing was not shown', { error: (error as Error).message }),
        );
        return answer(202, 'accepted');
      }
      try {
        return await lanes.run(keyOf(body.place), () => deliver(body.place, body.floor, body.entries, side));
      } catch (error) {
        log('error', 'A callback failed', { error: (error as Error).message });
        return answer(500, 'internal');
      }
    },
  };
}

function answer(status: number, code: string): Received {
  return { status, body: { code } };
}

/**
 * Reads what the signature vouches for. Unknown members are passed over and unknown kinds of entries dropped, so that a newer
 * desk does not stop an older bot.
 */
function readBody(rawBody: Uint8Array | string): Body | undefined {
  let value: unknown;
  try {
    value = JSON.parse(typeof rawBody === 'string' ? rawBody : Buffer.from(rawBody).toString('utf8'));
  } catch {
    return undefined;
  }
  if (!isRecord(value) || typeof value['channel'] !== 'string' || typeof value['conversation'] !== 'string')
    return undefined;
  const place = { channel: value['channel'], conversation: value['conversation'] };
  if (value['type'] === 'conversation.typing') {
    const from = isRecord(value['from']) && typeof value['from']['name'] === 'string' ? value['from']['name'] : '';
    return { type: 'conversation.typing', place, from: { name: from } };
  }
  const { floor, entries } = value;
  if (value['type'] !== 'conversation.entries' || (floor !== 'bot' && floor !== 'human') || !Array.isArray(entries))
    return undefined;
  if (
    !entries.every(
      (entry) => isRecord(entry) && Number.isSafeInteger(entry['seq']) && typeof entry['kind'] === 'string',
    )
  )
    return undefined;
  return { type: 'conversation.entries', place, floor, entries: (entries as OutboundEntry[]).filter(isKnown) };
}

function isKnown(entry: OutboundEntry): boolean {
  return entry.kind === 'message'
    ? typeof entry.text === 'string'
    : entry.kind === 'status' && typeof entry.state === 'string';
}

type Body =
  | { readonly type: 'conversation.typing'; readonly place: Place; readonly from: { readonly name: string } }
  | {
      readonly type: 'conversation.entries';
      readonly place: Place;
      readonly floor: Floor;
      readonly entries: readonly OutboundEntry[];
    };
