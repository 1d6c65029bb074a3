import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Activity, ChannelAccount, ChannelActivity } from './activity.ts';
import { botAccount } from './bots.ts';
import type { BotLine, ChannelBot, Delivery } from './bots.ts';
import type { Conversation, Conversations, Line } from './conversations.ts';
import { ChannelProblem } from './problems.ts';

/** How far a person's message got: `sent` until the bot answers. */
export type DeliveryState = 'sent' | 'delivered' | 'failed';

/** Personal chats in a Teams-like channel, without HTTP. */
export interface TeamsChannel {
  /** The chat of a person with a bot; the first time, the bot hears that it was added. */
  open(bot: ChannelBot, person: TeamsPerson, id?: string): Conversation;
  /** Keeps what the person says and sends it to the bot in the background, again and again until it answers. */
  say(conversation: Conversation, message: TeamsMessage): ChannelActivity;
  /** Takes in what the bot says. @throws ChannelProblem 400 for what Teams cannot show, such as events. */
  accept(conversation: Conversation, bot: ChannelBot, activity: Activity): string;
  /** @throws ChannelProblem 404, or 403 for what a person said. */
  edit(conversation: Conversation, activityId: string, activity: Activity): Line;
  /** @throws ChannelProblem 404, or 403 for what a person said. */
  remove(conversation: Conversation, activityId: string): void;
  /** Undefined for what the bot said. */
  deliveryOf(activityId: string): DeliveryState | undefined;
}

export interface TeamsPerson {
  readonly name: string;
  /** Object id in the tenant; derived from the name when left out. */
  readonly aadObjectId?: string;
}

export interface TeamsMessage {
  readonly text: string;
  readonly locale?: string;
  /** Data of a pressed card button. */
  readonly value?: unknown;
}

export interface TeamsTiming {
  /** Milliseconds without an answer after which the same activity goes out again. */
  readonly resendAfterMs: number;
  /** How often an activity is sent at most. */
  readonly attempts: number;
}

const shown = new Set(['message', 'typing', 'messageReaction', 'invokeResponse']);

