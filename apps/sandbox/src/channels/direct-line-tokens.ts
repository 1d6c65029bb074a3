import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { errors, jwtVerify, SignJWT } from 'jose';
import type { JWTPayload } from 'jose';
import type { ChannelBot } from './bots.ts';
import { ChannelProblem } from './problems.ts';

/** Seconds a token and a stream address live. */
export const tokenSeconds = 1800;
export const streamSeconds = 60;

const issuer = 'https://directline.botframework.com/';

/** Who calls Direct Line: the holder of a bot's secret, or of a token for one conversation. */
export type DirectLineCaller =
  | { readonly kind: 'secret'; readonly bot: ChannelBot }
  | ({ readonly kind: 'token'; readonly bot: ChannelBot } & TokenGrant);

/** What a token opens. */
export interface TokenGrant {
  readonly conversationId: string;
  /** `dl_…`: the person speaks under this id whatever they say. */
  readonly user?: { readonly id: string; readonly name?: string };
  readonly trustedOrigins?: readonly string[];
}

export interface DirectLineTokens {
  issue(bot: ChannelBot, grant: TokenGrant): Promise<string>;
  /**
   * @param authorization the header.
   * @throws ChannelProblem 401 without a bearer token, 403 for a wrong one, 403 `TokenExpired` for a dead one.
   */
  authenticate(authorization: string | undefined): Promise<DirectLineCaller>;
  /** Leave to open one socket within {@link streamSeconds}; `after` is the place to replay from. */
  issueStream(conversationId: string, after: number): Promise<string>;
  /** @throws ChannelProblem 403. */
  verifyStream(token: string, conversationId: string): Promise<{ after: number }>;
}

/**
 * Direct Line's tokens: JWTs as the real service's, with the claims its clients read (`bot`, `conv`, `user`).
 * Source: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-direct-line-3-0-authentication
 * @param keyFile where the signing key persists; without it tokens die with the process.
 * @param now milliseconds since the epoch.
 */
export function createDirectLineTokens({
  bots,
  now,
  keyFile,
}: {
  bots: readonly ChannelBot[];
  now: () => number;
  keyFile?: string;
}): DirectLineTokens {
  const key = keyFile === undefined ? randomBytes(32) : loadKey(keyFile);

  function sign(audience: string, claims: JWTPayload, seconds: number): Promise<string> {
    const iat = Math.floor(now() / 1000);
    return new SignJWT({ jti: randomBytes(12).toString('base64url'), ...claims })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt(iat)
      .setNotBefore(iat)
      .setExpirationTime(iat + seconds)
      .sign(key);
  }

  async function verify(audience: string, token: string): Promise<JWTPayload> {
    try {
      const options = {
        algorithms: ['HS256'],
        issuer,
        audience,
        requiredClaims: ['exp', 'conv'],
        currentDate: new Date(now()),
      };
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw new ChannelProblem(403, 'TokenExpired', 'Token has expired');
      throw new ChannelProblem(403, 'Forbidden', 'Invalid token or secret');
    }
  }

  return {
    issue(bot, { conversationId, user, trustedOrigins }) {
      const claims = {
        bot: bot.appId,
        site: 'sandbox',
        conv: conversationId,
        ...(user && { user: user.id, ...(user.name !== undefined && { name: user.name }) }),
        ...(trustedOrigins && { trustedOrigins: [...trustedOrigins] }),
      };
      return sign('conversation', claims, tokenSeconds);
    },

    async authenticate(authorization) {
      const bearer = /^Bearer ([^\s]+)$/i.exec(authorization ?? '')?.[1];
      if (bearer === undefined) throw new ChannelProblem(401, 'Unauthorized', 'A bearer token or secret is required');
      const owner = bots.find((bot) => sameText(bot.directLineSecret, bearer));
      if (owner) return { kind: 'secret', bot: owner };
      const claims = await verify('conversation', bearer);
      const bot = bots.find((candidate) => candidate.appId === claims['bot']);
      if (!bot) throw new ChannelProblem(403, 'Forbidden', 'The bot of this token is gone');
      const name = claims['name'];
      return {
        kind: 'token',
        bot,
        conversationId: String(claims['conv']),
        ...(typeof claims['user'] === 'string' && {
          user: { id: claims['user'], ...(typeof name === 'string' && { name }) },
        }),
        ...(Array.isArray(claims['trustedOrigins']) && { trustedOrigins: claims['trustedOrigins'].map(String) }),
      };
    },

    issueStream: (conversationId, after) => sign('stream', { conv: conversationId, after }, streamSeconds),

    async verifyStream(token, conversationId) {
      const claims = await verify('stream', token);
      if (claims['conv'] !== conversationId)
        throw new ChannelProblem(403, 'Forbidden', 'The stream belongs to another conversation');
      return { after: Number(claims['after']) };
    },
  };
}

function sameText(left: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}

function loadKey(file: string): Buffer {
  try {
    return Buffer.from(readFileSync(file, 'utf8'), 'hex');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const key = randomBytes(32);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, key.toString('hex'), { mode: 0o600 });
  return key;
}
