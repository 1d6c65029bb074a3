/** Longest `Authorization` value looked at, in characters. */
export const longestBearer = 16 * 1024;

/**
 * The token of a request: exactly one `Authorization` header with exactly one `Bearer` token.
 * Node drops all but the first of such headers, hence the raw list.
 * @param rawHeaders names and values in turn, as `IncomingMessage.rawHeaders` has them
 * @returns undefined when there is none or anything is odd about it
 */
export function bearerOf(rawHeaders: readonly string[]): string | undefined {
  let value: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    if (name.length !== 13 || name.toLowerCase() !== 'authorization') continue;
    if (value !== undefined) return undefined;
    value = rawHeaders[at + 1];
  }
  if (value === undefined || value.length > longestBearer) return undefined;
  return /^Bearer ([\w.-]+)$/i.exec(value)?.[1];
}

/**
 * The token of a hub request. Browsers cannot set headers on a WebSocket, so `?access_token=` counts too: but only one
 * of the two, once.
 */
export function hubTokenOf(rawHeaders: readonly string[], url: string): string | undefined {
  const query = new URLSearchParams(url.split('?')[1] ?? '');
  const inQuery = query.getAll('access_token');
  if (inQuery.length === 0) return bearerOf(rawHeaders);
  const hasHeader = rawHeaders.some((name, position) => position % 2 === 0 && name.toLowerCase() === 'authorization');
  const [token] = inQuery;
  if (inQuery.length > 1 || hasHeader || token === undefined || token.length > longestBearer) return undefined;
  return /^[\w.-]+$/.test(token) ? token : undefined;
}
