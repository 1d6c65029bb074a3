import type { Host } from '@parley/core';
import type { Hub } from '@parley/signalr-server';
import type { HubEvents } from '@parley/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Callback } from './callback.ts';
import { problem, problemType, sendProblem } from './problems.ts';
import type { Push } from './publish.ts';
import type { RouteGroup } from './server.ts';

/** How much goes wrong on purpose. Shares are from 0 to 1, pauses in ms. */
export type Chaos = {
  /** Share of pushes that a connection does not get. */
  readonly drop: number;
  /** Share of pushes that a connection gets twice. */
  readonly double: number;
  /** Each push waits between these for each connection, so that pushes overtake each other. */
  readonly delay: readonly [number, number];
  /** Share of people's calls and of callbacks that fail, half before and half after they had their effect. */
  readonly fail: number;
};

/**
 * Reads `drop=0.1,double=0.1,delay=0-2000,fail=0.05`, each part of it optional; or one number, a percentage of everything.
 *
 * @returns undefined for anything else
 */
export function parseChaos(text: string): Chaos | undefined {
  const percent = /^\d{1,3}$/.test(text) ? Number(text) / 100 : undefined;
  if (percent !== undefined)
    return percent <= 1 ? { drop: percent, double: percent, delay: [0, 500], fail: percent } : undefined;
  const parts = new Map<string, string>(text.split(',').map((part) => [part.split('=')[0]!, part.split('=')[1] ?? '']));
  const known = [...parts.keys()].every((name) => ['drop', 'double', 'delay', 'fail'].includes(name));
  const share = (name: string) => Number(/^(0|1|0?\.\d+)$/.exec(parts.get(name) ?? '0')?.[0]);
  const [drop, double, fail] = [share('drop'), share('double'), share('fail')];
  const [from, to] = (/^\d{1,5}-\d{1,5}$/.exec(parts.get('delay') ?? '0-0')?.[0] ?? '-').split('-').map(parseFloat) as [
    number,
    number,
  ];
  if (!known || ![drop, double, fail, from, to].every(Number.isFinite) || from > to) return undefined;
  return { drop, double, delay: [from, to], fail };
}

/** Faults on purpose, so that recovery is something anyone can watch. For development; production refuses it. */
export function createChaos(
  chaos: Chaos,
  { hub, host }: { hub: Hub<HubEvents, never>; host: Host },
): {
  /** Instead of the hub's own: each connection has its own luck. */
  push: Push;
  callback(send: Callback): Callback;
  /** To be put before the routes that are to fail. */
  routes: RouteGroup;
} {
  const happens = (share: number) => host.random() < share;
  const fates = new WeakMap<FastifyRequest, Fate>();

  return {
    push(to, event, payload, exceptGroups = []) {
      for (const { id, groups } of hub.connections) {
        if (!to.some((group) => groups.has(group)) || exceptGroups.some((group) => groups.has(group))) continue;
        if (happens(chaos.drop)) continue;
        const [from, until] = chaos.delay;
        for (let times = happens(chaos.double) ? 2 : 1; times > 0; times--) {
          const send = () =>
            (hub.clients.client(id) as { send(event: string, payload: unknown): void }).send(event, payload);
          const ms = from + host.random() * (until - from);
          if (ms > 0) host.after(ms, send);
          else send();
        }
      }
    },

    callback: (send) => async (request) => {
      if (!happens(chaos.fail)) return send(request);
      if (happens(0.5)) await send(request);
      throw new Error('CHAOS: the call fails on purpose');
    },

    routes(scope) {
      scope.addHook('onRequest', (request, reply, done) => {
        const fate: Fate = { after: happens(0.5), cut: happens(0.5) };
        if (!happens(chaos.fail)) return done();
        if (fate.after) {
          fates.set(request, fate);
          return done();
        }
        if (!fate.cut) return void sendProblem(reply, 'overloaded', { retryAfter: 1, detail });
        reply.hijack();
        request.raw.socket.destroy();
      });
      scope.addHook('onSend', (request, reply, payload, done) => {
        const fate = fates.get(request);
        if (fate?.cut) request.raw.socket.destroy();
        done(null, fate && !fate.cut ? overloaded(reply) : payload);
      });
    },
  };
}

function overloaded(reply: FastifyReply): string {
  reply.code(503).type(problemType).header('retry-after', '1');
  return JSON.stringify(problem('overloaded', { detail }));
}

const detail = 'CHAOS: this call fails on purpose.';

/** `after` the call had its effect, or before; the connection is `cut`, or 503 answered. */
type Fate = { after: boolean; cut: boolean };
