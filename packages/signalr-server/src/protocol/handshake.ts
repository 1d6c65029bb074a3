import { ProtocolError } from '../errors.ts';
import type { HubProtocol } from './hub-protocol.ts';
import { parseObject, recordSeparator } from './json-protocol.ts';

/** The answer to a good handshake. It is text for every protocol, and nothing may precede it. */
export const handshakeAccepted = Buffer.from('{}\x1e');

/** The answer that makes the client's `start()` fail with `Server returned handshake error: ${error}`. */
export function handshakeError(error: string): Buffer {
  return Buffer.from(`${JSON.stringify({ error })}\x1e`);
}

export type HandshakeOutcome =
  | { readonly protocol: HubProtocol; readonly rest: Buffer }
  | { readonly error: string }
  | undefined;

/**
 * Reads the handshake request at the start of a connection's bytes.
 * @returns `undefined` while it is incomplete; else the protocol and the bytes that follow, or the refusal's text.
 */
export function readHandshake(received: Buffer, protocols: readonly HubProtocol[]): HandshakeOutcome {
  const end = received.indexOf(recordSeparator);
  if (end === -1) return undefined;
  let request: Record<string, unknown>;
  try {
    request = parseObject(received.toString('utf8', 0, end));
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { error: 'An unexpected error occurred during connection handshake.' };
  }
  const { protocol: name, version } = request;
  if (typeof name !== 'string' || !Number.isInteger(version)) {
    return { error: 'An unexpected error occurred during connection handshake.' };
  }
  const protocol = protocols.find((candidate) => candidate.name === name.toLowerCase());
  if (protocol === undefined) return { error: `The protocol '${name}' is not supported.` };
  if (!protocol.versions.has(version as number)) {
    return { error: `The server does not support version ${String(version)} of the '${name}' protocol.` };
  }
  return { protocol, rest: received.subarray(end + 1) };
}
