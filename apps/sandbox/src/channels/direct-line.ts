import { randomBytes } from 'node:crypto';
import cors from '@fastify/cors';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { activityLimit, isRecord, readAccount } from './activity.ts';
import type { ChannelBot } from './bots.ts';
import { linesAfter } from './conversations.ts';
import type { Conversation, Conversations } from './conversations.ts';
import { openingUser, pageSize } from './direct-line-channel.ts';
import type { DirectLineChannel } from './direct-line-channel.ts';
import { streamRoute } from './direct-line-stream.ts';
import { tokenSeconds } from './direct-line-tokens.ts';
import type { DirectLineCaller, DirectLineTokens, TokenGrant } from './direct-line-tokens.ts';
import { uploadRoute } from './direct-line-upload.ts';
import type { FileStore } from './files.ts';
import { sendFile } from './files.ts';
import { answerWithProblems, badArgument, ChannelProblem, notFound } from './problems.ts';

export interface DirectLineParts {
  readonly channel: DirectLineChannel;
  readonly conversations: Conversations;
  readonly tokens: DirectLineTokens;
  readonly files: FileStore;
  readonly publicUrl: () => string;
  /** Milliseconds between the empty frames that keep a socket alive. */
  readonly keepAliveMs: number;
  /** The open sockets, kept up to date. */
  readonly sockets: Set<{ terminate(): void }>;
}

/**
 * Direct Line 3.0, below the prefix it is registered with.
 * Source: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-direct-line-3-0-api-reference
 */
export async function directLineRoutes(app: FastifyInstance, parts: DirectLineParts): Promise<void> {
  const { channel, conversations, tokens, files } = parts;
  answerWithProblems(app);
  acceptEmptyBodies(app);
  await app.register(cors, { origin: true, credentials: true, methods: ['GET', 'POST'], maxAge: 600 });
  app.addHook('onSend', async (_request, reply) => {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  });

  const callerOf = (request: FastifyRequest) => tokens.authenticate(request.headers.authorization);

  async function access(request: FastifyRequest): Promise<{ caller: DirectLineCaller; conversation: Conversation }> {
    const caller = await callerOf(request);
    return { caller, conversation: openedBy(conversations, caller, (request.params as { id: string }).id) };
  }

  async function opened(bot: ChannelBot, grant: TokenGrant, after: number) {
    const id = grant.conversationId;
    const [token, stream] = await Promise.all([tokens.issue(bot, grant), tokens.issueStream(id, after)]);
    const socketRoot = parts.publicUrl().replace(/^http/, 'ws');
    const streamUrl = `${socketRoot}${app.prefix}/conversations/${encodeURIComponent(id)}/stream?t=${stream}`;
    return { conversationId: id, token, expires_in: tokenSeconds, streamUrl };
  }

  app.post('/tokens/generate', async (request) => {
    const caller = await callerOf(request);
    if (caller.kind !== 'secret') throw new ChannelProblem(403, 'Forbidden', 'Only a secret generates tokens');
    const conversationId = newConversationId();
    const token = await tokens.issue(caller.bot, { conversationId, ...tokenParameters(request.body) });
    return { conversationId, token, expires_in: tokenSeconds };
  });

  app.post('/tokens/refresh', async (request) => {
    const caller = await callerOf(request);
    if (caller.kind !== 'token') throw new ChannelProblem(403, 'Forbidden', 'Only a token is refreshed');
    return {
      conversationId: caller.conversationId,
      token: await tokens.issue(caller.bot, grantOf(caller)),
      expires_in: tokenSeconds,
    };
  });

  app.post('/conversations', async (request, reply) => {
    const caller = await callerOf(request);
    const user = openingUser(caller, request.body);
    if (caller.kind === 'secret') {
      // Here the id need not start with dl_, but only such an id is pinned.
      const pinned = user?.id.startsWith('dl_') ? tokenParameters(request.body) : {};
      const conversation = channel.start(caller.bot, { ...(user && { user }) });
      return reply.code(201).send(await opened(caller.bot, { conversationId: conversation.id, ...pinned }, 0));
    }
    const known = conversations.find(caller.conversationId, 'directline');
    if (!known) channel.start(caller.bot, { id: caller.conversationId, ...(user && { user }) });
    return reply.code(known ? 200 : 201).send(await opened(caller.bot, grantOf(caller), 0));
  });

  app.get<{ Params: { id: string }; Querystring: Query }>('/conversations/:id', async (request) => {
    const { caller, conversation } = await access(request);
    // Omitted: only what is new. Empty (what DirectLineJS sends before it has received anything): everything,
    // as the service does (https://github.com/microsoft/BotFramework-DirectLineJS/issues/338), so that nothing is lost.
    const after = readWatermark(request.query.watermark) ?? conversation.seq;
    const grant =
      caller.kind === 'token' ? grantOf(caller) : { conversationId: conversation.id, ...pinnedUser(conversation) };
    return opened(caller.bot, grant, after);
  });

  app.get<{ Params: { id: string }; Querystring: Query }>('/conversations/:id/activities', async (request) => {
    const { conversation } = await access(request);
    const after = readWatermark(request.query.watermark) ?? 0;
    const page = linesAfter(conversation, after).slice(0, pageSize);
    return { activities: page.map((line) => line.activity), watermark: String(page.at(-1)?.seq ?? after) };
  });

  app.post<{ Params: { id: string } }>(
    '/conversations/:id/activities',
    { bodyLimit: activityLimit },
    async (request) => {
      const { caller, conversation } = await access(request);
      return { id: await channel.receive(conversation, caller, request.body) };
    },
  );

  app.get('/session/getsessionid', async (request, reply) => {
    const caller = await callerOf(request);
    const { origin } = request.headers;
    if (caller.kind === 'token' && caller.trustedOrigins && !(origin && caller.trustedOrigins.includes(origin))) {
      throw new ChannelProblem(403, 'Forbidden', 'The token trusts other origins');
    }
    return startSession(request, reply);
  });

  app.get<{ Params: { file: string; name: string } }>('/attachments/:file/:name', async (request, reply) => {
    const stored = await files.get(request.params.file);
    if (!stored) throw notFound('The file');
    return sendFile(reply, stored);
  });

  // The prefix among the parts is this plugin's own, and nested ones already stand below it.
  await app.register(streamRoute, { ...parts, prefix: '' });
  await app.register(uploadRoute, { ...parts, access, prefix: '' });
}

