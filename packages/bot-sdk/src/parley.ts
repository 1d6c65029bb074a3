import type {
  Floor,
  FloorAnswer,
  HandoffAnswer,
  HandoffPacket,
  Turn,
  TurnResult,
  TurnsAnswer,
  User,
} from '@parley/contracts';
import { paths } from '@parley/contracts';
import type { Place } from './activity.ts';
import { createErrands } from './errands.ts';
import { createDesk } from './desk.ts';
import type { DeskReply } from './desk.ts';
import { readWish } from './packet.ts';
import { clean, messageId } from './text.ts';
import { createHolding } from './holding.ts';
import { createReceiver } from './receiver.ts';
import type { BotSide, Received } from './receiver.ts';
import { createLanes } from './lanes.ts';
import { consoleLog } from './log.ts';
import type { Log } from './log.ts';
import { createMemory, keyOf, takeFloor } from './memory.ts';
import { createRecorder } from './recorder.ts';
import type { RecorderStats } from './recorder.ts';
import { memoryStorage } from './storage.ts';
import type { ParleyStorage } from './storage.ts';
import { clientCredentials } from './tokens.ts';
import type { ClientCredentials, TokenSource } from './tokens.ts';
import { checkSecrets } from './webhook.ts';
import type { Headers_ } from './webhook.ts';

export interface ParleyOptions {
  /** Root of the desk: `https://desk.example`. */
  readonly url: string;
  /** The bot's app registration, or a source of tokens of your own. */
  readonly auth: ClientCredentials | TokenSource;
  /** `whsec_…` from the desk; two while one is being replaced. */
  readonly callbackSecret: string | readonly string[];
  /** Default: memory. Give {@link fileStorage} or the bot's own Storage, so that a restarted bot still reaches its users. */
  readonly storage?: ParleyStorage;
  readonly log?: Log;
  /** What the user reads when the desk cannot be reached while a person holds the conversation. */
  readonly away?: { readonly afterMs?: number; readonly text?: string };
  /** How long calls may take that a turn waits for, in milliseconds. Channels give a bot 15 seconds in all. */
  readonly timeouts?: { readonly turn?: number; readonly floor?: number; readonly handoff?: number };
  /** Recording in the background: how long a line waits for company, and how many are kept while the desk is away. */
  readonly recording?: { readonly delayMs?: number; readonly capacity?: number };
}

export interface HandoffRequest extends Place {
  /** Names the request: asking again under the same id changes nothing. */
  readonly id: string;
  readonly user: User;
  readonly packet: HandoffPacket;
  /** A wish. When the desk has no such queue, its own routing decides. */
  readonly queue?: string;
  /** Earlier lines, for instance from a transcript; those the desk has already are dropped. */
  readonly turns?: readonly Turn[];
}

export type HandoffResult =
  /** The answer's `seq` is what the bot's lines about the handoff announce. */
  | { readonly ok: true; readonly answer: HandoffAnswer }
  /** Code of the desk, or `unreachable` or `timeout`. The desk may still have taken the request in; then its callback says so. */
  | { readonly ok: false; readonly code: string };

/**
 * The desk as a bot sees it, whatever framework the bot is written with.
 * `Reference` is what the bot's side needs to reach a user later; it must survive JSON.
 */
export interface Parley<Reference = unknown> {
  /**
   * Takes in a line of the user and says who speaks next. While the bot holds the floor this asks nobody; while a person
   * holds it, it is one call to the desk. `human`: say nothing. Never rejects.
   */
  turn(turn: Turn): Promise<Floor>;
  /** Takes in a line of the bot, also one that was held back because a person holds the floor. Never waits. */
  said(turn: Turn): void;
  /** Asks for a person. Tries until it succeeds, is refused, or the time is over. Never rejects. */
  handoff(request: HandoffRequest): Promise<HandoffResult>;
  /** Who holds the floor, as far as known here; asks the desk when nothing is known. Never rejects. */
  floor(place: Place): Promise<Floor>;
  /** How the user can be reached from now on. */
  remember(place: Place, reference: Reference, user: User): Promise<void>;
  /** The user is writing. Told to the desk at most every two seconds, and only while a person holds the floor. */
  typing(place: Place): Promise<void>;
  /** The user's device has shown everything up to `seq`. */
  seen(place: Place, seq: number): void;
  /** The conversation is over on the bot's side. */
  ended(place: Place, id: string, reason: 'user-left' | 'bot-ended'): void;
  rated(place: Place, id: string, score: number, comment?: string): void;
  /** Takes in a callback of the desk. The answer is to be given as it is. Never rejects. */
  receive(headers: Headers_, rawBody: Uint8Array | string, side?: BotSide<Reference>): Promise<Received>;
  /** Whom to tell what does not come by a callback: that the desk is away, that it is back, that a handoff failed. */
  attach(side: BotSide<Reference>): void;
  /** The side given to {@link Parley.attach}. */
  side(): BotSide<Reference> | undefined;
  readonly log: Log;
  stats(): RecorderStats;
  /** Sends what waits, for at most `ms` milliseconds (default 5,000), and stops. */
  close(ms?: number): Promise<void>;
}

