import { isRecord, readAccount, readActivity } from './activity.ts';
import type { Activity, ChannelAccount } from './activity.ts';
import { botAccount } from './bots.ts';
import type { BotLine, ChannelBot } from './bots.ts';
import type { Conversation, Conversations } from './conversations.ts';
import type { DirectLineCaller } from './direct-line-tokens.ts';
import { badArgument, ChannelProblem } from './problems.ts';

/** Most activities in one ActivitySet. */
export const pageSize = 100;

/** What a Direct Line conversation does, without HTTP. */
export interface DirectLineChannel {
  /** Opens the conversation and tells the bot who is in it, without waiting for the bot. */
  start(bot: ChannelBot, opening: { id?: string; user?: ChannelAccount }): Conversation;
  /**
   * Takes in what a person says and hands it to the bot.
   * @param from the person, when the body names nobody.
   * @returns its id, once the bot has answered.
   * @throws ChannelProblem 400 for no activity or no author, 502 `BotRejectedActivity` when the bot failed.
   */
  receive(conversation: Conversation, caller: DirectLineCaller, body: unknown, from?: string): Promise<string>;
  /** Takes in what the bot says. @returns its id. */
  accept(conversation: Conversation, bot: ChannelBot, activity: Activity): string;
}

export function createDirectLineChannel({
  conversations,
  line,
}: {
  conversations: Conversations;
  line: BotLine;
}): DirectLineChannel {
  function announce(conversation: Conversation, membersAdded: readonly ChannelAccount[]): void {
    const from = conversation.user ?? { id: conversation.id };
    const update = conversations.stamp(conversation, {
      type: 'conversationUpdate',
      from,
      membersAdded,
      membersRemoved: [],
    });
    const before = conversation.announced;
    conversation.announced = before.then(() => line.deliver(conversation, update));
  }

  return {
    start(bot, { id, user }) {
      const conversation = conversations.create({
        channelId: 'directline',
        botAppId: bot.appId,
        ...(id !== undefined && { id }),
        ...(user && { user }),
      });
      announce(conversation, [botAccount(bot, 'directline'), ...(user ? [user] : [])]);
      return conversation;
    },

    async receive(conversation, caller, body, from) {
      const activity = readActivity(body);
      if (!activity) throw badArgument('The body is not an activity: a type is required');
      const author = authorOf(activity, caller, from);
      if (conversation.user === undefined) {
        conversations.setUser(conversation, author);
        announce(conversation, [author]);
      }
      const said = {
        ...clientPart(activity),
        from: author,
        channelId: 'directline',
        conversation: { id: conversation.id },
      };
      const unkept = activity.type === 'typing' || activity.type === 'conversationUpdate';
      // Kept before the bot hears of it: the bot's replies, which arrive before its answer, must follow.
      const stamped = unkept
        ? conversations.stamp(conversation, said)
        : conversations.append(conversation, said).activity;
      await conversation.announced;
      const delivery = await line.deliver(conversation, stamped);
      if (delivery.outcome === 'accepted') return stamped.id;
      throw new ChannelProblem(502, 'BotRejectedActivity', `Failed to send activity: ${reasons[delivery.outcome]}`);
    },

    accept(conversation, bot, activity) {
      const from = {
        ...botAccount(bot, 'directline'),
        ...(activity.from?.name !== undefined && { name: activity.from.name }),
      };
      const said = { ...clientPart(activity), from, channelId: 'directline', conversation: { id: conversation.id } };
      if (activity.type === 'typing') return conversations.signal(conversation, said).id;
      if (activity.type === 'conversationUpdate' || activity.type === 'trace')
        return conversations.stamp(conversation, said).id;
      return conversations.append(conversation, said).activity.id;
    },
  };
}

const reasons = {
  refused: 'bot returned an error',
  timeout: 'bot timed out',
  unreachable: 'bot is not reachable',
} as const;

/** The person that a token names speaks under that name, whoever they say they are. */
function authorOf(activity: Activity, caller: DirectLineCaller, fallback: string | undefined): ChannelAccount {
  const claimed = readAccount(activity.from) ?? (fallback ? { id: fallback } : undefined);
  const pinned = caller.kind === 'token' ? caller.user : undefined;
  const author = pinned ? { ...claimed, ...pinned } : claimed;
  if (!author) throw badArgument('from.id is required');
  return { ...author, role: 'user' };
}

/** What a sender may decide about an activity; place, time and addressing are the channel's. */
function clientPart(activity: Activity): Activity {
  const {
    id: _id,
    timestamp: _timestamp,
    serviceUrl: _serviceUrl,
    callerId: _callerId,
    recipient: _recipient,
    ...rest
  } = activity;
  return rest;
}

/** The person a caller starts a conversation for: who the token names, else who the body names. */
export function openingUser(caller: DirectLineCaller, body: unknown): ChannelAccount | undefined {
  const named = isRecord(body) ? readAccount(body['user']) : undefined;
  if (caller.kind === 'token' && caller.user) return { ...caller.user, role: 'user' };
  // Ids with dl_ are given out with the secret; whoever holds only a token cannot take one.
  if (caller.kind === 'token' && named?.id.startsWith('dl_')) return undefined;
  return named && { id: named.id, ...(typeof named.name === 'string' && { name: named.name }), role: 'user' };
}
