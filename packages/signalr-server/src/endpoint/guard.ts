import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '../connection.ts';
import type { HubEngine } from '../hub-engine.ts';

/** What the application gets to know the caller by. */
export interface AuthenticationRequest {
  readonly headers: IncomingHttpHeaders;
  /** From `Authorization: Bearer`, else from the `access_token` query parameter that browsers must use for WebSockets. */
  readonly token: string | undefined;
  /** As Fastify sees it: `trustProxy` decides whether proxies are believed. */
  readonly ip: string;
  /** Other query parameters, names in lower case; a parameter given twice is absent. */
  readonly query: Readonly<Record<string, string>>;
}

/** The application's answer: who it is, or the HTTP status to refuse with. */
export type AuthenticationResult<Data> = Principal<Data> | { readonly status: 401 | 403 | 503 };

export type Authenticate<Data> = (request: AuthenticationRequest) => Promise<AuthenticationResult<Data>>;

export interface GuardOptions<Data> {
  /** Called for negotiate and again for the upgrade, which must come from the same user. An exception answers 500. */
  readonly authenticate: Authenticate<Data>;
  /** After this many ms without an answer from `authenticate` the request gets 503. Default 10,000. */
  readonly authenticateTimeout?: number;
  /**
   * Browser origins that may connect, such as `https://desk.example`, besides the hub's own host.
   * Every other origin gets 403, `null` included.
   */
  readonly allowedOrigins?: readonly string[];
  /** Refuse requests without an Origin header too, which means every client but browsers. Default false. */
  readonly requireOrigin?: boolean;
}

/** A request that passed the guard. */
export interface Caller<Data> {
  readonly principal: Principal<Data>;
  readonly query: Readonly<Record<string, string>>;
}

const defaultAuthenticateTimeout = 10_000;

/**
 * Lets a request through or answers it: capacity, origin, identity, in this order.
 * Refusals have an empty body, because the client's error text quotes the body instead of the status.
 */
export async function guardRequest<Data>(
  engine: HubEngine<never, Data>,
  options: GuardOptions<Data>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Caller<Data> | undefined> {
  if (!engine.accepts) return refuse(reply, 503);
  if (!originAllowed(request, options)) return refuse(reply, 403);

  const { accessToken, query } = readQuery(request);
  const token = bearerToken(request.headers.authorization) ?? accessToken;
  const result = await withTimeout(
    options.authenticateTimeout ?? defaultAuthenticateTimeout,
    options.authenticate({ headers: request.headers, token, ip: request.ip, query }),
  );
  if ('status' in result) return refuse(reply, result.status);
  if (!(result.expiresAt > engine.options.now())) return refuse(reply, 401);
  return { principal: result, query };
}

/** Answers with a status and nothing else. */
export function refuse(reply: FastifyReply, status: 401 | 403 | 503): undefined {
  if (status === 401) void reply.header('www-authenticate', 'Bearer');
  void reply.code(status).send();
  return undefined;
}

function originAllowed(request: FastifyRequest, options: GuardOptions<unknown>): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined) return options.requireOrigin !== true;
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  if (url === undefined || url.origin === 'null') return false;
  if (url.host === host) return true;
  return (options.allowedOrigins ?? []).some(
    (allowed) => URL.canParse(allowed) && new URL(allowed).origin === url.origin,
  );
}

function bearerToken(authorization: string | undefined): string | undefined {
  return /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
}

/** Read from the URL itself: an application's own query parser must not decide what a token is. */
function readQuery(request: FastifyRequest): { accessToken: string | undefined; query: Record<string, string> } {
  const values = new Map<string, string | undefined>();
  const { url = '' } = request.raw;
  const start = url.indexOf('?');
  for (const [name, value] of new URLSearchParams(start === -1 ? '' : url.slice(start + 1))) {
    const key = name.toLowerCase();
    values.set(key, values.has(key) ? undefined : value);
  }
  const accessToken = values.get('access_token') || undefined;
  values.delete('access_token');
  const query: Record<string, string> = Object.create(null);
  for (const [name, value] of values) if (value !== undefined) query[name] = value;
  return { accessToken, query };
}

async function withTimeout<Data>(
  milliseconds: number,
  work: Promise<AuthenticationResult<Data>>,
): Promise<AuthenticationResult<Data>> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<{ status: 503 }>((resolve) => {
    timer = setTimeout(() => resolve({ status: 503 }), milliseconds);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
