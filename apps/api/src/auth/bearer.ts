/** Longest `Authorization` value looked at, in characters. */
export const longestBearer = 16 * 1024;

/**
 * The token of a request: exactly one `Authorization` header with exactly one `Bearer` token.
 * Node drops all but the first of such headers, hence the raw list.
 * @param rawHeaders names and values in turn, as `IncomingMessage.rawHeaders` has them
 * @returns undefined when there is none or anything is odd about it
 */
export function bearerOf(rawHeaders: readonly string[]): string | undefined {
  const values = rawHeaders.filter(
    (_, position) => position % 2 === 1 && rawHeaders[position - 1]?.toLowerCase() === 'authorization',
  );
  const [value] = values;
  if (values.length !== 1 || value === undefined || value.length > longestBearer) return undefined;
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
