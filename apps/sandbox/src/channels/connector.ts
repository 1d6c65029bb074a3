import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ConnectorTokens } from '../identity/connector-tokens.ts';
import { activityLimit, isRecord, readActivity } from './activity.ts';
import type { Activity, ChannelAccount } from './activity.ts';
import { botAccount } from './bots.ts';
import type { ChannelBot } from './bots.ts';
import { attachmentViewRoute, connectorAttachmentRoutes } from './connector-attachments.ts';
import type { Conversation, Conversations } from './conversations.ts';
import type { DirectLineChannel } from './direct-line-channel.ts';
import { pause, strikes } from './faults.ts';
import type { ChannelFaults } from './faults.ts';
import type { FileStore } from './files.ts';
import { answerWithProblems, badArgument, ChannelProblem } from './problems.ts';
import type { TeamsChannel } from './teams-channel.ts';

export interface ConnectorParts {
  readonly bots: readonly ChannelBot[];
  readonly tokens: Pick<ConnectorTokens, 'verifyBotToken'>;
  readonly conversations: Conversations;
  readonly directLine: DirectLineChannel;
  readonly teams: TeamsChannel;
  readonly files: FileStore;
  readonly publicUrl: () => string;
  readonly faults: ChannelFaults;
}

type Place = { readonly Params: { readonly id: string; readonly activityId: string; readonly memberId: string } };

/**
 * The Bot Connector, where bots speak. Every conversation belongs to one bot, and only that bot's token opens it.
 * Source: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference
 */
