import type { Server } from 'node:http';
import websocket from '@fastify/websocket';
import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { EventMap } from '../clients.ts';
import { engineOf, type Hub } from '../hub.ts';
import type { HubEngine } from '../hub-engine.ts';
import { openWebSocketTransport } from '../transport/websocket-transport.ts';
import { guardRequest, refuse, type Caller, type GuardOptions } from './guard.ts';
import { redactedRequest } from './log-redaction.ts';
import { negotiateAnswer, readNegotiateVersion } from './negotiate.ts';

/** How a hub is reached over HTTP. */
export interface EndpointOptions<Data> extends GuardOptions<Data> {
  /** Fastify's `config` of the hub's routes, for hooks of the application that look at it. */
  readonly routeConfig?: FastifyContextConfig;
  /**
   * Largest WebSocket message in bytes; a client joins queued hub messages into one, so this is many times
   * `maxMessageSize`. Default 1,048,576. Counts for the whole server: the first mapped hub decides.
   */
  readonly maxFrameSize?: number;
}

// oxlint-disable-next-line typescript/no-explicit-any -- any server, logger and type provider will do
export type AnyFastify = FastifyInstance<any, any, any, any, any>;

/**
 * Serves a hub at `path`: `POST {path}/negotiate` and the WebSocket at `GET {path}`.
 *
 * Brings @fastify/websocket along unless `app` has it already; bring it by this function if you can, because only then
 * are compression, frame size and the order of shutdown as they should be.
 *
 * @param path absolute, for example `/hubs/desk`; prefixes of `app` come in front
 * @throws Error when another branch of the application has brought @fastify/websocket to the same server
 */
export async function mapHub<Events extends EventMap<Events>, Data>(
  app: AnyFastify,
  path: string,
  hub: Hub<Events, Data>,
  options: EndpointOptions<Data>,
): Promise<void> {
  const engine = engineOf(hub) as unknown as HubEngine<never, Data>;
  engine.logger ??= app.log;
  await bringWebSockets(app, engine, options.maxFrameSize ?? 1024 * 1024);
  app.addHook('preClose', () => engine.close());
  await app.register(async (scope: AnyFastify) => addRoutes(scope, path.replace(/\/+$/, ''), engine, options));
}

/** Hubs per HTTP server; present once this module has brought WebSockets to the server. */
const hubsOfServer = new WeakMap<Server, Set<HubEngine<never, never>>>();

async function bringWebSockets<Data>(
  app: AnyFastify,
  engine: HubEngine<never, Data>,
  maxPayload: number,
): Promise<void> {
  const known = hubsOfServer.get(app.server);
  if (app.hasDecorator('websocketServer')) {
    known?.add(engine as never);
    return;
  }
  if (known !== undefined) {
    throw new Error(
      'This server already has WebSockets in a sibling scope, and can have them once. ' +
        'Map every hub on the same Fastify instance, or map the first one on a common parent.',
    );
  }
  const hubs = new Set<HubEngine<never, never>>([engine as never]);
  hubsOfServer.set(app.server, hubs);
  await app.register(websocket, {
    options: { maxPayload, perMessageDeflate: false },
    // Transports listen themselves; the plugin's default would log the socket's error and cut the close frame off.
    errorHandler: () => {},
    preClose: async () => {
      await Promise.all([...hubs].map((hub) => hub.close()));
      for (const socket of app.websocketServer.clients) socket.close(1001);
      app.websocketServer.close();
    },
  });
}

