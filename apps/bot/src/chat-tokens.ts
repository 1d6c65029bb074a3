import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import cors from '@fastify/cors';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { ClientConfig } from './config.ts';

/** Days a browser may come back to its conversation although its token has died. */
const resumeDays = 14;
const upstreamMs = 10_000;

/**
 * Hands out the tokens with which a browser chats, in place of the secret, which opens every conversation. The user's id is chosen
 * here and bound to the token, so that nobody can be taken for another.
 * Source: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-direct-line-3-0-authentication
 */
export async function chatTokenRoutes(
  app: FastifyInstance,
  { client, perMinute }: { client: ClientConfig; perMinute: number },
): Promise<void> {
  const { directLine } = client;
  const origins = new Set(directLine.origins);
  const prove = prover(directLine.secret, client.id);

  await app.register(cors, { origin: [...origins], methods: ['POST'], allowedHeaders: ['content-type'], maxAge: 600 });
  await app.register(rateLimit, { max: perMinute, timeWindow: '1 minute' });
  app.addHook('onRequest', async (request, reply) => {
    reply.header('cache-control', 'no-store');
    const { origin } = request.headers;
    if (request.method === 'POST' && (origin === undefined || !origins.has(origin)))
      return reply.code(403).send({ code: 'origin' });
    return undefined;
  });

  app.post('/', async (request, reply) => {
    const userId = `dl_${randomBytes(24).toString('base64url')}`;
    const answer = await call(
      'tokens/generate',
      { user: { id: userId }, trustedOrigins: [request.headers.origin] },
      directLine.secret,
      'POST',
    );
    return grant(reply, answer, userId, undefined, true);
  });

  app.post<{ Body: RefreshBody }>('/refresh', { schema: { body: refreshBody } }, async (request, reply) => {
    const { token, conversationId, userId, resume } = request.body;
    const live = await call('tokens/refresh', undefined, token, 'POST');
    const proven = resume !== undefined && prove.check(resume, conversationId, userId);
    if (live.status === 200 || live.status === 0 || live.status === 429 || live.status >= 500)
      return grant(reply, live, userId, conversationId, proven);
    // The token is dead, perhaps after a night's sleep: whoever holds our proof gets a new one for the same conversation.
    if (!proven) return reply.code(403).send({ code: 'expired' });
    const revived = await call(
      `conversations/${encodeURIComponent(conversationId)}`,
      undefined,
      directLine.secret,
      'GET',
    );
    return grant(reply, revived, userId, conversationId, proven);
  });

  function grant(
    reply: FastifyReply,
    answer: Upstream,
    userId: string,
    expected: string | undefined,
    proven: boolean,
  ): FastifyReply {
    const { conversationId, token, expires_in: expiresIn } = answer.body;
    if (answer.status === 404) return reply.code(404).send({ code: 'gone' });
    if (
      typeof conversationId !== 'string' ||
      typeof token !== 'string' ||
      (expected !== undefined && conversationId !== expected)
    ) {
      reply.log.warn({ status: answer.status }, 'Direct Line gave no token');
      if (answer.retryAfter !== undefined) reply.header('retry-after', answer.retryAfter);
      return reply.code(503).send({ code: 'unavailable' });
    }
    return reply.send({
      token,
      conversationId,
      userId,
      domain: directLine.url,
      expiresIn: typeof expiresIn === 'number' ? expiresIn : 1800,
      refreshUrl: `/${client.id}/api/token/refresh`,
      ...(proven && { resume: prove.make(conversationId, userId) }),
    });
  }

  async function call(
    path: string,
    body: object | undefined,
    bearer: string,
    method: 'GET' | 'POST',
  ): Promise<Upstream> {
    try {
      const response = await fetch(`${directLine.url}/${path}`, {
        method,
        headers: { authorization: `Bearer ${bearer}`, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: AbortSignal.timeout(upstreamMs),
      });
      const answer = (await response.json().catch(() => ({}))) as Upstream['body'];
      const retryAfter = response.headers.get('retry-after');
      return { status: response.status, body: answer, ...(retryAfter !== null && { retryAfter }) };
    } catch {
      return { status: 0, body: {} };
    }
  }
}

const refreshBody = {
  type: 'object',
  required: ['token', 'conversationId', 'userId'],
  properties: {
    token: { type: 'string', minLength: 1, maxLength: 8_192, pattern: '^[\\x21-\\x7e]+$' },
    conversationId: { type: 'string', minLength: 1, maxLength: 512 },
    userId: { type: 'string', minLength: 1, maxLength: 256 },
    resume: { type: 'string', maxLength: 512 },
  },
} as const;

interface RefreshBody {
  token: string;
  conversationId: string;
  userId: string;
  resume?: string;
}

interface Upstream {
  /** 0 when nobody answered. */
  readonly status: number;
  readonly body: { readonly conversationId?: unknown; readonly token?: unknown; readonly expires_in?: unknown };
  readonly retryAfter?: string;
}

/** Proofs that a conversation was given to a browser by us: they need no memory, and die by themselves. */
function prover(secret: string, client: string) {
  const key = createHmac('sha256', secret).update(`parley resume ${client}`).digest();
  const seal = (until: string, conversationId: string, userId: string) =>
    createHmac('sha256', key)
      .update(JSON.stringify([until, conversationId, userId]))
      .digest();
  return {
    make(conversationId: string, userId: string): string {
      const until = String(Math.floor(Date.now() / 1000) + resumeDays * 24 * 60 * 60);
      return `${until}.${seal(until, conversationId, userId).toString('base64url')}`;
    },
    check(proof: string, conversationId: string, userId: string): boolean {
      const [until = '', mac = ''] = proof.split('.');
      if (!/^\d{10}$/.test(until) || Number(until) * 1000 < Date.now()) return false;
      const given = Buffer.from(mac, 'base64url');
      const expected = seal(until, conversationId, userId);
      return given.length === expected.length && timingSafeEqual(given, expected);
    },
  };
}