export async function connectorRoutes(app: FastifyInstance, parts: ConnectorParts): Promise<void> {
  const { bots, conversations, directLine, teams, faults } = parts;
  answerWithProblems(app);
  app.decorateRequest('channelBot', null);
  await app.register(attachmentViewRoute, { files: parts.files });

  await app.register(async (authenticated) => {
    authenticated.addHook('onRequest', async (request) => {
      request.channelBot = await callerOf(request, parts);
    });

    authenticated.post<Place>('/v3/conversations/:id/activities', { bodyLimit: activityLimit }, (request, reply) =>
      speak(request, reply),
    );
    authenticated.post<Place>(
      '/v3/conversations/:id/activities/:activityId',
      { bodyLimit: activityLimit },
      (request, reply) => speak(request, reply, request.params.activityId),
    );

    authenticated.post<Place>('/v3/conversations/:id/activities/history', async (request) => {
      const { bot, conversation } = open(request);
      const activities =
        isRecord(request.body) && Array.isArray(request.body['activities']) ? request.body['activities'] : [];
      const ids = activities.map((activity) => accept(bot, conversation, bodyActivity(activity)));
      return { id: ids.at(-1) ?? '' };
    });

    authenticated.put<Place>('/v3/conversations/:id/activities/:activityId', async (request) => {
      const { conversation } = open(request);
      if (conversation.channelId !== 'msteams') throw cannotChange();
      teams.edit(conversation, request.params.activityId, bodyActivity(request.body));
      return { id: request.params.activityId };
    });

    authenticated.delete<Place>('/v3/conversations/:id/activities/:activityId', async (request, reply) => {
      const { conversation } = open(request);
      if (conversation.channelId !== 'msteams') throw cannotChange();
      teams.remove(conversation, request.params.activityId);
      return reply.code(200).send();
    });

    authenticated.get('/v3/conversations', async (request) => {
      const { appId } = callingBot(request);
      const own = [...conversations.list('directline'), ...conversations.list('msteams')].filter(
        (conversation) => conversation.botAppId === appId,
      );
      return { conversations: own.map((conversation) => ({ id: conversation.id, members: members(conversation) })) };
    });

    authenticated.post('/v3/conversations', async (request, reply) => {
      const bot = callingBot(request);
      const { conversation, activity } = existingChat(bot, request.body);
      const activityId = activity && accept(bot, conversation, activity);
      const serviceUrl = `${parts.publicUrl()}/connector`;
      return reply.code(201).send({ id: conversation.id, serviceUrl, ...(activityId !== undefined && { activityId }) });
    });

    authenticated.get<Place>('/v3/conversations/:id/members', async (request) => members(open(request).conversation));
    authenticated.get<Place>('/v3/conversations/:id/pagedmembers', async (request) => ({
      members: members(open(request).conversation),
    }));
    authenticated.get<Place>('/v3/conversations/:id/activities/:activityId/members', async (request) =>
      members(open(request).conversation),
    );
    authenticated.get<Place>('/v3/conversations/:id/members/:memberId', async (request) => {
      const wanted = request.params.memberId;
      const member = members(open(request).conversation).find(
        ({ id, aadObjectId }) => id === wanted || aadObjectId === wanted,
      );
      if (!member) throw new ChannelProblem(404, 'NotFound', 'Member not found in this conversation');
      return member;
    });

    await authenticated.register(connectorAttachmentRoutes, { files: parts.files, open });
  });

  function open(request: FastifyRequest): { bot: ChannelBot; conversation: Conversation } {
    const bot = callingBot(request);
    const conversation = conversations.find((request.params as { id: string }).id);
    if (!conversation) throw new ChannelProblem(404, 'ConversationNotFound', 'Conversation not found');
    if (conversation.botAppId !== bot.appId) throw notInRoster();
    return { bot, conversation };
  }

  async function speak(request: FastifyRequest, reply: FastifyReply, replyToId?: string): Promise<FastifyReply> {
    const { bot, conversation } = open(request);
    const activity = bodyActivity(request.body);
    await pause(faults.delayReplies);
    if (strikes(faults, 'failReplies'))
      throw new ChannelProblem(faults.failStatus, 'ServiceError', 'The channel fails on demand');
    if (strikes(faults, 'dropReplies')) return reply.send({ id: `${conversation.id}|dropped` });
    const id = accept(bot, conversation, { ...activity, ...(replyToId !== undefined && { replyToId }) });
    if (!strikes(faults, 'cutReplies')) return reply.send({ id });
    reply.hijack();
    request.raw.socket.destroy();
    return reply;
  }

  function accept(bot: ChannelBot, conversation: Conversation, activity: Activity): string {
    return (conversation.channelId === 'msteams' ? teams : directLine).accept(conversation, bot, activity);
  }

  /** Teams lets a bot write to whoever has added it; on Direct Line only the person starts. */
  function existingChat(bot: ChannelBot, body: unknown): { conversation: Conversation; activity?: Activity } {
    const wanted =
      isRecord(body) && Array.isArray(body['members']) ? (body['members'][0] as ChannelAccount | undefined) : undefined;
    if (!isRecord(body) || !wanted?.id) throw badArgument('members with one member is required');
    const conversation = conversations
      .list('msteams')
      .find(
        ({ botAppId, user }) => botAppId === bot.appId && (user?.id === wanted.id || user?.aadObjectId === wanted.id),
      );
    if (!conversation) throw notInRoster();
    return { conversation, ...(isRecord(body['activity']) && { activity: bodyActivity(body['activity']) }) };
  }

  function members(conversation: Conversation): readonly (ChannelAccount & Record<string, unknown>)[] {
    const { user, channelId } = conversation;
    const bot = bots.find((candidate) => candidate.appId === conversation.botAppId);
    if (channelId === 'directline')
      return [...(user ? [{ ...user }] : []), ...(bot ? [{ ...botAccount(bot, channelId) }] : [])];
    if (!user) return [];
    const [givenName = '', ...rest] = (user.name ?? '').split(' ');
    const userPrincipalName = `${(user.name ?? '').toLowerCase().replaceAll(/[^a-z0-9]+/g, '.')}@people.example`;
    const person = {
      givenName,
      surname: rest.join(' '),
      userPrincipalName,
      email: userPrincipalName,
      userRole: 'user',
    };
    return [{ ...user, objectId: user.aadObjectId, tenantId: bot?.tenantId, ...person }];
  }
}

async function callerOf(request: FastifyRequest, { bots, tokens }: ConnectorParts): Promise<ChannelBot> {
  const bearer = /^Bearer ([^\s]+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (bearer === undefined) throw unauthorized();
  const { appId } = await tokens.verifyBotToken(bearer).catch(() => {
    throw unauthorized();
  });
  const bot = bots.find((candidate) => candidate.appId === appId);
  if (!bot) throw unauthorized();
  return bot;
}

function callingBot(request: FastifyRequest): ChannelBot {
  if (!request.channelBot) throw unauthorized();
  return request.channelBot;
}

function bodyActivity(body: unknown): Activity {
  const activity = readActivity(body);
  if (!activity) throw new ChannelProblem(400, 'BadSyntax', 'The body is not an activity');
  return activity;
}

const unauthorized = () => new ChannelProblem(401, 'Unauthorized', 'Authorization has been denied for this request.');
const notInRoster = () =>
  new ChannelProblem(403, 'BotNotInConversationRoster', 'The bot is not part of the conversation roster.');
const cannotChange = () =>
  new ChannelProblem(405, 'MethodNotAllowed', 'Direct Line can neither update nor delete activities');

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on the Connector's routes: whose token came along. */
    channelBot: ChannelBot | null;
  }
}
