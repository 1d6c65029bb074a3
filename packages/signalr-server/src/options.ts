/** Limits and intervals of a hub. Times are milliseconds, sizes are bytes. */
export interface HubOptions {
  /** A ping is sent when nothing was written for this long. Default 15,000. */
  readonly keepAliveInterval: number;
  /** A client that sent no complete message (pings count) for this long is closed. Default 30,000; clients ping every 15 s. */
  readonly clientTimeout: number;
  /** From open socket to complete handshake; traffic does not extend it. Default 15,000. */
  readonly handshakeTimeout: number;
  /** From the server's close frame to the socket's forced end, and the patience of `hub.close()`. Default 5,000. */
  readonly closeTimeout: number;
  /** A negotiated connection that never arrives is forgotten after this. Default 15,000. */
  readonly negotiationLifetime: number;
  /** Negotiated connections kept at once; the oldest gives way. Default 10,000. */
  readonly maxNegotiations: number;
  /** Open sockets; beyond it negotiate and upgrade answer 503. Default unlimited. */
  readonly maxConnections: number;
  /** One incoming hub message, delimiter included. Default 32,768. */
  readonly maxMessageSize: number;
  /** Incoming hub messages per second and socket, on average. Default 50. */
  readonly messagesPerSecond: number;
  /** Incoming hub messages that may arrive at once. Default 500. */
  readonly messageBurst: number;
  /** Invocations running at once per connection. Default 1, which keeps their order. */
  readonly maxParallelInvocations: number;
  /** Invocations waiting per connection before the server stops reading from the socket. Default 128. */
  readonly maxQueuedInvocations: number;
  /** A connection whose unsent output has grown beyond this is dropped. Default 1,048,576. */
  readonly maxBufferedOutput: number;
  /** Show the text of every error to clients. Never in production. Default false. */
  readonly detailedErrors: boolean;
  /** The wall clock that token expiry is measured with, in ms since 1970. Default `Date.now`. */
  readonly now: () => number;
  /** Where failures of hub methods go. Arguments, tokens and results are never logged. Default: the Fastify instance's log. */
  readonly logger: HubLogger | undefined;
}

/** The part of pino's interface that a hub uses. */
export interface HubLogger {
  debug(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

const defaults: HubOptions = {
  keepAliveInterval: 15_000,
  clientTimeout: 30_000,
  handshakeTimeout: 15_000,
  closeTimeout: 5_000,
  negotiationLifetime: 15_000,
  maxNegotiations: 10_000,
  maxConnections: Number.POSITIVE_INFINITY,
  maxMessageSize: 32 * 1024,
  messagesPerSecond: 50,
  messageBurst: 500,
  maxParallelInvocations: 1,
  maxQueuedInvocations: 128,
  maxBufferedOutput: 1024 * 1024,
  detailedErrors: false,
  now: Date.now,
  logger: undefined,
};

/** Fills in the defaults. Throws RangeError for a limit that is not a positive number. */
export function resolveOptions(given: Partial<HubOptions> = {}): HubOptions {
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const options = { ...defaults, ...set };
  for (const [name, value] of Object.entries(options)) {
    if (typeof value === 'number' && !(value > 0))
      throw new RangeError(`${name} must be greater than 0, got ${value}.`);
  }
  return options;
}

/** How often timeouts are looked at: fine enough for the shortest of them, at most once a second. */
export function heartbeatInterval(options: HubOptions): number {
  const shortest = Math.min(
    options.keepAliveInterval,
    options.clientTimeout,
    options.handshakeTimeout,
    options.closeTimeout,
    options.negotiationLifetime,
  );
  return Math.max(10, Math.min(1000, Math.floor(shortest / 4)));
}
