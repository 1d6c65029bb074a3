import { hash } from 'node:crypto';

/** Remembers by the SHA-256 of a token what its verification came to; the token itself is not kept. */
export interface TokenCache<T> {
  get(token: string): T | undefined;
  /** @param until milliseconds on the clock of the cache */
  set(token: string, value: T, until: number): void;
  clear(): void;
  readonly size: number;
}

/**
 * @param options.max entries kept; the longest unused gives way
 * @param options.now milliseconds
 */
export function createTokenCache<T>({ max, now }: { max: number; now: () => number }): TokenCache<T> {
  const entries = new Map<string, { value: T; until: number }>();
  return {
    get(token) {
      const name = nameOf(token);
      const entry = entries.get(name);
      if (!entry) return undefined;
      entries.delete(name);
      if (now() >= entry.until) return undefined;
      entries.set(name, entry);
      return entry.value;
    },
    set(token, value, until) {
      const name = nameOf(token);
      entries.delete(name);
      entries.set(name, { value, until });
      if (entries.size > max) entries.delete(entries.keys().next().value as string);
    },
    clear: () => entries.clear(),
    get size() {
      return entries.size;
    },
  };
}

/** One request asks several caches about one token: it is digested once. */
let latest = { token: '', name: '' };

function nameOf(token: string): string {
  if (latest.token !== token) latest = { token, name: hash('sha256', token, 'base64') };
  return latest.name;
}
