import { hash } from 'node:crypto';

/** Remembers by the SHA-256 of a token what its verification came to; the entries do not hold the token. */
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
  const entries = new Map<string, { value: T; until: number; moved: number }>();
  return {
    get(token) {
      const name = nameOf(token);
      const entry = entries.get(name);
      if (!entry) return undefined;
      const time = now();
      if (time >= entry.until) {
        entries.delete(name);
        return undefined;
      }
      if (Math.abs(time - entry.moved) > moveAfterMs) {
        entries.delete(name);
        entry.moved = time;
        entries.set(name, entry);
      }
      return entry.value;
    },
    set(token, value, until) {
      const name = nameOf(token);
      entries.delete(name);
      entries.set(name, { value, until, moved: now() });
      if (entries.size > max) entries.delete(entries.keys().next().value as string);
    },
    clear: () => entries.clear(),
    get size() {
      return entries.size;
    },
  };
}

/** How long an entry keeps its place among the unused ones. */
const moveAfterMs = 1_000;

/** One request asks several caches about one token: it is digested once. Only the token of the latest request is at hand. */
let latest = { token: '', name: '' };

function nameOf(token: string): string {
  if (latest.token !== token) latest = { token, name: hash('sha256', token, 'base64') };
  return latest.name;
}
