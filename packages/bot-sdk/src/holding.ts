import type { Turn, TurnsAnswer } from '@parley/contracts';
import { paths } from '@parley/contracts';
import type { Place } from './activity.ts';
import { backOff } from './desk.ts';
import type { Desk } from './desk.ts';
import { pause } from './errands.ts';
import type { Lanes } from './lanes.ts';
import type { Log } from './log.ts';
import { keyOf, takeFloor } from './memory.ts';
import type { Memory } from './memory.ts';
import type { BotSide } from './receiver.ts';

/** Keeps what users say to consultants while the desk is away, and brings it in order when the desk is back. */
export interface Holding {
  /** To be called within the conversation's lane. */
  hold(turns: readonly Turn[]): Promise<void>;
  /** Goes on with what an earlier run kept. */
  resume(): Promise<void>;
  close(): void;
}

/** Lines kept of one conversation; beyond that nobody reads them anyway, and the newest matter most. */
const capacity = 500;
const callMs = 10_000;
const defaultAway = {
  afterMs: 15_000,
  text: 'I cannot reach the service desk at the moment. Your messages are kept and will be passed on as soon as possible.',
};

export function createHolding<Reference>(parts: {
  desk: Desk;
  memory: Memory<Reference>;
  lanes: Lanes;
  log: Log;
  side: () => BotSide<Reference> | undefined;
  away: { readonly afterMs?: number; readonly text?: string };
}): Holding {
  const away = { ...defaultAway, ...parts.away };
  const bringing = new Set<string>();
  const stop = new AbortController();

  function bring(place: Place): void {
    const key = keyOf(place);
    if (bringing.has(key) || stop.signal.aborted) return;
    bringing.add(key);
    void deliver(place)
      .catch((error: unknown) =>
        parts.log('error', 'Held lines could not be read', { error: (error as Error).message }),
      )
      .finally(() => bringing.delete(key));
  }

  async function deliver(place: Place): Promise<void> {
    const told = pause(away.afterMs, stop.signal).then(() => tell(place));
    told.catch((error: unknown) =>
      parts.log('warn', 'The user could not be told that the desk is away', { error: (error as Error).message }),
    );
    for (let attempt = 1; !stop.signal.aborted; attempt += 1) {
      const step = await parts.lanes.run(keyOf(place), () => deliverOnce(place));
      if (step.done) {
        if (step.unanswered) await answer(place, step.unanswered);
        return;
      }
      if (step.progress) attempt = 0;
      else await pause(backOff(attempt, step.retryAfterMs), stop.signal);
    }
  }

  async function deliverOnce(place: Place): Promise<Step> {
    const { held } = await parts.memory.read(place);
    const batch = held.slice(0, 100);
    if (batch.length === 0) return { done: true };
    const reply = await parts.desk.post<TurnsAnswer>(paths.botTurns, { turns: batch }, callMs);
    if (!reply.ok && reply.retry)
      return {
        done: false,
        progress: false,
        ...(reply.retryAfterMs !== undefined && { retryAfterMs: reply.retryAfterMs }),
      };
    if (!reply.ok)
      parts.log('error', 'The desk refused held lines for good', { code: reply.code, lines: batch.length });
    const last = reply.ok ? reply.value.results.find((result) => result.id === batch.at(-1)?.id) : undefined;
    const sent = new Set(batch.map((turn) => turn.id));
    const now = await parts.memory.update(place, (memory) => {
      memory.held = memory.held.filter((turn) => !sent.has(turn.id));
      if (memory.held.length === 0) delete memory.told;
      if (last) takeFloor(memory, last.floor, last.seq);
    });
    if (now.held.length > 0) return { done: false, progress: true };
    const newest = batch.findLast((turn) => turn.speaker === 'user');
    return { done: true, ...(last?.floor === 'bot' && newest && { unanswered: newest }) };
  }

  /** The floor went back to the bot while the desk was away: what the user said last still waits for an answer. */
  async function answer(place: Place, turn: Turn): Promise<void> {
    const { reference } = await parts.memory.read(place);
    if (reference === undefined) return;
    await parts.side()?.resume?.(reference, turn);
  }

  async function tell(place: Place): Promise<void> {
    if (stop.signal.aborted || !bringing.has(keyOf(place))) return;
    const { held, told, reference } = await parts.memory.read(place);
    const side = parts.side();
    if (held.length === 0 || told || reference === undefined || !side?.notice) return;
    await parts.memory.update(place, (memory) => {
      memory.told = true;
    });
    await side.notice(reference, away.text);
  }

  return {
    async hold(turns) {
      const place = { channel: turns[0]!.channel, conversation: turns[0]!.conversation };
      await parts.memory.update(place, (memory) => {
        const known = new Set(memory.held.map((turn) => turn.id));
        const all = [...memory.held, ...turns.filter((turn) => !known.has(turn.id))];
        if (all.length > capacity)
          parts.log('error', 'Held lines of a conversation are dropped: the desk is away too long', { capacity });
        memory.held = all.slice(-capacity);
        // Lines are held only while a person has the floor, or had it when last heard of.
        memory.floor ??= 'human';
      });
      bring(place);
    },
    async resume() {
      for (const place of await parts.memory.holding()) bring(place);
    },
    close: () => stop.abort(),
  };
}

type Step =
  | { readonly done: true; readonly unanswered?: Turn }
  | { readonly done: false; readonly progress: boolean; readonly retryAfterMs?: number };
