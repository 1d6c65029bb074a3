import { randomBytes } from 'node:crypto';
import { isOrderly } from './close-reasons.ts';
import { createCallerClients, createClients, type EventMap, type HubClients } from './clients.ts';
import { Connection, type CloseOverride, type ConnectionHost, type Principal } from './connection.ts';
import { Dispatcher } from './dispatcher.ts';
import { describeError, type DisconnectError } from './errors.ts';
import type { HubContext, HubDefinition } from './hub-definition.ts';
import { Negotiations } from './negotiations.ts';
import { heartbeatInterval, type HubLogger, type HubOptions } from './options.ts';
import { OutgoingMessage, type HubProtocol, type InvocationMessage } from './protocol/hub-protocol.ts';
import { jsonProtocol } from './protocol/json-protocol.ts';
import { ConnectionRegistry } from './registry.ts';
import { Session } from './session.ts';
import { Counters, type HubStats } from './stats.ts';
import type { Target } from './targets.ts';
import type { Transport, TransportListener } from './transport/transport.ts';

/** Everything a hub does, without HTTP. Endpoints bring it transports; the public `Hub` is a view of it. */
export class HubEngine<Events extends EventMap<Events>, Data> implements ConnectionHost<Data> {
  readonly options: HubOptions;
  readonly protocols: readonly HubProtocol[] = [jsonProtocol];
  readonly registry = new ConnectionRegistry<Data>();
  readonly negotiations: Negotiations;
  readonly clients: HubClients<Events>;
  /** Set by the first endpoint unless the options name one. */
  logger: HubLogger | undefined;

  readonly #definition: HubDefinition<Events, Data>;
  readonly #dispatcher: Dispatcher<Events, Data>;
  readonly #counters = new Counters();
  /** Every connection whose transport still exists. */
  readonly #sockets = new Set<Connection<Data>>();
  /** Secret tokens of the connections that are not closed. */
  readonly #tokens = new Set<string>();
  readonly #sessions = new Map<Connection<Data>, Session<Events, Data>>();
  readonly #dirty = new Set<Connection<Data>>();
  readonly #farewells = new Set<Promise<void>>();
  #heartbeat: NodeJS.Timeout | undefined;
  #beatAt = 0;
  #beatSkipped = false;
  #closing: Promise<void> | undefined;
  /** Called when the last socket is gone, once somebody waits for it. */
  #drained: (() => void) | undefined;

  constructor(definition: HubDefinition<Events, Data>, options: HubOptions) {
    this.options = options;
    this.logger = options.logger;
    this.negotiations = new Negotiations(options.negotiationLifetime, options.maxNegotiations);
    this.clients = createClients((target, event, args) => this.deliver(target, event, args));
    this.#definition = definition;
    this.#dispatcher = new Dispatcher(definition.methods, options.detailedErrors, () => this.logger);
  }

  /** False while shutting down and at the limit of connections. */
  get accepts(): boolean {
    return this.#closing === undefined && this.#sockets.size < this.options.maxConnections;
  }

  /** Promises a connection to a user. @returns its public id and the secret token that opens it once */
  negotiate(userId: string, version: 0 | 1): { connectionId: string; connectionToken: string } {
    const connectionId = newId();
    // Version 0 knows only one id, which is then the secret as well.
    const connectionToken = version === 0 ? connectionId : newId();
    this.negotiations.promise(connectionToken, { connectionId, userId }, performance.now());
    this.#keepTime();
    return { connectionId, connectionToken };
  }

  /** Whether a connection opened by this token is alive. */
  isActive(connectionToken: string): boolean {
    return this.#tokens.has(connectionToken);
  }

