import { timingSafeEqual, createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { paths } from '@parley/contracts';
import type { Stores } from '@parley/core';
import type { FastifyRequest } from 'fastify';
import type { Registry } from 'prom-client';
import { Type } from 'typebox';
import type { Verifier } from './auth/verifier.ts';
import type { Clients } from './clients.ts';
import { Refusal } from './problems.ts';
import type { Api } from './server.ts';

const Health = Type.Object({ status: Type.Literal('ok') }, { additionalProperties: false });
const Check = Type.Union([Type.Literal('ok'), Type.Literal('failing')]);
const Readiness = Type.Object({ status: Check, store: Check, keys: Check }, { additionalProperties: false });

export type HealthDeps = {
  clients: Clients;
  stores: Stores;
  verifier: Verifier;
  registry: Registry;
  metricsToken: string | undefined;
  /** Behind a proxy every request comes from nearby, so nearness proves nothing. */
  behindProxy: boolean;
};

const patience = 3_000;

/** Whether the process is up, whether it can work, and what it measures. */
export function healthRoutes({ clients, stores, verifier, registry, metricsToken, behindProxy }: HealthDeps) {
  const check = sharedCheck(async () => {
    const [store, keys] = await Promise.all([
      succeeds(() => reachStore(clients, stores)),
      succeeds(() => verifier.ready()),
    ]);
    return { status: store && keys ? ('ok' as const) : ('failing' as const), store: word(store), keys: word(keys) };
  });

  return (app: Api): void => {
    app.get(
      paths.health,
      {
        schema: {
          operationId: 'health',
          tags: ['Operations'],
          summary: 'Whether the process is up',
          response: { 200: Health },
        },
      },
      () => ({ status: 'ok' as const }),
    );

    app.get(
      paths.ready,
      {
        schema: {
          operationId: 'ready',
          tags: ['Operations'],
          summary: 'Whether the desk can take work',
          response: { 200: Readiness, 503: Readiness },
        },
      },
      async (_request, reply) => {
        const answer = await check();
        return reply.code(answer.status === 'ok' ? 200 : 503).send(answer);
      },
    );

    app.get(
      paths.metrics,
      {
        schema: {
          operationId: 'metrics',
          tags: ['Operations'],
          summary: 'Measurements in the Prometheus text format',
          response: { 200: Type.String() },
        },
      },
      async (request, reply) => {
        if (!mayRead(request)) throw new Refusal('not-found');
        return reply.type(registry.contentType).send(await registry.metrics());
      },
    );
  };

  function mayRead(request: FastifyRequest): boolean {
    const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (metricsToken !== undefined && token !== undefined) return sameText(token, metricsToken);
    const forwarded =
      behindProxy || request.headers['x-forwarded-for'] !== undefined || request.headers.forwarded !== undefined;
    return !forwarded && isLoopback(request.socket.remoteAddress ?? '');
  }
}

/** Asked often and by anybody, so that the work is done at most once a second. */
function sharedCheck<T>(check: () => Promise<T>): () => Promise<T> {
  let last: { at: number; answer: Promise<T> } | undefined;
  return () => {
    if (!last || performance.now() - last.at > 1_000) last = { at: performance.now(), answer: check() };
    return last.answer;
  };
}

let probes = 0;

async function reachStore(clients: Clients, stores: Stores): Promise<boolean> {
  const client = clients.all().find((each) => each.kind === 'client');
  if (!client) return true;
  const store = await stores.open(client.id);
  // A full disk still reads: only a write of something new tells whether work can be taken.
  await store.putDocument('health', 'probe', { n: ++probes });
  return true;
}

async function succeeds(check: () => Promise<boolean>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, patience, false);
  try {
    return await Promise.race([check(), late]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

function word(works: boolean): 'ok' | 'failing' {
  return works ? 'ok' : 'failing';
}

function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/, '');
  return isIP(plain) === 4 ? plain.startsWith('127.') : plain === '::1';
}

/** Compares digests, so that neither length nor place of the first difference shows in the time it takes. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
