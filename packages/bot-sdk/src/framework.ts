import { randomUUID } from 'node:crypto';
import type { User } from '@parley/contracts';
import { placeOf, turnOf, userOf } from './activity.ts';
import type { AccountLike, ActivityLike, Place } from './activity.ts';
import { readWish } from './packet.ts';
import type { Parley } from './parley.ts';
import { messageId, isRecord } from './text.ts';
import { readTranscript } from './transcript.ts';
import { notesOf } from './turn-state.ts';
import type { TurnNotes } from './turn-state.ts';

/** The part of a turn context that botbuilder and the Microsoft 365 Agents SDK share. */
export interface TurnLike {
  readonly activity: ActivityLike;
  readonly turnState: object;
  onSendActivities(
    handler: (context: never, activities: never[], next: () => Promise<Sent[]>) => Promise<Sent[]>,
  ): unknown;
  onUpdateActivity(handler: (context: never, activity: never, next: () => Promise<never>) => Promise<never>): unknown;
}

export interface Sent {
  id?: string;
}

/** How the bot reaches a user later: the conversation reference of the last activity. */
export interface Reference {
  readonly user: AccountLike;
  readonly bot: AccountLike;
  readonly conversation: { readonly id: string };
  readonly channelId: string;
  readonly serviceUrl: string;
  readonly locale?: string;
}

export interface MiddlewareOptions {
  /** What the bot knows of the user beyond the channel's account, for instance after a sign-in. */
  readonly describeUser?: (activity: ActivityLike) => Partial<User> | undefined;
}

/** Names of events between the web chat and the bot, and of the Bot Framework's handoff events. */
export const eventNames = {
  seen: 'parley/seen',
  left: 'parley/left',
  rating: 'parley/rating',
  status: 'parley/status',
  initiate: 'handoff.initiate',
  handoffStatus: 'handoff.status',
} as const;

/** One turn: what the user did goes to the desk, and to the bot only while the bot holds the floor. */
export function turnRunner(
  parley: Parley<Reference>,
  options: MiddlewareOptions,
): (context: TurnLike, next: () => Promise<void>) => Promise<void> {
  const answered = new Set<string>();

  /** Channels repeat a message the bot was slow to answer; the bot is not to answer it twice. */
  return async (context, next) => {
    const { activity } = context;
    const place = placeOf(activity);
    const key =
      place && activity.type === 'message' && activity.id
        ? JSON.stringify([place.channel, place.conversation, activity.id])
        : undefined;
    const answer = async () => {
      if (key === undefined) return next();
      if (answered.has(key)) return;
      if (answered.size >= repeatsKept) answered.delete(answered.values().next().value!);
      answered.add(key);
      try {
        await next();
      } catch (error) {
        answered.delete(key);
        throw error;
      }
    };
    await runTurn(parley, options, context, answer);
  };
}

/** Messages remembered as answered. */
const repeatsKept = 10_000;

async function runTurn(
  parley: Parley<Reference>,
  options: MiddlewareOptions,
  context: TurnLike,
  next: () => Promise<void>,
): Promise<void> {
  const place = placeOf(context.activity);
  if (!place) return next();
  const notes = notesOf(context.turnState);
  const user = describe(context, options);
  watchSending(parley, context, place, user, notes);
  if (notes.own || isContinuation(context.activity)) return next();

  const reference = referenceOf(context.activity);
  if (reference) await parley.remember(place, reference, user);
  if (await isForBot(parley, context, place, user)) await next();
  if (notes.handoff && !notes.handoff.ok && !notes.handoffRead && reference) {
    const failed = {
      kind: 'status',
      seq: 0,
      id: `failed-${randomUUID()}`,
      at: Date.now(),
      state: 'failed',
      reason: notes.handoff.code,
    } as const;
    await parley.side()?.status(reference, failed, { shown: 0, advance: () => Promise.resolve() });
  }
}

async function isForBot(parley: Parley<Reference>, context: TurnLike, place: Place, user: User): Promise<boolean> {
  const { activity } = context;
  const id = messageId(activity.id ?? randomUUID());
  switch (activity.type) {
    case 'message': {
      const turn = turnOf(activity, { place, id, speaker: 'user', user });
      return (turn ? await parley.turn(turn) : await parley.floor(place)) === 'bot';
    }
    case 'typing':
      void parley.typing(place);
      return (await parley.floor(place)) === 'bot';
    case 'endOfConversation':
      parley.ended(place, id, 'user-left');
      return true;
    case 'event':
      return isEventForBot(parley, activity, place, id);
    case 'conversationUpdate':
      // Asked for now, the answer is here before the user has written.
      void parley.floor(place);
      return true;
    default:
      return true;
  }
}

