import { statusOf, type ErrorCode } from '@parley/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config.ts';
import type { Events } from '../events.ts';
import { createTokenBuckets } from '../limits.ts';
import { sendProblem, type ProblemExtra } from '../problems.ts';
import { bearerOf, hubTokenOf } from './bearer.ts';
import type { BotPrincipal, PersonPrincipal } from './principals.ts';
import type { Verdict, Verifier } from './verifier.ts';

/** Hooks that let a request in, or answer it. */
export interface Doors {
  /** Counts against the address; nothing else. */
  open(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined>;
  /** Sets `request.caller`. */
  person(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined>;
  /** Sets `request.bot`. */
  bot(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined>;
  /** Like `person`; the token may be in the query, and refusals have no body, because hub clients would quote it. */
  hub(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined>;
}

export type DoorDeps = {
  verifier: Verifier;
  events: Events;
  limits: Config['limits'];
  monotonic?: () => number;
};

type Refuse = (reply: FastifyReply, code: ErrorCode, extra?: ProblemExtra) => FastifyReply;

/**
 * The order is by cost: address, token present, tokens refused from this address, verification, principal. A flood of
 * bad tokens is stopped before any of them costs an RSA operation; tokens already verified are never held up by it.
 */
export function createDoors({ verifier, events, limits, monotonic = () => performance.now() }: DoorDeps): Doors {
  const addresses = createTokenBuckets({ perSecond: limits.addressPerSecond, monotonic });
  const refusals = createTokenBuckets({
    perSecond: limits.refusalsPerSecond,
    burst: limits.refusalsPerSecond * 10,
    monotonic,
  });
  const people = createTokenBuckets({
    perSecond: limits.personPerSecond,
    burst: limits.personPerSecond * 4,
    monotonic,
  });
  const bots = createTokenBuckets({ perSecond: limits.botPerSecond, monotonic });

  function tooMany(
    reply: FastifyReply,
    refuse: Refuse,
    by: Parameters<Events['rateLimited']>[0]['by'],
    retryAfter: number,
  ): FastifyReply {
    events.rateLimited({ by });
    return refuse(reply, 'rate-limited', { retryAfter });
  }

  async function admit<P>(
    request: FastifyRequest,
    reply: FastifyReply,
    door: {
      audience: 'person' | 'bot' | 'hub';
      token: string | undefined;
      verify: (token: string) => Promise<Verdict<P>>;
      refuse: Refuse;
    },
  ): Promise<P | undefined> {
    const { audience, token, verify, refuse } = door;
    const crowded = addresses.take(request.ip);
    if (crowded > 0) return void tooMany(reply, refuse, 'address', crowded);
    if (token === undefined) {
      events.authRefused({ audience, status: 401, reason: 'no-token' });
      reply.header('www-authenticate', 'Bearer');
      return void refuse(reply, 'unauthenticated');
    }
    const pause = verifier.remembers(token) ? 0 : refusals.wait(request.ip);
    if (pause > 0) return void tooMany(reply, refuse, 'refusals', pause);

    const verdict = await verify(token);
    if (verdict.ok) return verdict.principal;
    const { status, code, reason, claims, kid, uti } = verdict;
    events.authRefused({
      audience,
      status,
      reason,
      ...(kid !== undefined && { kid }),
      ...(uti !== undefined && { uti }),
    });
    if (status !== 503) refusals.take(request.ip);
    if (status === 401)
      reply.header(
        'www-authenticate',
        claims === undefined ? 'Bearer' : `Bearer error="insufficient_claims", claims="${claims}"`,
      );
    refuse(reply, code);
  }

  async function person(
    request: FastifyRequest,
    reply: FastifyReply,
    audience: 'person' | 'hub',
    token: string | undefined,
    refuse: Refuse,
  ): Promise<FastifyReply | undefined> {
    const caller = await admit<PersonPrincipal>(request, reply, {
      audience,
      token,
      verify: verifier.verifyPerson,
      refuse,
    });
    if (!caller) return reply;
    const wait = people.take(`${caller.tenant} ${caller.id}`);
    if (wait > 0) return tooMany(reply, refuse, 'person', wait);
    request.caller = caller;
    return undefined;
  }

  return {
    async open(request, reply) {
      const wait = addresses.take(request.ip);
      return wait > 0 ? tooMany(reply, sendProblem, 'address', wait) : undefined;
    },
    person: (request, reply) => person(request, reply, 'person', bearerOf(request.raw.rawHeaders), sendProblem),
    async bot(request, reply) {
      const caller = await admit<BotPrincipal>(request, reply, {
        audience: 'bot',
        token: bearerOf(request.raw.rawHeaders),
        verify: verifier.verifyBot,
        refuse: sendProblem,
      });
      if (!caller) return reply;
      const wait = bots.take(`${caller.tenant} ${caller.id}`);
      if (wait > 0) return tooMany(reply, sendProblem, 'bot', wait);
      request.bot = caller;
      return undefined;
    },
    hub: (request, reply) =>
      person(request, reply, 'hub', hubTokenOf(request.raw.rawHeaders, request.raw.url ?? ''), sendStatus),
  };
}

function sendStatus(reply: FastifyReply, code: ErrorCode, { retryAfter }: ProblemExtra = {}): FastifyReply {
  if (retryAfter !== undefined) reply.header('retry-after', String(Math.max(1, Math.ceil(retryAfter))));
  return reply.code(statusOf(code)).send();
}
