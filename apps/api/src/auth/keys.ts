import { importJWK, type CryptoKey, type JWK } from 'jose';
import { createSteadyClock } from './steady-clock.ts';

/** Whose keys: one tenant's, from one address. */
export type KeySource = Readonly<{ tenant: string; issuer: string; jwksUrl: string; cloudInstance: string }>;

export type KeyAnswer = { found: CryptoKey } | { missing: 'unknown' | 'unavailable' };

/** The signing keys of the tenants, each tenant's apart from the others'. */
export interface Keys {
  /** `unknown`: the tenant has no such key. `unavailable`: its keys cannot be fetched, so nobody knows. */
  get(source: KeySource, kid: string): Promise<KeyAnswer>;
  /** A key of the newest set has verified a token: the set before it is no longer needed. */
  proven(source: KeySource, kid: string): void;
  /** Whether tokens of this tenant could be judged now. */
  ready(source: KeySource): Promise<boolean>;
  /** Called when a tenant stops publishing a key. */
  onWithdrawn(listener: () => void): () => void;
}

export type KeysOptions = {
  /** Fetches a JSON document; rejects when that fails or takes too long. */
  fetchJson: (url: string) => Promise<unknown>;
  /** Milliseconds since 1970. */
  now?: () => number;
  /** Milliseconds of a clock that never jumps. */
  monotonic?: () => number;
  /** Told about failed fetches, for the log. */
  onFailure?: (source: KeySource, error: unknown) => void;
};

const minute = 60_000;
/** After this age a set is refreshed behind the scenes; after the next one it no longer counts. */
const refreshAge = 60 * minute;
const longestAge = 24 * 60 * minute;
/** A key id nobody published causes one fetch per tenant in this time, and is remembered. */
const unknownPause = 5 * minute;
const missingMemory = 15 * minute;
/** How long a set that has not yet verified anything leaves its predecessor in place. */
const unprovenGrace = 60 * minute;
const failurePause = 5_000;
const mostKeys = 1_000;
const mostMissing = 1_000;

/**
 * Caches per tenant and key id, after Microsoft's guidance for validating tokens
 * (https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-signature): hold for 24 h, refresh
 * hourly, on an unknown id at most every 5 minutes, keep the last good set when the fetch fails or brings nothing usable.
 */
