import type { CloseReason } from './close-reasons.ts';

/**
 * An error whose message the calling client may read. Thrown by a hub method, its text arrives in the client's rejected
 * `invoke()`; every other error is hidden behind a general sentence unless `detailedErrors` is on.
 */
export class HubError extends Error {
  override readonly name: string = 'HubError';
}

/** Why a connection ended: given to `onDisconnected` after a disorderly end, and always the reason of `ctx.signal`. */
export class DisconnectError extends Error {
  override readonly name = 'DisconnectError';
  readonly reason: CloseReason;

  constructor(reason: CloseReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The client broke the protocol; the connection ends with this text. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly reason: 'protocol-error' | 'message-too-big';

  constructor(message: string, reason: 'protocol-error' | 'message-too-big' = 'protocol-error') {
    super(message);
    this.reason = reason;
  }
}

/** Sentences the client shows or matches; they equal those of ASP.NET Core's DefaultHubDispatcher.cs. */
export const invocationErrors = {
  unexpected: (method: string): string => `An unexpected error occurred invoking '${method}' on the server.`,
  unknownMethod: (method: string): string =>
    `Failed to invoke '${method}' due to an error on the server. HubException: Method does not exist.`,
  notStreaming: (method: string): string =>
    `The client attempted to invoke the non-streaming '${method}' method with a streaming invocation.`,
  streamCount: (method: string, sent: number): string =>
    `${invocationErrors.unexpected(method)} HubException: Client sent ${sent} stream(s), Hub method expects 0.`,
};

/** Appends what the client may know about `error` to a general sentence. */
export function describeError(sentence: string, error: unknown, detailed: boolean): string {
  if (error instanceof HubError) return `${sentence} HubException: ${error.message}`;
  if (!detailed) return sentence;
  return error instanceof Error ? `${sentence} ${error.name}: ${error.message}` : `${sentence} ${String(error)}`;
}
