/** How a connection ends: the WebSocket close code, what the client is told, and whether it may come back by itself. */
export interface CloseRule {
  /** WebSocket close code; 1006 is what the client sees when there was no close frame. */
  readonly code: number;
  /** Text of the `error` field of the Close message; `null` sends a Close message without an error. */
  readonly error: string | null;
  /** A client with automatic reconnect dials again only when this is true. */
  readonly allowReconnect: boolean;
}

/**
 * Every way a connection can end. The key is the WebSocket close reason, the `reason` of a `DisconnectError`
 * and the label of `HubStats.closed`.
 *
 * Whether a client may reconnect follows ASP.NET Core: yes after protocol errors, oversize, timeouts and shutdown,
 * no after a failed `onConnected` or an abort by the application.
 */
export const closeRules = {
  'client-closed': { code: 1000, error: null, allowReconnect: false },
  'connection-lost': { code: 1006, error: 'The connection was lost.', allowReconnect: true },
  aborted: { code: 1000, error: null, allowReconnect: false },
  'disconnected-by-server': { code: 1000, error: null, allowReconnect: false },
  'server-shutdown': { code: 1001, error: null, allowReconnect: true },
  'token-expired': { code: 1008, error: 'The access token has expired.', allowReconnect: true },
  'handshake-timeout': { code: 1002, error: 'Handshake was canceled.', allowReconnect: true },
  'handshake-refused': { code: 1002, error: 'The handshake was refused.', allowReconnect: false },
  'connect-failed': { code: 1011, error: 'Connection closed with an error.', allowReconnect: false },
  'client-timeout': {
    code: 1008,
    error:
      "Connection closed with an error. Client hasn't sent a message/ping within the configured ClientTimeoutInterval.",
    allowReconnect: true,
  },
  'protocol-error': { code: 1002, error: 'Connection closed with an error.', allowReconnect: true },
  'message-too-big': { code: 1009, error: 'Connection closed with an error.', allowReconnect: true },
  'frame-too-big': { code: 1009, error: 'The WebSocket message was too big.', allowReconnect: true },
  'rate-limited': { code: 1008, error: 'Too many messages.', allowReconnect: true },
  // Dropped without a word: a close frame would wait behind everything the client does not read.
  'slow-consumer': { code: 1006, error: 'The client reads too slowly.', allowReconnect: true },
} as const satisfies Record<string, CloseRule>;

/** The name of a way to end a connection. */
export type CloseReason = keyof typeof closeRules;

/** Reasons that are an orderly end: `onDisconnected` gets no error for them. */
const orderly: ReadonlySet<CloseReason> = new Set([
  'client-closed',
  'aborted',
  'disconnected-by-server',
  'server-shutdown',
]);

export function isOrderly(reason: CloseReason): boolean {
  return orderly.has(reason);
}
