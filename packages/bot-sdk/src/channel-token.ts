import { createHash } from 'node:crypto';
import { decodeProtectedHeader, errors, importJWK, jwtVerify } from 'jose';
import type { CryptoKey, JWK, KeyObject } from 'jose';
import { isRecord } from './text.ts';

export interface ChannelTokenOptions {
  /** The bot's app id: the audience of its channels' tokens. */
  readonly appId: string;
  /** Default: the public Bot Framework's. */
  readonly metadataUrl?: string;
  /** Channels the bot serves. Default: `directline`, `webchat`, `msteams`. */
  readonly channels?: readonly string[];
  /** Seconds a clock may be wrong. Default 300. */
  readonly skewSeconds?: number;
  /** Milliseconds between two fetches of the keys because of an unknown key. Default 5 minutes. */
  readonly refetchMs?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** Why an activity is refused, for a log: who sends it is told nothing but the status. */
export class ChannelTokenError extends Error {
  readonly statusCode: 401 | 403 | 503;

  constructor(statusCode: 401 | 403 | 503, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

export interface ChannelTokenVerifier {
  /**
   * Checks that an activity comes from a channel of this bot.
   * @param authorization the header of the request.
   * @returns the claims of the token.
   * @throws ChannelTokenError 401 without a valid token, 403 when the token does not fit the activity, 503 when no key can be had.
   */
  verify(
    authorization: string | undefined,
    activity: { readonly channelId?: unknown; readonly serviceUrl?: unknown },
  ): Promise<Readonly<Record<string, unknown>>>;
}

const issuer = 'https://api.botframework.com';
const publicMetadata = 'https://login.botframework.com/v1/.well-known/openidconfiguration';
const keyLifetimeMs = 24 * 60 * 60_000;
const fetchMs = 10_000;
const longestToken = 16_384;
const cacheSize = 1_000;

/**
 * The rules a bot must check on every activity. There is no way to turn them off, and no other issuer: tokens of emulators, skills and
 * signed-in users are refused here.
 * Source: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication
 */
export function channelTokenVerifier(options: ChannelTokenOptions): ChannelTokenVerifier {
  if (!options.appId) throw new Error('Parley: appId is missing; without it a token for any bot would do.');
  const now = options.now ?? Date.now;
  const channels = new Set(options.channels ?? ['directline', 'webchat', 'msteams']);
  const skew = options.skewSeconds ?? 300;
  const keys = keySource(options.metadataUrl ?? publicMetadata, options.refetchMs ?? 5 * 60_000, now);
  const known = new Map<string, Verified>();

  async function read(token: string): Promise<Verified> {
    const digest = createHash('sha256').update(token).digest('base64url');
    const before = known.get(digest);
    if (before && before.expiresAt > now()) return before;
    const header = readHeader(token);
    const key = await keys.find(header.kid);
    if (!key) throw new ChannelTokenError(401, 'The token is signed by an unknown key');
    const { payload } = await jwtVerify(token, key.key, {
      algorithms: ['RS256'],
      issuer,
      audience: options.appId,
      requiredClaims: ['exp'],
      clockTolerance: skew,
      currentDate: new Date(now()),
    }).catch((error: unknown) => {
      throw new ChannelTokenError(401, error instanceof errors.JOSEError ? error.code : 'The token cannot be read');
    });
    if (payload.aud !== options.appId) throw new ChannelTokenError(401, 'The token has several audiences');
    const verified = {
      claims: payload as Record<string, unknown>,
      endorsements: key.endorsements,
      expiresAt: payload.exp! * 1000 + skew * 1000,
    };
    if (known.size >= cacheSize) known.delete(known.keys().next().value!);
    known.set(digest, verified);
    return verified;
  }

  return {
    async verify(authorization, activity) {
      const token = /^Bearer ([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$/.exec(
        authorization?.slice(0, longestToken + 8) ?? '',
      )?.[1];
      if (token === undefined || token.length > longestToken) throw new ChannelTokenError(401, 'No bearer token');
      const { claims, endorsements } = await read(token);
      const { channelId, serviceUrl } = activity;
      if (typeof channelId !== 'string' || !channels.has(channelId))
        throw new ChannelTokenError(403, 'The bot does not serve this channel');
      if (!endorsements.includes(channelId))
        throw new ChannelTokenError(403, 'The key does not vouch for this channel');
      if (typeof serviceUrl !== 'string' || serviceUrl === '')
        throw new ChannelTokenError(403, 'The activity has no serviceUrl');
      if (claims['serviceurl'] !== serviceUrl) throw new ChannelTokenError(403, 'The token is for another serviceUrl');
      return claims;
    },
  };
}

/** Checks one activity; for a server use {@link channelTokenVerifier}, which remembers the keys. */
export function verifyChannelToken(
  authorization: string | undefined,
  activity: { readonly channelId?: unknown; readonly serviceUrl?: unknown },
  options: ChannelTokenOptions,
): Promise<Readonly<Record<string, unknown>>> {
  const key = JSON.stringify([
    options.appId,
    options.metadataUrl,
    options.channels,
    options.skewSeconds,
    options.refetchMs,
  ]);
  let verifier = options.now ? undefined : verifiers.get(key);
  if (!verifier) {
    verifier = channelTokenVerifier(options);
    if (!options.now) verifiers.set(key, verifier);
  }
  return verifier.verify(authorization, activity);
}

const verifiers = new Map<string, ChannelTokenVerifier>();

function readHeader(token: string): { kid: string } {
  let header: Record<string, unknown>;
  try {
    header = decodeProtectedHeader(token);
  } catch {
    throw new ChannelTokenError(401, 'The token has no readable header');
  }
  const { alg, kid, typ } = header;
  if (alg !== 'RS256') throw new ChannelTokenError(401, 'The token is not signed with RS256');
  if (typeof kid !== 'string' || kid === '' || kid.length > 128)
    throw new ChannelTokenError(401, 'The token names no key');
  if (typ !== undefined && typ !== 'JWT') throw new ChannelTokenError(401, 'The token is of another type');
  if (['crit', 'jku', 'jwk', 'x5u', 'x5c', 'b64', 'zip'].some((name) => name in header))
    throw new ChannelTokenError(401, 'The token brings its own key');
  return { kid };
}

/** Keys by id, fetched again when old or when an unknown one is named, never more often than `refetchMs`. The last known good ones stay in use. */
function keySource(
  metadataUrl: string,
  refetchMs: number,
  now: () => number,
): { find(kid: string): Promise<ChannelKey | undefined> } {
  let keys = new Map<string, ChannelKey>();
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let triedAt = Number.NEGATIVE_INFINITY;
  let fetching: Promise<void> | undefined;

  async function fetchKeys(): Promise<void> {
    const metadata = await fetchJson(metadataUrl);
    if (metadata['issuer'] !== issuer || typeof metadata['jwks_uri'] !== 'string')
      throw new Error('The OpenID metadata is not the Bot Connector’s');
    const { keys: listed } = await fetchJson(metadata['jwks_uri']);
    if (!Array.isArray(listed)) throw new Error('The keys cannot be read');
    const found = new Map<string, ChannelKey>();
    for (const jwk of listed as (JWK & { endorsements?: unknown })[]) {
      if (jwk.kty !== 'RSA' || !jwk.kid) continue;
      const key = (await importJWK({ ...jwk, alg: 'RS256' }, 'RS256')) as CryptoKey | KeyObject;
      const endorsements = Array.isArray(jwk.endorsements) ? jwk.endorsements.map(String) : [];
      found.set(jwk.kid, { key, endorsements });
    }
    if (found.size === 0) throw new Error('There are no keys');
    keys = found;
    fetchedAt = now();
  }

  function refresh(): Promise<void> {
    triedAt = now();
    fetching ??= fetchKeys().finally(() => {
      fetching = undefined;
    });
    return fetching;
  }

  return {
    async find(kid) {
      const old = now() - fetchedAt > keyLifetimeMs;
      const mayTry = keys.size === 0 ? now() - triedAt >= 1_000 : now() - triedAt >= refetchMs;
      if (fetching ? !keys.has(kid) : (old || !keys.has(kid)) && mayTry) {
        await (fetching ?? refresh()).catch((error: unknown) => {
          if (keys.size === 0)
            throw new ChannelTokenError(503, `The channel's keys cannot be fetched: ${(error as Error).message}`);
        });
      }
      if (keys.size === 0) throw new ChannelTokenError(503, "The channel's keys cannot be fetched");
      return keys.get(kid);
    },
  };
}

async function fetchJson(url: string): Promise<Record<string, unknown>> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(fetchMs) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const value: unknown = await response.json();
  if (!isRecord(value)) throw new Error(`${url} did not answer with an object`);
  return value;
}

interface ChannelKey {
  readonly key: CryptoKey | KeyObject;
  readonly endorsements: readonly string[];
}

interface Verified {
  readonly claims: Record<string, unknown>;
  readonly endorsements: readonly string[];
  readonly expiresAt: number;
}
