import type { IncomingMessage, ServerResponse } from 'node:http';
import { randomUUID } from 'node:crypto';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Stores } from '@parley/core';
import Fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RawServerDefault,
  type RouteOptions,
} from 'fastify';
import type { Registry } from 'prom-client';
import { createDoors } from './auth/doors.ts';
import type { BotPrincipal, PersonPrincipal } from './auth/principals.ts';
import type { Verifier } from './auth/verifier.ts';
import type { Clients } from './clients.ts';
import type { Config } from './config.ts';
import type { Events } from './events.ts';
import { setSecurityHeaders } from './headers.ts';
import { healthRoutes } from './health.ts';
import { describeRequest } from './logging.ts';
import { describeApi, serveApiDocs } from './openapi.ts';
import { createErrorHandler, problem, problemType, sendProblem } from './problems.ts';
import { createRoom, type Room } from './room.ts';
import { signInRoute } from './sign-in.ts';
import { serveStatic, type PageFallback } from './static.ts';
import { openness, serializerCompiler, validatorCompiler } from './validation.ts';

export type { PersonPrincipal };

/** The server, or a part of it, as routes see it. */
export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** Adds routes to one of the contexts. */
export type RouteGroup = (app: Api) => void | Promise<void>;

/** Who may call a route. Every route belongs to exactly one audience. */
export type Audience = 'public' | 'people' | 'bots' | 'hub';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on routes for people. */
    caller: PersonPrincipal;
    /** Set on routes for bots. */
    bot: BotPrincipal;
  }
  interface FastifyContextConfig {
    audience?: 'public' | 'people' | 'bots' | 'hub';
  }
}

export type ServerDeps = {
  config: Pick<Config, 'publicUrl' | 'trustProxy' | 'metricsToken' | 'consoleDir' | 'widgetDir' | 'limits'>;
  clients: Clients;
  verifier: Verifier;
  stores: Stores;
  events: Events;
  registry: Registry;
  log: FastifyBaseLogger;
  publicRoutes?: readonly RouteGroup[];
  peopleRoutes?: readonly RouteGroup[];
  botRoutes?: readonly RouteGroup[];
  /** Registers the hub; its routes have `request.caller` already, from the header or `?access_token=`. */
  hubPlugin?: RouteGroup;
  /** Milliseconds of a clock that never jumps; refills the rate limits. */
  monotonic?: () => number;
};

/**
 * Assembles the desk's HTTP server. It listens to nothing yet.
 * Each audience is a context of its own with its own door; a route outside of them, one that answers without a schema,
 * or one that takes undeclared members makes `ready()` (and so `listen()`) reject.
 */
export async function buildServer(deps: ServerDeps): Promise<Api> {
  const { config, clients, verifier, events } = deps;
  const app = createApp(deps);
  const routes: RouteOptions[] = [];
  app.addHook('onRoute', (route) => void routes.push(route));
  app.addHook('onReady', async () => refuseMistakes(routes));
  await describeApi(app);

  const doors = createDoors({
    verifier,
    events,
    limits: config.limits,
    ...(deps.monotonic && { monotonic: deps.monotonic }),
  });
  const room = createRoom({ max: config.limits.maxInFlight, ...(deps.monotonic && { monotonic: deps.monotonic }) });
  let fallback: PageFallback = async () => undefined;

  // Must answer when nothing else does, so neither counted nor limited.
  await app.register(async (scope: Api) => {
    markAudience(scope, 'public');
    healthRoutes({
      clients,
      stores: deps.stores,
      verifier,
      registry: deps.registry,
      metricsToken: config.metricsToken,
      behindProxy: config.trustProxy.length > 0,
    })(scope);
  });
  await app.register(async (scope: Api) => {
    markAudience(scope, 'public');
    scope.addHook('onRequest', doors.open);
    for (const group of [signInRoute(clients), ...(deps.publicRoutes ?? [])]) await group(scope);
    await serveApiDocs(scope);
    fallback = await serveStatic(scope, { ...config, clients });
  });
  await app.register(async (scope: Api) => {
    markAudience(scope, 'people');
    admitWhatFits(scope, room, events);
    scope.addHook('onRequest', doors.person);
    for (const group of deps.peopleRoutes ?? []) await group(scope);
  });
  await app.register(async (scope: Api) => {
    markAudience(scope, 'bots');
    admitWhatFits(scope, room, events);
    scope.addHook('onRequest', doors.bot);
    for (const group of deps.botRoutes ?? []) await group(scope);
  });
  const { hubPlugin } = deps;
  if (hubPlugin)
    await app.register(async (scope: Api) => {
      markAudience(scope, 'hub');
      scope.addHook('onRequest', doors.hub);
      await hubPlugin(scope);
    });

  app.setNotFoundHandler(async (request, reply) => {
    const page = await fallback(request, reply);
    if (page) return reply.send(page);
    const allowed = methodsAt(routes, request.url.split('?')[0] ?? '/');
    if (allowed.length === 0) return sendProblem(reply, 'not-found');
    reply.header('allow', allowed.join(', '));
    return sendProblem(reply, 'method-not-allowed');
  });
  return app;
}

/** From this on a request is worth a line in the log, though it succeeded. */
const slowMs = 1_000;