interface Query {
  readonly watermark?: string;
}

/** @throws ChannelProblem 403 for a token of another conversation, 404 for a conversation that is not there. */
function openedBy(conversations: Conversations, caller: DirectLineCaller, id: string): Conversation {
  if (caller.kind === 'token' && caller.conversationId !== id) {
    throw new ChannelProblem(403, 'Forbidden', 'The token was issued for another conversation');
  }
  const conversation = conversations.find(id, 'directline');
  if (!conversation || conversation.botAppId !== caller.bot.appId) {
    throw new ChannelProblem(404, 'ConversationNotFound', 'Conversation not found');
  }
  return conversation;
}

/** @throws ChannelProblem 400 when it is none of ours. */
function readWatermark(watermark: string | undefined): number | undefined {
  if (watermark === undefined) return undefined;
  if (!/^\d{0,15}$/.test(watermark)) throw badArgument('The watermark is not one this service gave out');
  return Number(watermark);
}

/** @throws ChannelProblem 400 when the parameters are not what the token may carry. */
function tokenParameters(body: unknown): Pick<TokenGrant, 'user' | 'trustedOrigins'> {
  if (body === undefined || body === null) return {};
  if (!isRecord(body)) throw badArgument('Token parameters are an object');
  const { user, trustedOrigins } = body;
  const account = readAccount(user);
  if (user !== undefined && user !== null && !account?.id.startsWith('dl_'))
    throw badArgument('user.id must start with dl_');
  if (trustedOrigins !== undefined && !isListOfTexts(trustedOrigins))
    throw badArgument('trustedOrigins is a list of origins');
  return {
    ...(account && { user: { id: account.id, ...(typeof account.name === 'string' && { name: account.name }) } }),
    ...(isListOfTexts(trustedOrigins) && { trustedOrigins }),
  };
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function grantOf({ conversationId, user, trustedOrigins }: DirectLineCaller & { kind: 'token' }): TokenGrant {
  return { conversationId, ...(user && { user }), ...(trustedOrigins && { trustedOrigins }) };
}

function pinnedUser({ user }: Conversation): Pick<TokenGrant, 'user'> {
  return user?.id.startsWith('dl_')
    ? { user: { id: user.id, ...(user.name !== undefined && { name: user.name }) } }
    : {};
}

function newConversationId(): string {
  return randomBytes(16).toString('hex');
}

/** Sign-in cards compare this id with the one in the browser that opened the chat. */
function startSession(request: FastifyRequest, reply: FastifyReply): { sessionId: string } {
  const sent = /(?:^|;\s*)webchat_session_v2=([A-Za-z0-9_-]{32})(?:;|$)/.exec(request.headers.cookie ?? '')?.[1];
  const sessionId = sent ?? randomBytes(24).toString('base64url');
  reply.header(
    'set-cookie',
    `webchat_session_v2=${sessionId}; Path=${request.routeOptions.url ?? '/'}; HttpOnly; Secure; SameSite=None`,
  );
  return { sessionId };
}

/** Clients post to the token operations without a body, whatever content type they name. */
function acceptEmptyBodies(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else void parseJson(request, body as string, done);
  });
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, _body, done) =>
    done(null, undefined),
  );
}