export function createKeys({ fetchJson, now: wall = Date.now, monotonic, onFailure }: KeysOptions): Keys {
  const now = createSteadyClock(wall, monotonic);
  const states = new Map<string, State>();
  const listeners = new Set<() => void>();

  function stateOf(source: KeySource): State {
    const name = JSON.stringify([source.tenant, source.issuer, source.jwksUrl, source.cloudInstance]);
    let state = states.get(name);
    if (!state) {
      state = { keys: new Map(), missing: new Map(), proven: false };
      states.set(name, state);
    }
    return state;
  }

  async function get(source: KeySource, kid: string): Promise<KeyAnswer> {
    const state = stateOf(source);
    if (!isFresh(state)) {
      if (!(await refresh(source, state))) return { missing: 'unavailable' };
    } else if (now() - (state.fetchedAt ?? 0) > refreshAge) void refresh(source, state);

    const key = find(state, kid);
    if (key) return { found: key };
    if (state.refreshing) await state.refreshing;
    else if (mayAskFor(state, kid)) {
      state.askedAt = now();
      if (await refresh(source, state)) remember(state, kid);
    }
    const late = find(state, kid);
    if (late) return { found: late };
    return { missing: state.failedAt === undefined ? 'unknown' : 'unavailable' };
  }

  function find(state: State, kid: string): CryptoKey | undefined {
    const { previous } = state;
    return state.keys.get(kid) ?? (previous && now() < previous.until ? previous.keys.get(kid) : undefined);
  }

  function isFresh({ fetchedAt }: State): boolean {
    return fetchedAt !== undefined && now() - fetchedAt < longestAge;
  }

  function mayAskFor({ askedAt, missing }: State, kid: string): boolean {
    return now() >= (missing.get(kid) ?? 0) && (askedAt === undefined || now() - askedAt >= unknownPause);
  }

  function remember(state: State, kid: string): void {
    if (state.keys.has(kid)) return;
    state.missing.set(kid, now() + missingMemory);
    if (state.missing.size > mostMissing) state.missing.delete(state.missing.keys().next().value as string);
  }

  /** One fetch at a time per tenant, and none soon after a failed one. Never rejects. */
  function refresh(source: KeySource, state: State): Promise<boolean> {
    if (state.failedAt !== undefined && now() - state.failedAt < failurePause) return Promise.resolve(false);
    state.refreshing ??= fetchKeys(source)
      .then(
        (keys) => {
          accept(state, keys);
          return true;
        },
        (error: unknown) => {
          state.failedAt = now();
          onFailure?.(source, error);
          return false;
        },
      )
      .finally(() => delete state.refreshing);
    return state.refreshing;
  }

  async function fetchKeys(source: KeySource): Promise<Map<string, CryptoKey>> {
    const document = await fetchJson(source.jwksUrl);
    const list = (document as { keys?: unknown } | null)?.keys;
    if (!Array.isArray(list)) throw new Error('The key document has no list of keys');
    const usable = list.slice(0, mostKeys).filter((jwk): jwk is JWK & { kid: string } => isUsable(jwk, source));
    const imported = await Promise.all(usable.map(importKey));
    const keys = new Map(imported.filter((entry) => entry !== undefined));
    if (keys.size === 0) throw new Error('The key document has no usable key of this issuer');
    return keys;
  }

  function accept(state: State, keys: Map<string, CryptoKey>): void {
    const withdrawn = [...state.keys.keys()].some((kid) => !keys.has(kid));
    const changed = withdrawn || keys.size !== state.keys.size;
    if (state.keys.size > 0 && changed) {
      // A new set counts at once, but until it has verified something its predecessor stays.
      state.previous = {
        keys: state.proven || !state.previous ? state.keys : state.previous.keys,
        until: now() + unprovenGrace,
      };
      state.proven = false;
    }
    state.keys = keys;
    state.fetchedAt = now();
    delete state.failedAt;
    if (withdrawn) for (const listener of listeners) listener();
  }

  return {
    get,
    proven(source, kid) {
      const state = stateOf(source);
      if (!state.keys.has(kid)) return;
      state.proven = true;
      delete state.previous;
    },
    async ready(source) {
      const state = stateOf(source);
      return isFresh(state) || (await refresh(source, state));
    },
    onWithdrawn(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

type State = {
  keys: Map<string, CryptoKey>;
  fetchedAt?: number;
  failedAt?: number;
  /** Last fetch for the sake of an unknown key id. */
  askedAt?: number;
  refreshing?: Promise<boolean>;
  /** Key ids known not to exist, until when. */
  missing: Map<string, number>;
  proven: boolean;
  previous?: { keys: Map<string, CryptoKey>; until: number };
};

/**
 * A key counts only for the issuer it names: without that check a consumer key once signed enterprise tokens.
 * A templated issuer counts for the tenant that is put in.
 */
function isUsable(jwk: unknown, source: KeySource): boolean {
  const { kid, kty, use, alg, issuer, cloud_instance_name: cloud } = (jwk ?? {}) as Record<string, unknown>;
  if (typeof kid !== 'string' || kid.length < 1 || kid.length > 128) return false;
  if (kty !== 'RSA' || (use !== undefined && use !== 'sig') || (alg !== undefined && alg !== 'RS256')) return false;
  if (typeof issuer !== 'string' || issuer.replaceAll('{tenantid}', source.tenant) !== source.issuer) return false;
  return cloud === undefined || cloud === source.cloudInstance;
}

async function importKey({ kid, kty, n, e }: JWK & { kid: string }): Promise<[string, CryptoKey] | undefined> {
  try {
    // Public members only: a document that publishes a private key is not helped by using it.
    return [kid, (await importJWK({ kty, n, e } as JWK, 'RS256')) as CryptoKey];
  } catch {
    return undefined;
  }
}
