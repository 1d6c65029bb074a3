import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Store, Stores } from '@parley/core';
import type { Callback } from './callback.ts';
import type { Push } from './publish.ts';

/** Moments at which a process can be made to die as if its power was cut, in the order in which a reply passes them. */
export const failpoints = ['before-commit', 'after-commit', 'after-acknowledgement', 'after-delivery'] as const;

/** Dies when it comes to this moment for the `nth` time, counted from 1. */
export type Failpoint = { at: (typeof failpoints)[number]; nth: number };

type Parts = { stores: Stores; push: Push; callback: Callback };

/**
 * Puts a failpoint between the desk and what it works with; for proofs that kill it, and refused in production.
 * Without one the parts stay what they are, so that nothing is paid for it.
 *
 * - `before-commit`: the change is decided and not stored; what comes after it in the next moment is not either.
 * - `after-commit`: it is durable and nobody was told.
 * - `after-acknowledgement`: who made it was told, and no push of it has left.
 * - `after-delivery`: the bot's side has taken it, and the desk has not noted that.
 */
export function withFailpoint<P extends Parts>(failpoint: Failpoint | undefined, parts: P): P {
  if (!failpoint) return parts;
  const { at, nth } = failpoint;
  let passed = 0;
  const due = () => ++passed >= nth;

  switch (at) {
    case 'before-commit': {
      let stuck = false;
      return {
        ...parts,
        stores: committing(parts.stores, (commit) => {
          if (!stuck && !due()) return commit();
          // Nothing is stored from now on, and there is time to tell somebody of it who should not be told.
          if (!stuck) setTimeout(die, 20);
          stuck = true;
          return new Promise(() => undefined);
        }),
      };
    }
    case 'after-commit':
      return {
        ...parts,
        stores: committing(parts.stores, async (commit) => {
          const result = await commit();
          if (due()) die();
          return result;
        }),
      };
    case 'after-acknowledgement': {
      let silent = false;
      // The desk pushes before it answers, so the pushes are held back until an answer has left.
      subscribe('http.server.response.finish', (message) => {
        const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
        if (silent && request.method === 'POST' && response.statusCode < 300) die();
      });
      return {
        ...parts,
        stores: committing(parts.stores, async (commit) => {
          const result = await commit();
          silent ||= due();
          return result;
        }),
        push: (...given) => {
          if (!silent) parts.push(...given);
        },
      };
    }
    case 'after-delivery':
      return {
        ...parts,
        callback: async (request) => {
          const answer = await parts.callback(request);
          if (answer.status < 300 && due()) die();
          return answer;
        },
      };
  }
}

type Commit = () => ReturnType<Store['commit']>;

/** Stands in for `commit` of every store, where it writes entries. */
function committing(stores: Stores, around: (commit: Commit) => ReturnType<Store['commit']>): Stores {
  const watched = (store: Store): Store =>
    new Proxy(store, {
      get(target, name) {
        if (name === 'commit')
          return (...given: Parameters<Store['commit']>) =>
            given[2].length > 0 ? around(() => target.commit(...given)) : target.commit(...given);
        const member: unknown = Reflect.get(target, name);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
  return { open: async (client) => watched(await stores.open(client)), close: () => stores.close() };
}

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}
