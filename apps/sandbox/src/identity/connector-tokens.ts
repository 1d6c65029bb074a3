import { randomUUID } from 'node:crypto';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import type { JSONWebKeySet, JWK } from 'jose';
import { bots } from '../seed.ts';
import { createKeyRing } from './keys.ts';
import type { KeyRing } from './keys.ts';

/** Issuer and audience of the tokens between a bot and its channels. */
export const botFrameworkIssuer = 'https://api.botframework.com';
/** Tenant in which Microsoft's token service signs for multi-tenant bots. */
export const botFrameworkTenant = 'd6d49420-f39b-4df7-a1dc-d59a935871db';
/** Channels for which the Connector key vouches. */
export const endorsements = ['directline', 'webchat', 'msteams'] as const;

const keyOwner = 'bot-connector';
const botTokenSeconds = 3600;
const skewSeconds = 300;

export interface ConnectorTokens {
  /**
   * A token with which a channel calls a bot.
   * @param appId the bot's app id: the audience.
   * @param serviceUrl root of the Connector, exactly as the activity carries it.
   * @param lifetimeSeconds negative for a token that is already dead. Default one hour.
   */
  sign(request: { appId: string; serviceUrl: string; lifetimeSeconds?: number }): Promise<string>;
  /**
   * Checks the token with which a bot calls the Connector.
   * @throws when it is not a live token for the Connector, issued here to a bot of the seed.
   */
  verifyBotToken(token: string): Promise<{ appId: string }>;
  /** Issues what {@link ConnectorTokens.verifyBotToken} accepts. `tid` is the tenant whose endpoint was asked. */
  mintBotToken(request: { appId: string; tid?: string; lifetimeSeconds?: number }): Promise<string>;
  /** Body of `/v1/.well-known/openidconfiguration`. */
  metadata(publicUrl: string): object;
  /** Body of `/v1/.well-known/keys`. */
  jwks(): Promise<JSONWebKeySet>;
  /** Adds a Connector key, which signs from now on. */
  rotateKey(): Promise<string>;
}

/**
 * The Bot Framework's two token services. Channels sign with the Bot Connector key; bots get a v1.0 token
 * for `https://api.botframework.com`, signed with the key of the tenant they asked.
 * Source: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication
 * @param now milliseconds since the epoch.
 */
export function createConnectorTokens({
  keyRing = createKeyRing(),
  now = Date.now,
}: { keyRing?: KeyRing; now?: () => number } = {}): ConnectorTokens {
  const seconds = () => Math.floor(now() / 1000);

  async function signWith(owner: string, claims: Record<string, unknown>, lifetime: number): Promise<string> {
    const [key] = await keyRing.keys(owner);
    if (!key) throw new Error(`No signing key for ${owner}`);
    const iat = seconds();
    return new SignJWT({ iat, nbf: Math.min(iat, iat + lifetime), exp: iat + lifetime, ...claims })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: key.kid, x5t: key.kid })
      .sign(key.privateKey);
  }

  return {
    sign({ appId, serviceUrl, lifetimeSeconds = 3600 }) {
      return signWith(keyOwner, { iss: botFrameworkIssuer, aud: appId, serviceurl: serviceUrl }, lifetimeSeconds);
    },

    async verifyBotToken(token) {
      const tid = tenantOfKey(decodeProtectedHeader(token).kid, await botIssuers(keyRing));
      const { payload } = await jwtVerify(token, createLocalJWKSet({ keys: await publicKeys(keyRing, tid) }), {
        algorithms: ['RS256'],
        issuer: v1Issuer(tid),
        audience: botFrameworkIssuer,
        requiredClaims: ['exp', 'nbf', 'iat', 'appid'],
        clockTolerance: skewSeconds,
        currentDate: new Date(now()),
      });
      const bot = bots.find((candidate) => candidate.appId === payload['appid']);
      if (!bot) throw new Error('The token was issued to no bot of this sandbox');
      return { appId: bot.appId };
    },

    mintBotToken({ appId, tid = botFrameworkTenant, lifetimeSeconds = botTokenSeconds }) {
      const claims = {
        aud: botFrameworkIssuer,
        iss: v1Issuer(tid),
        appid: appId,
        appidacr: '1',
        idp: v1Issuer(tid),
        tid,
        uti: randomUUID().replaceAll('-', '').slice(0, 22),
        ver: '1.0',
      };
      return signWith(tid, claims, lifetimeSeconds);
    },

    metadata: (publicUrl) => ({
      issuer: botFrameworkIssuer,
      authorization_endpoint: 'https://invalid.botframework.com',
      jwks_uri: `${publicUrl}/v1/.well-known/keys`,
      id_token_signing_alg_values_supported: ['RS256'],
      token_endpoint_auth_methods_supported: ['private_key_jwt'],
    }),

    async jwks() {
      const keys = await publicKeys(keyRing, keyOwner);
      return { keys: keys.map((key) => ({ ...key, x5t: key.kid!, endorsements: [...endorsements] })) };
    },

    async rotateKey() {
      return (await keyRing.rotate(keyOwner)).kid;
    },
  };
}

function v1Issuer(tid: string): string {
  return `https://sts.windows.net/${tid}/`;
}

async function publicKeys(keyRing: KeyRing, owner: string): Promise<JWK[]> {
  const keys = await keyRing.keys(owner);
  return keys.map(({ kid, publicJwk }) => ({ ...publicJwk, kid, use: 'sig', alg: 'RS256' }));
}

/** Which tenant owns which key id, over all tenants that may issue bot tokens. */
async function botIssuers(keyRing: KeyRing): Promise<ReadonlyMap<string, string>> {
  const owners = [botFrameworkTenant, ...bots.map((bot) => bot.tenant.tid)];
  const entries = owners.map(async (tid) => (await keyRing.keys(tid)).map((key): [string, string] => [key.kid, tid]));
  return new Map((await Promise.all(entries)).flat());
}

function tenantOfKey(kid: string | undefined, owners: ReadonlyMap<string, string>): string {
  const tid = kid === undefined ? undefined : owners.get(kid);
  if (!tid) throw new Error('The token is signed by no key of this sandbox');
  return tid;
}
