/** The transports this server offers, in the client's order of preference. Others join here. */
export const availableTransports = [{ transport: 'WebSockets', transferFormats: ['Text', 'Binary'] }];

export type NegotiateRequest = { readonly version: 0 | 1 } | { readonly error: string };

/**
 * Reads the client's `negotiateVersion`; a newer client gets the newest version this server knows.
 * Source: HttpConnectionDispatcher.cs. An `error` is answered with status 200 and becomes the text of `start()`'s error.
 */
export function readNegotiateVersion(value: string | undefined): NegotiateRequest {
  if (value === undefined) return { version: 0 };
  if (!/^\s*[+-]?\d+\s*$/.test(value)) return { error: 'The client requested a non-integer protocol version.' };
  const version = Number(value);
  if (version < 0) {
    return { error: `The client requested version '${version}', but the server does not support this version.` };
  }
  return { version: version === 0 ? 0 : 1 };
}

/** The body of a good negotiate answer. */
export function negotiateAnswer(version: 0 | 1, ids: { connectionId: string; connectionToken: string }): object {
  return version === 0
    ? { negotiateVersion: 0, connectionId: ids.connectionId, availableTransports }
    : { negotiateVersion: 1, ...ids, availableTransports };
}
