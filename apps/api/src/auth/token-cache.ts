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

/**
 * Digests of the tokens of this moment: one request asks several caches, and a busy caller comes back within
 * milliseconds. Found by the end of the signature and then compared as a whole; few, and dropped every few seconds, so
 * that the process holds no collection of tokens.
 */
const moment = new Map<string, { token: string; name: string }>();
let momentEnds = 0;
const momentMs = 5_000;
const mostInMoment = 64;

function nameOf(token: string): string {
  const now = performance.now();
  if (now > momentEnds || moment.size > mostInMoment) {
    moment.clear();
    momentEnds = now + momentMs;
  }
  const end = token.slice(-40);
  const known = moment.get(end);
  if (known?.token === token) return known.name;
  const name = hash('sha256', token, 'base64');
  moment.set(end, { token, name });
  return name;
}