  /**
   * Takes a fresh transport; the handshake comes next.
   * @param identity from a negotiation, or absent when the client skipped it
   */
  accept(
    principal: Principal<Data>,
    transport: Transport,
    identity = { connectionId: newId(), connectionToken: newId() },
  ): TransportListener {
    const connection = new Connection(identity, principal, transport, this);
    this.#sockets.add(connection);
    this.#tokens.add(identity.connectionToken);
    this.#keepTime();
    if (this.#closing !== undefined) connection.close('server-shutdown');
    return connection;
  }

  /** Sends one event to this process's part of a target; it is encoded once. */
  deliver(target: Target, event: string, args: readonly unknown[]): void {
    const message = new OutgoingMessage({ type: 'invocation', target: event, args, streamIds: [], streaming: false });
    this.#counters.messagesOut += 1;
    for (const connection of this.registry.resolve(target)) {
      if (connection.send(message)) this.#counters.deliveries += 1;
    }
  }

  disconnect(connections: Iterable<Connection<Data>>, override: CloseOverride): number {
    const chosen = [...connections];
    for (const connection of chosen) connection.close('disconnected-by-server', override);
    return chosen.length;
  }

  /** Says goodbye to everyone and waits for their sockets, then for `onDisconnected`, each at most `closeTimeout`. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  stats(): HubStats {
    const { messagesIn, messagesOut, deliveries, bytesOut, closed } = this.#counters;
    return {
      messagesIn,
      messagesOut,
      deliveries,
      bytesOut,
      closed: { ...closed },
      ...this.registry.sizes,
      sockets: this.#sockets.size,
      negotiations: this.negotiations.size,
    };
  }

  scheduleFlush(connection: Connection<Data>): void {
    if (this.#dirty.size === 0) setImmediate(() => this.#flushAll());
    this.#dirty.add(connection);
  }

  opened(connection: Connection<Data>): void {
    const session = this.#createSession(connection);
    this.#sessions.set(connection, session);
    this.registry.add(connection);
    session.start(() => this.#runOnConnected(session));
  }

  invoked(connection: Connection<Data>, message: InvocationMessage): void {
    const session = this.#sessions.get(connection);
    session?.enqueue(() => this.#dispatcher.run(session, message));
  }

  closing(connection: Connection<Data>, cause: DisconnectError): void {
    this.#counters.closed[cause.reason] += 1;
    // Before the client hears of it: a client that dials again at once must find the token gone.
    this.#tokens.delete(connection.token);
    this.#dirty.delete(connection);
    this.registry.remove(connection);
  }

  ended(connection: Connection<Data>, cause: DisconnectError): void {
    const session = this.#sessions.get(connection);
    // A connection that never completed the handshake was never shown to the application.
    if (session === undefined) return;
    this.#sessions.delete(connection);
    session.cancel(cause);
    const farewell = this.#runOnDisconnected(session, cause).finally(() => this.#farewells.delete(farewell));
    this.#farewells.add(farewell);
  }

  released(connection: Connection<Data>): void {
    this.#sockets.delete(connection);
    if (this.#sockets.size === 0) this.#drained?.();
  }

  countIn(): void {
    this.#counters.messagesIn += 1;
  }

  countOut(bytes: number): void {
    this.#counters.bytesOut += bytes;
  }

  /** Deadlines are watched while there is anything to watch. */
  #keepTime(): void {
    if (this.#heartbeat !== undefined) return;
    this.#beatAt = performance.now();
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatInterval(this.options));
    this.#heartbeat.unref();
  }

  #flushAll(): void {
    // A flush may make a connection dirty again; that belongs to the next turn.
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    for (const connection of dirty) connection.flush();
  }

  #beat(): void {
    const now = performance.now();
    // After a stall of the whole process the clients' pings are still unread: look once more before blaming anyone.
    const stalled = !this.#beatSkipped && now - this.#beatAt > 2 * heartbeatInterval(this.options);
    this.#beatAt = now;
    this.#beatSkipped = stalled;
    if (stalled) return;
    const wallNow = this.options.now();
    for (const connection of this.#sockets) connection.checkDeadlines(now, wallNow);
    this.negotiations.forgetExpired(now);
    if (this.#sockets.size === 0 && this.negotiations.size === 0) {
      clearInterval(this.#heartbeat);
      this.#heartbeat = undefined;
    }
  }

  async #runOnConnected({ connection, context }: Session<Events, Data>): Promise<boolean> {
    try {
      await this.#definition.onConnected?.(context);
      return true;
    } catch (error) {
      this.logger?.error({ connectionId: connection.id, err: error }, 'hub onConnected failed');
      connection.close('connect-failed', {
        error: describeError('Connection closed with an error.', error, this.options.detailedErrors),
      });
      return false;
    }
  }

  async #runOnDisconnected(session: Session<Events, Data>, cause: DisconnectError): Promise<void> {
    if (!(await session.settled())) return;
    try {
      await this.#definition.onDisconnected?.(session.context, isOrderly(cause.reason) ? undefined : cause);
    } catch (error) {
      this.logger?.error({ connectionId: session.connection.id, err: error }, 'hub onDisconnected failed');
    }
  }

  async #shutDown(): Promise<void> {
    this.negotiations.clear();
    const drained = new Promise<void>((resolve) => (this.#drained = resolve));
    for (const connection of this.#sockets) connection.close('server-shutdown');
    // The heartbeat drops whoever has not answered within closeTimeout.
    const patience = this.options.closeTimeout + 2 * heartbeatInterval(this.options);
    if (this.#sockets.size > 0) await atMost(patience, drained);
    await atMost(this.options.closeTimeout, Promise.all(this.#farewells));
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
  }

  #createSession(connection: Connection<Data>): Session<Events, Data> {
    const { id, principal } = connection;
    const abort = new AbortController();
    const { registry } = this;
    const context: HubContext<Events, Data> = {
      connectionId: id,
      user: principal.user,
      data: principal.data,
      expiresAt: principal.expiresAt,
      groups: {
        add: (group) => registry.join(id, group),
        remove: (group) => registry.leave(id, group),
        has: (group) => connection.groups.has(group),
      },
      clients: createCallerClients(this.clients, id),
      signal: abort.signal,
      abort: () => connection.close('aborted'),
    };
    return new Session(connection, context, abort, this.options);
  }
}

/** 128 random bits, safe in a URL: the client appends the token without encoding it. */
function newId(): string {
  return randomBytes(16).toString('base64url');
}

async function atMost(patience: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([work, new Promise((resolve) => (timer = setTimeout(resolve, patience)))]);
  clearTimeout(timer);
}