const callMs = 10_000;

/**
 * Connects a bot to its desk. Starts nothing but timers for what waits to be sent.
 * @throws when a setting is missing or malformed.
 */
export function createParley<Reference = unknown>(options: ParleyOptions): Parley<Reference> {
  if (!URL.canParse(options.url))
    throw new Error(
      `Parley: url must be the root of the desk, like https://desk.example. It is ${JSON.stringify(options.url)}.`,
    );
  const secrets = [options.callbackSecret].flat();
  checkSecrets(secrets);
  const log = options.log ?? consoleLog;
  const desk = createDesk(options.url, 'get' in options.auth ? options.auth : clientCredentials(options.auth));
  const memory = createMemory<Reference>(options.storage ?? memoryStorage());
  const lanes = createLanes();
  const times = { turn: 5_000, floor: 1_000, handoff: 8_000, ...options.timeouts };
  const recorder = createRecorder({
    desk,
    onResult,
    log,
    delayMs: options.recording?.delayMs ?? 200,
    capacity: options.recording?.capacity ?? 10_000,
  });
  const errands = createErrands({ desk, log });
  let attached: BotSide<Reference> | undefined;
  const side = () => attached;
  const holding = createHolding({ desk, memory, lanes, log, side, away: options.away ?? {} });
  const receiver = createReceiver({ memory, secrets, log });
  const typed = new Map<string, number>();

  function onResult(turn: Turn, result: TurnResult): void {
    if (result.outcome === 'refused') log('warn', 'The desk refused a line', { code: result.code });
    // A line of the bot about a handoff says nothing new of the floor.
    if (turn.announces !== undefined) return;
    void noteFloor(turn, result);
  }

  async function noteFloor(place: Place, { floor, seq }: TurnResult): Promise<void> {
    // Most answers say what is known, and need no writing.
    await quietly(memory.update(place, (state) => (state.floor === floor ? false : takeFloor(state, floor, seq))));
  }

  async function quietly<T>(work: Promise<T>): Promise<T | undefined> {
    try {
      return await work;
    } catch (error) {
      log('error', 'The storage of the bot failed', { error: (error as Error).message });
      return undefined;
    }
  }

  async function floor(place: Place): Promise<Floor> {
    const known = (await quietly(memory.read(place)))?.floor;
    if (known) return known;
    // A bot whose desk is away answers by itself rather than making every new user wait.
    if (desk.seemsDown()) return 'bot';
    const query = new URLSearchParams({ channel: place.channel, conversation: place.conversation });
    const reply = await desk.get<FloorAnswer>(`${paths.botFloor}?${query.toString()}`, times.floor);
    if (!reply.ok && reply.status !== 404) return 'bot';
    const [answer, seq] = reply.ok ? [reply.value.floor, reply.value.seq] : (['bot', 0] as const);
    const now = await quietly(memory.update(place, (state) => (state.floor ? false : takeFloor(state, answer, seq))));
    return now?.floor ?? answer;
  }

  async function ask(turn: Turn): Promise<Floor> {
    const held = (await quietly(memory.read(turn)))?.held ?? [];
    if (held.length > 0) return hold([turn]);
    const taken = recorder.take(turn).filter((line) => line.id !== turn.id);
    const before = await sendOlder(taken, 99, times.turn);
    const reply = await sendTurns([...before, turn], times.turn);
    if (reply.ok) return answerTo(turn, reply.value);
    if (reply.retry) return hold([...before, turn]);
    // One of the earlier lines may be what the desk does not take; it must not cost the user's.
    recorder.putBack(before);
    const alone = before.length > 0 ? await sendTurns([turn], times.turn) : reply;
    if (alone.ok) return answerTo(turn, alone.value);
    if (alone.retry) return hold([turn]);
    log('error', 'The desk refused a line of the user for good', { code: alone.code, status: alone.status });
    return 'human';
  }

  async function answerTo(turn: Turn, { results }: TurnsAnswer): Promise<Floor> {
    const result = results.find((candidate) => candidate.id === turn.id);
    if (!result) return 'human';
    await noteFloor(turn, result);
    return result.floor;
  }

  function sendTurns(turns: readonly Turn[], timeoutMs: number): Promise<DeskReply<TurnsAnswer>> {
    return desk.post<TurnsAnswer>(paths.botTurns, { turns }, timeoutMs);
  }

  /** Brings the oldest of many waiting lines to the desk, so that the rest fits into one call. @returns the rest. */
  async function sendOlder(turns: readonly Turn[], limit: number, timeoutMs: number): Promise<Turn[]> {
    let rest = [...turns];
    while (rest.length > limit) {
      const batch = rest.slice(0, Math.min(100, rest.length - limit));
      const reply = await sendTurns(batch, timeoutMs);
      if (!reply.ok) recorder.putBack(batch);
      rest = rest.slice(batch.length);
    }
    return rest;
  }

  async function hold(turns: readonly Turn[]): Promise<Floor> {
    await quietly(holding.hold(turns));
    return 'human';
  }

  async function handoff(request: HandoffRequest): Promise<HandoffResult> {
    const { channel, conversation, user, queue } = request;
    const deadline = Date.now() + times.handoff;
    const left = () => Math.max(1, deadline - Date.now());
    const pending = await sendOlder(recorder.take(request), 100, left());
    const pendingIds = new Set(pending.map((turn) => turn.id));
    const earlier = (request.turns ?? []).map(fitTurn).filter((turn) => !pendingIds.has(turn.id));
    const { packet } = readWish({ value: request.packet });
    const body = { channel, conversation, id: messageId(request.id), user, packet };
    let turns = [...earlier, ...pending].slice(-100);
    let wish: { queue?: string } = queue === undefined ? {} : { queue };
    for (let attempt = 1; ; attempt += 1) {
      const reply = await desk.post<HandoffAnswer>(paths.botHandoffs, { ...body, ...wish, turns }, left());
      if (reply.ok) {
        const answer = reply.value;
        await quietly(memory.update(request, (state) => takeFloor(state, answer.floor, answer.seq)));
        return { ok: true, answer };
      }
      if (reply.code === 'unknown-queue' && wish.queue !== undefined) {
        log('warn', 'The desk has no such queue; its own routing decides', { queue: wish.queue });
        wish = {};
        continue;
      }
      if (reply.status === 400 && turns.length > 0) {
        // A person matters more than a line the desk does not take.
        recorder.putBack(pending);
        pending.length = 0;
        turns = [];
        continue;
      }
      const pause = patience(attempt, reply.retryAfterMs);
      if (!reply.retry || Date.now() + pause >= deadline) {
        recorder.putBack(pending);
        log('error', 'The handoff failed', { code: reply.code, status: reply.status });
        return { ok: false, code: reply.code };
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  void quietly(holding.resume());

  return {
    turn(given) {
      const turn = fitTurn(given);
      return lanes.run(keyOf(turn), async () => {
        if ((await floor(turn)) === 'human') return ask(turn);
        recorder.record(turn);
        return 'bot';
      });
    },
    said: (turn) => recorder.record(fitTurn(turn)),
    // In the lane of the user's lines: what is said while the handoff is under way waits for its outcome.
    handoff: (request) => lanes.run(keyOf(request), () => handoff(request)),
    floor,
    async remember(place, reference, user) {
      await quietly(
        memory.update(place, (state) => {
          if (
            JSON.stringify(state.reference) === JSON.stringify(reference) &&
            JSON.stringify(state.user) === JSON.stringify(user)
          )
            return false;
          state.reference = reference;
          state.user = user;
          return undefined;
        }),
      );
    },
    async typing(place) {
      const key = keyOf(place);
      if (Date.now() - (typed.get(key) ?? 0) < 2_000) return;
      if ((await quietly(memory.read(place)))?.floor !== 'human') return;
      if (typed.size > 10_000) typed.clear();
      typed.set(key, Date.now());
      await desk.post(
        paths.botSignals,
        { channel: place.channel, conversation: place.conversation, kind: 'typing' },
        callMs,
      );
    },
    seen: (place, seq) => errands.seen(place, seq),
    ended: (place, id, reason) =>
      errands.run(
        paths.botEndings,
        { channel: place.channel, conversation: place.conversation, id, reason },
        recorder.settled(place),
      ),
    rated: (place, id, score, comment) =>
      errands.run(paths.botRatings, {
        channel: place.channel,
        conversation: place.conversation,
        id,
        score,
        ...(comment && { comment }),
      }),
    receive(headers, rawBody, given) {
      return receiver.receive(headers, rawBody, given ?? attached);
    },
    attach(given) {
      attached = given;
    },
    side,
    log,
    stats: recorder.stats,
    async close(ms = 5_000) {
      holding.close();
      await Promise.all([recorder.close(ms), errands.close(ms)]);
    },
  };
}

function fitTurn(turn: Turn): Turn {
  return { ...turn, id: messageId(turn.id), text: clean(turn.text, 16_000) || '…' };
}

/** In a turn the user waits: shorter pauses than in the background. */
function patience(attempt: number, retryAfterMs = 0): number {
  return Math.max(retryAfterMs, Math.min(2_000, 200 * 2 ** attempt) * (0.5 + Math.random() / 2));
}
