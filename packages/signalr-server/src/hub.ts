import type { EventMap, HubClients } from './clients.ts';
import type { Connection } from './connection.ts';
import type { AnyMethods, HubDefinition } from './hub-definition.ts';
import { HubEngine } from './hub-engine.ts';
import { resolveOptions, type HubOptions } from './options.ts';
import type { HubStats } from './stats.ts';

/** A hub: what the application holds to send events and to manage connections, also outside of hub methods. */
export interface Hub<Events, Data> {
  readonly clients: HubClients<Events>;
  readonly groups: {
    /** @returns whether the connection is open; adding twice is fine. Takes effect before it returns. */
    add(connectionId: string, group: string): Promise<boolean>;
    /** @returns whether the connection is open; removing from a group it is not in is fine. Takes effect before it returns. */
    remove(connectionId: string, group: string): Promise<boolean>;
  };
  readonly connections: HubConnections<Data>;
  /** Ends one connection. @returns whether it was open */
  disconnect(connectionId: string, options?: DisconnectOptions): boolean;
  /** Ends every connection of a user. @returns how many */
  disconnectUser(userId: string, options?: DisconnectOptions): number;
  stats(): HubStats;
  /**
   * Ends all connections with "you may reconnect", refuses new ones, and resolves when the sockets are gone and every
   * `onDisconnected` has run, or `closeTimeout` later. Runs by itself when the Fastify instance closes.
   */
  close(): Promise<void>;
}

export interface DisconnectOptions {
  /** Shown to the client as the error of its `onclose`. Absent: a close without error. */
  readonly reason?: string;
  /** Whether a client with automatic reconnect may come back. Default false. */
  readonly allowReconnect?: boolean;
}

/** The open connections of this process. */
export interface HubConnections<Data> extends Iterable<HubConnection<Data>> {
  readonly size: number;
  get(connectionId: string): HubConnection<Data> | undefined;
}

export interface HubConnection<Data> {
  readonly id: string;
  readonly user: { readonly id: string };
  readonly data: Data;
  /** In ms since 1970. */
  readonly expiresAt: number;
  readonly groups: ReadonlySet<string>;
}

/**
 * Creates a hub. Map it to a path with `mapHub` or the `signalr` plugin.
 *
 * @typeParam Events what the server sends: an interface of functions, shared with the client
 * @typeParam Data what `authenticate` attaches to a connection
 * @typeParam Methods what clients may call: an interface of functions without the context; optional
 * @throws TypeError when two methods differ only in case, or one is not a function
 * @throws RangeError for an option that is not positive
 */
export function createHub<Events extends EventMap<Events>, Data = undefined, Methods = AnyMethods>(
  definition: HubDefinition<Events, Data, Methods> = {},
  options?: Partial<HubOptions>,
): Hub<Events, Data> {
  const engine = new HubEngine<Events, Data>(definition, resolveOptions(options));
  const { registry } = engine;
  const hub: Hub<Events, Data> = {
    clients: engine.clients,
    groups: {
      add: (connectionId, group) => Promise.resolve(registry.join(connectionId, group)),
      remove: (connectionId, group) => Promise.resolve(registry.leave(connectionId, group)),
    },
    connections: {
      get size() {
        return registry.sizes.connections;
      },
      get: (connectionId) => {
        const connection = registry.get(connectionId);
        return connection && present(connection);
      },
      *[Symbol.iterator]() {
        for (const connection of registry.all()) yield present(connection);
      },
    },
    disconnect: (connectionId, disconnectOptions) => {
      const connection = registry.get(connectionId);
      return connection !== undefined && engine.disconnect([connection], override(disconnectOptions)) === 1;
    },
    disconnectUser: (userId, disconnectOptions) =>
      engine.disconnect(registry.ofUser(userId), override(disconnectOptions)),
    stats: () => engine.stats(),
    close: () => engine.close(),
  };
  engines.set(hub, engine as unknown as HubEngine<never, unknown>);
  return hub;
}

/** The engine behind a hub, for endpoints. @throws TypeError when `hub` does not come from `createHub` */
export function engineOf<Events extends EventMap<Events>, Data>(hub: Hub<Events, Data>): HubEngine<Events, Data> {
  const engine = engines.get(hub);
  if (engine === undefined) throw new TypeError('This hub was not made by createHub().');
  return engine as unknown as HubEngine<Events, Data>;
}

const engines = new WeakMap<object, HubEngine<never, unknown>>();

function present<Data>({ id, principal, groups }: Connection<Data>): HubConnection<Data> {
  return { id, user: principal.user, data: principal.data, expiresAt: principal.expiresAt, groups };
}

function override({ reason, allowReconnect }: DisconnectOptions = {}) {
  return { error: reason, allowReconnect };
}