function createApp({ config, events, log }: ServerDeps): Api {
  const https = config.publicUrl.startsWith('https://');
  const app = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    // A logger of its own for every request costs more than routing it, and only the hub's say anything through it.
    childLoggerFactory: (logger, bindings, options) =>
      options.serializers === undefined ? logger : logger.child(bindings, options),
    bodyLimit: config.limits.bodyBytes,
    // How long a request may take to arrive; without a limit a slow sender holds a socket for ever.
    requestTimeout: config.limits.requestSeconds * 1_000,
    keepAliveTimeout: 72_000,
    return503OnClosing: true,
    trustProxy: config.trustProxy.length > 0 ? [...config.trustProxy] : false,
    routerOptions: { maxParamLength: 600 },
    // A token may have 16 KiB; the default would cut it off before the door can answer.
    http: { maxHeaderSize: 32 * 1024, headersTimeout: 10_000 },
    frameworkErrors: (_error, _request, reply) => {
      // Without a route there are no hooks, so what every answer has is set here.
      const body = problem('not-found');
      return void (reply as unknown as FastifyReply)
        .code(body.status)
        .type(problemType)
        .header('x-content-type-options', 'nosniff')
        .send(JSON.stringify(body));
    },
  }).withTypeProvider<TypeBoxTypeProvider>() as Api;

  app.setValidatorCompiler(validatorCompiler as never);
  app.setSerializerCompiler(serializerCompiler as never);
  app.decorateRequest('caller', null as never);
  app.decorateRequest('bot', null as never);

  // Hooks that every request passes call back instead of returning promises: each of those would cost a turn of the queue.
  app.addHook('onRequest', (request, reply, done) => {
    setSecurityHeaders(request, reply, https);
    if (speaksJson(request)) done();
    else sendProblem(reply, 'unsupported-media-type');
  });
  acceptOnlyJson(app);
  app.addHook('onResponse', (request, reply, done) => {
    const { statusCode: status, elapsedTime } = reply;
    const { url: route = 'unmatched' } = request.routeOptions;
    events.requestFinished({ route, method: request.method, status, seconds: elapsedTime / 1000 });
    // A desk at work answers hundreds of requests a second: the metrics count them, the log keeps what went wrong or slowly.
    const level = status >= 400 || elapsedTime > slowMs ? 'info' : 'debug';
    if (log.level !== 'info' || level === 'info') log[level](describeRequest(request, reply), 'request');
    done();
  });
  app.setErrorHandler(
    createErrorHandler((error, request) => {
      if (error.name === 'StoreUnavailable') events.storageUnavailable();
      else events.unexpected();
      log.error({ err: error, id: request.id, route: request.routeOptions.url }, 'request failed');
    }),
  );
  return app;
}

/** One content type, spelled one way: where parser and validator read a header differently, schemas are bypassed. */
function acceptOnlyJson(app: Api): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, app.getDefaultJsonParser('error', 'error'));
}

function speaksJson(request: FastifyRequest): boolean {
  const type = request.headers['content-type'];
  if (type === undefined || type === 'application/json') return true;
  return request.routeOptions.config.audience === 'hub' || /^application\/json(; ?charset="?utf-8"?)?$/i.test(type);
}

function markAudience(scope: Api, audience: Audience): void {
  scope.addHook('onRoute', (route) => {
    route.config = { ...route.config, audience };
  });
}

/** @throws for routes that nobody guards and for schemas that guard nothing */
function refuseMistakes(routes: readonly RouteOptions[]): void {
  const mistakes = routes.flatMap((route) => {
    const name = `${String(route.method)} ${route.url}`;
    const { audience } = route.config ?? {};
    const schema = route.schema as
      | { hide?: boolean; response?: object; body?: unknown; querystring?: unknown; params?: unknown }
      | undefined;
    if (audience === undefined)
      return [`${name} belongs to no audience: give it to publicRoutes, peopleRoutes, botRoutes or hubPlugin.`];
    if (audience === 'hub' || schema?.hide) return [];
    if (schema?.response === undefined)
      return [`${name} declares no response, so anything could leave through it: add schema.response.`];
    const { body, querystring, params, response } = schema;
    const findings: [string, string | undefined][] = [
      ...Object.entries({ body, querystring, params }).map(([part, value]): [string, string | undefined] => [
        part,
        openness(value),
      ]),
      ...Object.entries(response).map(([status, value]): [string, string | undefined] => [
        `response ${status}`,
        openness(value, true),
      ]),
    ];
    return findings.flatMap(([part, open]) => (open === undefined ? [] : [`${name}: ${part}: ${open}.`]));
  });
  if (mistakes.length > 0)
    throw new Error(`The server refuses to start with these routes:\n- ${mistakes.join('\n- ')}`);
}

/** Which methods a path would have. Asked only after no route was found. */
function methodsAt(routes: readonly RouteOptions[], path: string): string[] {
  const methods = routes
    .filter(({ url, schema }) => !schema?.hide && patternOf(url).test(path))
    .flatMap(({ method }) => method);
  return [...new Set(methods)].toSorted();
}

function patternOf(url: string): RegExp {
  const parts = url
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)));
  return new RegExp(`^${parts.join('/')}$`);
}

/** What cannot be served soon is refused at once, before anything of it is read. */
function admitWhatFits(scope: Api, room: Room, events: Events): void {
  scope.addHook('onRequest', (_request, reply, done) => {
    if (!room.enter()) {
      events.overloaded();
      sendProblem(reply, 'overloaded', { retryAfter: 1 });
      return;
    }
    // Comes once, whether the answer went out or the caller hung up.
    reply.raw.once('close', room.leave);
    done();
  });
}
