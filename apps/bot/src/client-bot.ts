import { join } from 'node:path';
import { CloudAdapter } from 'botbuilder';
import type { TurnContext } from 'botbuilder';
import { channelTokenVerifier, ChannelTokenError, createParley, fileStorage } from '@parley/bot-sdk';
import type { Parley } from '@parley/bot-sdk';
import { parleyCallback, parleyMiddleware, strictAuthentication } from '@parley/bot-sdk/botbuilder';
import type { Reference } from '@parley/bot-sdk/botbuilder';
import type { FastifyBaseLogger, FastifyInstance, FastifyReply } from 'fastify';
import { createAssistant } from './assistant.ts';
import type { Bank } from './bank.ts';
import { chatTokenRoutes } from './chat-tokens.ts';
import type { BotConfig, ClientConfig } from './config.ts';

const activityLimit = 256 * 1024;
const callbackLimit = 8 * 1024 * 1024;

/** The bot of one client: its assistant, its desk and its routes, below the prefix it is registered with. */
export async function clientRoutes(
  app: FastifyInstance,
  { client, config, bank }: { client: ClientConfig; config: BotConfig; bank: Bank },
): Promise<void> {
  const log = app.log.child({ client: client.id });
  const { connector } = client;
  const storage = fileStorage(join(config.dataDirectory, client.id));
  const parley = connectDesk(client, storage, log);
  const verifier = channelTokenVerifier({
    appId: client.appId,
    metadataUrl: connector.metadataUrl,
    channels: connector.channels,
  });
  const adapter = new CloudAdapter(
    strictAuthentication({
      appId: client.appId,
      appPassword: client.appSecret,
      tokenUrl: connector.tokenUrl,
      verifier,
    }),
  );
  adapter.use(parleyMiddleware(parley));
  adapter.onTurnError = async (context: TurnContext, error: Error) => {
    log.error({ err: error }, 'A turn failed');
    await context
      .sendActivity('Sorry, something went wrong on my side. Please try again.')
      .catch((failure: unknown) => {
        log.warn({ err: failure }, 'The user could not be told that a turn failed');
      });
  };
  const assistant = createAssistant({
    client,
    bank,
    storage,
    rate: (context, score) => rate(parley, context, score),
  });
  parleyCallback(parley, adapter, client.appId, assistant);

  app.post('/api/messages', { bodyLimit: activityLimit }, async (request, reply) => {
    const activity = request.body as { channelId?: unknown; serviceUrl?: unknown } | null;
    try {
      await verifier.verify(request.headers.authorization, activity ?? {});
    } catch (error) {
      if (!(error instanceof ChannelTokenError)) throw error;
      log.warn({ reason: error.message }, 'An activity was refused');
      return reply.code(error.statusCode).send();
    }
    const answer = responder();
    await adapter.process(
      { method: request.method, headers: request.headers, body: request.body as Record<string, unknown> },
      answer.response,
      assistant,
    );
    return answer.to(reply);
  });

  await app.register(async (scope) => {
    // The signature covers the bytes as they came.
    scope.removeContentTypeParser('application/json');
    scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.post('/parley/callback', { bodyLimit: callbackLimit }, async (request, reply) => {
      const { status, body } = await parley.receive(request.headers, request.body as Buffer);
      return reply.code(status).header('cache-control', 'no-store').send(body);
    });
  });

  await app.register(chatTokenRoutes, { prefix: '/api/token', client, perMinute: config.tokensPerMinute });
  app.addHook('onClose', () => parley.close());
}

function connectDesk(
  client: ClientConfig,
  storage: ReturnType<typeof fileStorage>,
  log: FastifyBaseLogger,
): Parley<Reference> {
  const { desk } = client;
  return createParley<Reference>({
    url: desk.url,
    auth: { tokenUrl: desk.tokenUrl, clientId: client.appId, clientSecret: client.appSecret, scope: desk.scope },
    callbackSecret: desk.callbackSecrets,
    storage,
    log: (level, message, fields) => log[level](fields ?? {}, message),
  });
}

function rate(parley: Parley<Reference>, { activity }: TurnContext, score: number): void {
  parley.rated({ channel: activity.channelId, conversation: activity.conversation.id }, `rating-${activity.id}`, score);
}

/** The response a `CloudAdapter` writes to, and the way from it to Fastify's. */
function responder() {
  let code = 200;
  let body: unknown;
  const headers: [string, string][] = [];
  const response = {
    socket: undefined,
    header: (name: string, value: unknown) => void headers.push([name, String(value)]),
    status: (status: number) => void (code = status),
    send: (content: unknown) => void (body = content),
    end: () => undefined,
  };
  return {
    response,
    to(reply: FastifyReply): FastifyReply {
      for (const [name, value] of headers) reply.header(name, value);
      return reply.code(code).send(body);
    },
  };
}
