import { statusOf, type ErrorCode } from '@parley/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config.ts';
import type { Events } from '../events.ts';
import { createTokenBuckets } from '../limits.ts';
import { sendProblem, type ProblemExtra } from '../problems.ts';
import { bearerOf, hubTokenOf } from './bearer.ts';
import type { BotPrincipal, PersonPrincipal } from './principals.ts';
import type { Verdict, Verifier } from './verifier.ts';

/** Lets a request in by calling `done`, or answers it. */
export type Door = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => void;

export interface Doors {
  /** Counts against the address; nothing else. */
  open: Door;
  /** Sets `request.caller`. */
  person: Door;
  /** Sets `request.bot`. */
  bot: Door;
  /** Like `person`; the token may be in the query, and refusals have no body, because hub clients would quote it. */
  hub: Door;
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

  /**
   * Calls `enter` with whom the token speaks for, in the same turn where the answer is remembered; else answers.
   * @param failed told of what nobody expected
   */
  function admit<P>(
    request: FastifyRequest,
    reply: FastifyReply,
    door: {
      audience: 'person' | 'bot' | 'hub';
      token: string | undefined;
      recall: (token: string) => P | undefined;
      verify: (token: string) => Promise<Verdict<P>>;
      refuse: Refuse;
    },
    enter: (principal: P) => void,
    failed: (error: Error) => void,
  ): void {
    const { audience, token, refuse } = door;
    const crowded = addresses.take(request.ip);
    if (crowded > 0) return void tooMany(reply, refuse, 'address', crowded);
    if (token === undefined) {
      events.authRefused({ audience, status: 401, reason: 'no-token' });
      reply.header('www-authenticate', 'Bearer');
      return void refuse(reply, 'unauthenticated');
    }
    const known = door.recall(token);
    if (known !== undefined) return enter(known);
    const pause = verifier.remembers(token) ? 0 : refusals.wait(request.ip);
    if (pause > 0) return void tooMany(reply, refuse, 'refusals', pause);

    door.verify(token).then((verdict) => {
      if (verdict.ok) enter(verdict.principal);
      else turnAway(request, reply, audience, verdict, refuse);
    }, failed);
  }

  function turnAway(
    request: FastifyRequest,
    reply: FastifyReply,
    audience: 'person' | 'bot' | 'hub',
    { status, code, reason, claims, kid, uti }: Verdict<never> & { ok: false },
    refuse: Refuse,
  ): void {
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

  function person(
    audience: 'person' | 'hub',
    tokenOf: (request: FastifyRequest) => string | undefined,
    refuse: Refuse,
  ): Door {
    const { recallPerson: recall, verifyPerson: verify } = verifier;
    return (request, reply, done) => {
      const enter = (caller: PersonPrincipal) => {
        const wait = people.take(`${caller.tenant} ${caller.id}`);
        if (wait > 0) return void tooMany(reply, refuse, 'person', wait);
        request.caller = caller;
        done();
      };
      admit(request, reply, { audience, token: tokenOf(request), recall, verify, refuse }, enter, done);
    };
  }

  function bot(): Door {
    const { recallBot: recall, verifyBot: verify } = verifier;
    return (request, reply, done) => {
      const enter = (caller: BotPrincipal) => {
        const wait = bots.take(`${caller.tenant} ${caller.id}`);
        if (wait > 0) return void tooMany(reply, sendProblem, 'bot', wait);
        request.bot = caller;
        done();
      };
      admit(
        request,
        reply,
        { audience: 'bot', token: inHeader(request), recall, verify, refuse: sendProblem },
        enter,
        done,
      );
    };
  }

  return {
    open(request, reply, done) {
      const wait = addresses.take(request.ip);
      if (wait > 0) tooMany(reply, sendProblem, 'address', wait);
      else done();
    },
    person: person('person', inHeader, sendProblem),
    bot: bot(),
    hub: person('hub', ({ raw }) => hubTokenOf(raw.rawHeaders, raw.url ?? ''), sendStatus),
  };
}

function inHeader(request: FastifyRequest): string | undefined {
  return bearerOf(request.raw.rawHeaders);
}

function sendStatus(reply: FastifyReply, code: ErrorCode, { retryAfter }: ProblemExtra = {}): FastifyReply {
  if (retryAfter !== undefined) reply.header('retry-after', String(Math.max(1, Math.ceil(retryAfter))));
  return reply.code(statusOf(code)).send();
}