function isEventForBot(parley: Parley<Reference>, activity: ActivityLike, place: Place, id: string): boolean {
  const value = isRecord(activity.value) ? activity.value : {};
  switch (activity.name) {
    case eventNames.seen:
      parley.seen(place, Number(value['seq']));
      return false;
    case eventNames.left:
      parley.ended(place, id, 'user-left');
      return false;
    case eventNames.rating: {
      const score = Number(value['score']);
      const comment = typeof value['comment'] === 'string' ? value['comment'].slice(0, 2_000) : undefined;
      if (Number.isInteger(score) && score >= 1 && score <= 5) parley.rated(place, id, score, comment);
      return false;
    }
    // Only the desk says what became of a handoff, and only by its signed callback: a user who sends this is not believed.
    case eventNames.handoffStatus:
    case eventNames.initiate:
    case eventNames.status:
      return false;
    default:
      return true;
  }
}

function watchSending(parley: Parley<Reference>, context: TurnLike, place: Place, user: User, notes: TurnNotes): void {
  context.onSendActivities(async (_context: never, outgoing: ActivityLike[], next) => {
    const all = [...outgoing];
    const sent: Sent[] = [];
    for (const activity of all) {
      // What is behind `next` sends what the list holds: one activity at a time keeps the order around a handoff.
      outgoing.splice(0, outgoing.length, activity);
      sent.push(await sendOne(activity, async () => (await next())[0] ?? {}));
    }
    outgoing.splice(0, outgoing.length, ...all);
    return sent;
  });
  context.onUpdateActivity(async (_context: never, _activity: never, next) => {
    if (notes.announces === undefined && (await parley.floor(place)) === 'human') return undefined as never;
    return next();
  });

  async function sendOne(activity: ActivityLike, send: () => Promise<Sent>): Promise<Sent> {
    if (notes.relay) return send();
    if (activity.type === 'event' && activity.name === eventNames.initiate) return initiate(activity);
    if (activity.type !== 'message' && activity.type !== 'typing' && activity.type !== 'endOfConversation')
      return send();
    const mayPass = notes.announces !== undefined || (await parley.floor(place)) === 'bot';
    if (activity.type === 'typing') return mayPass ? send() : {};
    if (activity.type === 'endOfConversation') {
      if (!mayPass) return {};
      parley.ended(place, messageId(`end-${context.activity.id ?? randomUUID()}`), 'bot-ended');
      return send();
    }
    return mayPass ? speak(activity, send) : suppress(activity);
  }

  async function speak(activity: ActivityLike, send: () => Promise<Sent>): Promise<Sent> {
    if (notes.skip) {
      notes.skip -= 1;
      return {};
    }
    if (notes.announces !== undefined) {
      const data = isRecord(activity.channelData) ? activity.channelData : {};
      activity.channelData = { ...data, parley: { announces: notes.announces } };
    }
    let response: Sent;
    try {
      response = await send();
    } catch (error) {
      notes.channelError = error;
      throw error;
    }
    record(activity, response.id || `bot-${randomUUID()}`);
    await notes.progress?.advance();
    return response;
  }

  function suppress(activity: ActivityLike): Sent {
    const id = `bot-${randomUUID()}`;
    record(activity, id);
    return { id };
  }

  function record(activity: ActivityLike, id: string): void {
    const announces = notes.announces === undefined ? {} : { announces: notes.announces };
    const turn = turnOf({ ...activity, timestamp: new Date() }, { place, id, speaker: 'bot', user, ...announces });
    if (turn) parley.said(turn);
  }

  async function initiate(activity: ActivityLike): Promise<Sent> {
    const id = messageId(`handoff-${context.activity.id ?? randomUUID()}`);
    const { packet, queue } = readWish(activity);
    const turns = readTranscript(activity, place, user);
    const result = await parley.handoff({ ...place, id, user, packet, turns, ...(queue !== undefined && { queue }) });
    notes.handoff = result;
    if (result.ok && result.answer.floor === 'human') notes.announces = result.answer.seq;
    return { id };
  }
}

function describe(context: TurnLike, options: MiddlewareOptions): User {
  const { activity } = context;
  return { ...userOf(activity.from, activity.locale), ...options.describeUser?.(activity) };
}

function isContinuation(activity: ActivityLike): boolean {
  return (
    activity.type === 'event' && (activity.name === 'ContinueConversation' || activity.name === 'CreateConversation')
  );
}

function referenceOf(activity: ActivityLike): Reference | undefined {
  const { from, recipient, conversation, channelId, serviceUrl, locale } = activity;
  // The bot's own arrival in a conversation names no user to speak to.
  if (!from?.id || !recipient?.id || from.id === recipient.id || !conversation?.id || !channelId || !serviceUrl)
    return undefined;
  if (activity.type === 'conversationUpdate') return undefined;
  return {
    user: from,
    bot: recipient,
    conversation: conversation as { id: string },
    channelId,
    serviceUrl,
    ...(locale && { locale }),
  };
}