function addRoutes<Data>(
  scope: AnyFastify,
  path: string,
  engine: HubEngine<never, Data>,
  options: EndpointOptions<Data>,
): void {
  const callers = new WeakMap<FastifyRequest, Caller<Data>>();
  const callerOf = (request: FastifyRequest): Caller<Data> => {
    const caller = callers.get(request);
    if (caller === undefined) throw new Error('The guard did not run.');
    return caller;
  };
  const guard = async (request: FastifyRequest, reply: FastifyReply) => {
    const caller = await guardRequest(engine, options, request, reply);
    if (caller === undefined) return reply;
    callers.set(request, caller);
    return undefined;
  };
  const shared = { config: options.routeConfig ?? {}, logSerializers: redactedRequest, exposeHeadRoute: false };

  // Clients send the empty negotiate body with any content type or none.
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: 4096 }, async () => undefined);
  scope.setErrorHandler(answerFailure);

  scope.route({
    ...shared,
    method: 'POST',
    url: `${path}/negotiate`,
    onRequest: guard,
    handler: (request, reply) => {
      const { principal, query } = callerOf(request);
      const asked = readNegotiateVersion(query['negotiateversion']);
      const answer =
        'error' in asked ? asked : negotiateAnswer(asked.version, engine.negotiate(principal.user.id, asked.version));
      // As bytes, so that the content type stays without a charset.
      return reply
        .header('content-type', 'application/json')
        .header('cache-control', 'no-store')
        .send(Buffer.from(JSON.stringify(answer)));
    },
  });

  const identities = new WeakMap<FastifyRequest, { connectionId: string; connectionToken: string }>();
  scope.route({
    ...shared,
    method: 'GET',
    url: path === '' ? '/' : path,
    // Everything is decided before the upgrade: afterwards there is no status to answer with.
    onRequest: [
      guard,
      async (request: FastifyRequest, reply: FastifyReply) => {
        if (!request.ws) return undefined;
        const { principal, query } = callerOf(request);
        const token = query['id'];
        if (token === undefined) return undefined;
        if (engine.isActive(token)) return text(reply, 409, 'The connection is already in use.');
        const negotiation = engine.negotiations.find(token, performance.now());
        if (negotiation === undefined) return text(reply, 404, 'No Connection with that ID');
        if (negotiation.userId !== principal.user.id) {
          refuse(reply, 401);
          return reply;
        }
        engine.negotiations.redeem(token);
        identities.set(request, { connectionId: negotiation.connectionId, connectionToken: token });
        return undefined;
      },
    ],
    handler: (request, reply) => answerWithoutTransport(engine, callerOf(request), request, reply),
    wsHandler: (socket, request) => {
      openWebSocketTransport(socket, request.raw.socket, (transport) =>
        engine.accept(callerOf(request).principal, transport, identities.get(request)),
      );
    },
  });
  scope.route({
    ...shared,
    method: ['POST', 'DELETE'],
    url: path === '' ? '/' : path,
    onRequest: guard,
    handler: (request, reply) => answerWithoutTransport(engine, callerOf(request), request, reply),
  });

  const refuseMethod = async (_request: FastifyRequest, reply: FastifyReply) => text(reply, 405, 'Method Not Allowed');
  scope.route({
    ...shared,
    method: ['HEAD', 'PUT', 'PATCH'],
    url: path === '' ? '/' : path,
    onRequest: refuseMethod,
    handler: refuseMethod,
  });
  scope.route({
    ...shared,
    method: ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'],
    url: `${path}/negotiate`,
    onRequest: refuseMethod,
    handler: refuseMethod,
  });
}

/** What HTTP requests of the other transports are told. Source: HttpConnectionDispatcher.cs. */
function answerWithoutTransport<Data>(
  engine: HubEngine<never, Data>,
  { query }: Caller<Data>,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const token = query['id'];
  if (token === undefined) return text(reply, 400, 'Connection ID required');
  if (!engine.isActive(token) && engine.negotiations.find(token, performance.now()) === undefined) {
    return text(reply, 404, 'No Connection with that ID');
  }
  if (request.method === 'DELETE') {
    return text(reply, 400, 'Cannot terminate this connection using the DELETE endpoint.');
  }
  if (request.method === 'POST') {
    return text(reply, 405, 'POST requests are not allowed for WebSocket connections.');
  }
  const transport = request.headers.accept?.includes('text/event-stream') ? 'ServerSentEvents' : 'LongPolling';
  return text(reply, 404, `${transport} transport not supported by this end point type`);
}

function text(reply: FastifyReply, status: number, sentence: string): FastifyReply {
  return reply.code(status).type('text/plain').send(sentence);
}

/** The client quotes a body in its error text, so there is none; the cause goes to the log. */
function answerFailure(error: Error & { statusCode?: number }, request: FastifyRequest, reply: FastifyReply): void {
  const status = error.statusCode !== undefined && error.statusCode >= 400 ? error.statusCode : 500;
  if (status >= 500) request.log.error({ err: error }, 'hub request failed');
  void reply.code(status).send();
}