export function createTeamsChannel(parts: {
  conversations: Conversations;
  line: BotLine;
  bots: readonly ChannelBot[];
  now: () => number;
  timing: TeamsTiming;
}): TeamsChannel {
  const { conversations, line, timing } = parts;
  const deliveries = new Map<string, DeliveryState>();
  let lastId = 0;

  /** Teams names activities by the time they were sent, in milliseconds. */
  function nextId(): string {
    lastId = Math.max(parts.now(), lastId + 1);
    return String(lastId);
  }

  function framed(
    conversation: Conversation,
    activity: Activity & { from: ChannelAccount },
  ): Activity & { from: ChannelAccount } {
    const tenantId = parts.bots.find((bot) => bot.appId === conversation.botAppId)?.tenantId;
    const channelData = typeof activity.channelData === 'object' ? activity.channelData : {};
    return {
      ...activity,
      channelId: 'msteams',
      conversation: { conversationType: 'personal', tenantId, id: conversation.id },
      channelData: { ...channelData, tenant: { id: tenantId } },
    };
  }

  async function sendUntilAnswered(conversation: Conversation, activity: ChannelActivity): Promise<void> {
    await conversation.announced;
    let open = 0;
    for (let attempt = 1; attempt <= timing.attempts; attempt += 1) {
      open += 1;
      const answer = line.deliver(conversation, activity, 0).then((delivery) => {
        open -= 1;
        note(activity.id, delivery);
        return delivery;
      });
      const stop = new AbortController();
      const patience = wait(timing.resendAfterMs, undefined, { signal: stop.signal, ref: false }).catch(
        () => undefined,
      );
      const delivery = await Promise.race([answer, patience]);
      stop.abort();
      if (delivery) return;
    }
    if (deliveries.get(activity.id) === 'sent') deliveries.set(activity.id, 'failed');
  }

  function note(activityId: string, { outcome }: Delivery): void {
    if (outcome === 'accepted') deliveries.set(activityId, 'delivered');
    else if (deliveries.get(activityId) !== 'delivered') deliveries.set(activityId, 'failed');
  }

  return {
    open(bot, person, id) {
      const user = teamsAccount(bot.tenantId, person);
      const known = conversations
        .list('msteams')
        .find(
          (conversation) =>
            conversation.botAppId === bot.appId &&
            (id === undefined ? conversation.user?.id === user.id : conversation.id === id),
        );
      if (known) return known;
      const conversation = conversations.create({
        id: id ?? `a:${digest(`${bot.appId} ${user.id}`)}`,
        channelId: 'msteams',
        botAppId: bot.appId,
        user,
      });
      const update = framed(conversation, {
        type: 'conversationUpdate',
        from: user,
        membersAdded: [botAccount(bot, 'msteams')],
      });
      conversation.announced = line.deliver(conversation, conversations.stamp(conversation, update, `f:${nextId()}`));
      return conversation;
    },

    say(conversation, { text, locale = 'en-US', value }) {
      const from = conversation.user;
      if (!from) throw new Error('A Teams chat belongs to a person');
      const message = framed(conversation, {
        type: 'message',
        from,
        text,
        textFormat: 'plain',
        locale,
        localTimestamp: new Date(parts.now()).toISOString(),
        localTimezone: 'UTC',
        entities: [{ type: 'clientInfo', locale, country: 'US', platform: 'Web', timezone: 'UTC' }],
        ...(value !== undefined && { value }),
      });
      const { activity } = conversations.append(conversation, message, nextId());
      deliveries.set(activity.id, 'sent');
      void sendUntilAnswered(conversation, activity);
      return activity;
    },

    accept(conversation, bot, activity) {
      if (!shown.has(activity.type))
        throw new ChannelProblem(400, 'BadSyntax', `Activity type ${activity.type} is not supported by this channel`);
      const message = framed(conversation, { ...bodyOf(activity), from: botAccount(bot, 'msteams') });
      if (activity.type !== 'message') return conversations.signal(conversation, message).id;
      return conversations.append(conversation, message, nextId()).activity.id;
    },

    edit(conversation, activityId, activity) {
      requireOwn(conversation, activityId);
      const edited = conversations.edit(conversation, activityId, (old) => ({
        ...old,
        ...bodyOf(activity),
        edited: true,
      }));
      if (!edited) throw noSuchActivity();
      return edited;
    },

    remove(conversation, activityId) {
      requireOwn(conversation, activityId);
      const removed = conversations.edit(conversation, activityId, ({ id, type, from, timestamp }) => ({
        id,
        type,
        from,
        timestamp,
        deleted: true,
      }));
      if (!removed) throw noSuchActivity();
    },

    deliveryOf: (activityId) => deliveries.get(activityId),
  };
}

/** How Teams names a person towards bots. */
export function teamsAccount(tenantId: string, { name, aadObjectId }: TeamsPerson): ChannelAccount {
  const objectId = aadObjectId ?? objectIdOf(`${tenantId} ${name}`);
  return { id: `29:${digest(`${tenantId} ${objectId}`)}`, name, aadObjectId: objectId };
}

function objectIdOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

function bodyOf(activity: Activity): Activity {
  const {
    id: _id,
    from: _from,
    timestamp: _timestamp,
    serviceUrl: _serviceUrl,
    recipient: _recipient,
    ...rest
  } = activity;
  return rest;
}

/** A bot changes what it said itself, never what a person said. */
function requireOwn(conversation: Conversation, activityId: string): void {
  const line = conversation.lines.find(({ activity }) => activity.id === activityId);
  if (line && line.activity.from.role !== 'bot')
    throw new ChannelProblem(403, 'Forbidden', 'A bot changes only its own messages');
}

function noSuchActivity(): ChannelProblem {
  return new ChannelProblem(404, 'ActivityNotFoundInConversation', 'Activity not found in this conversation');
}
