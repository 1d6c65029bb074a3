import { createHash, randomBytes } from 'node:crypto';
import { botRole, deskScope } from '../seed.ts';
import type { Bot, Person, Tenant } from '../seed.ts';

export type Claims = Record<string, unknown>;

/** Resource whose token Entra hands out when only OpenID scopes are asked for. */
export const graphAppId = '00000003-0000-0000-c000-000000000000';

/** What a v2.0 token is made from. Times are seconds since the epoch. */
export interface TokenTimes {
  readonly iat: number;
  readonly exp: number;
}

/**
 * Claims of a delegated v2.0 access token for the desk API, in Entra's shape, with the optional claims
 * `idtyp` (with `include_user_token`) and `acct` that the API registration asks for.
 * Source: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
export function personClaims(issuer: string, tenant: Tenant, person: Person, times: TokenTimes): Claims {
  return {
    aud: tenant.apiAppId,
    ...commonClaims(issuer, tenant, times),
    acct: 0,
    azp: tenant.spaAppId,
    azpacr: '0',
    idtyp: 'user',
    name: person.name,
    oid: person.oid,
    preferred_username: person.email,
    roles: [person.role],
    scp: deskScope,
    sub: pairwiseSubject(tenant.apiAppId, person.oid),
  };
}

/** Claims of the token that a console gets when it forgets to ask for the API: useless to the desk, as in the cloud. */
export function graphClaims(issuer: string, tenant: Tenant, person: Person, times: TokenTimes): Claims {
  const { roles: _roles, ...claims } = personClaims(issuer, tenant, person, times);
  return {
    ...claims,
    aud: graphAppId,
    scp: 'openid profile User.Read email',
    sub: pairwiseSubject(graphAppId, person.oid),
  };
}

/** Claims of a bot's app-only v2.0 token for the desk API: roles and no scope. */
export function botClaims(issuer: string, tenant: Tenant, bot: Bot, times: TokenTimes): Claims {
  return {
    aud: tenant.apiAppId,
    ...commonClaims(issuer, tenant, times),
    azp: bot.appId,
    azpacr: '1',
    idtyp: 'app',
    oid: bot.oid,
    roles: [botRole],
    sub: bot.oid,
  };
}

/** Claims that an ID token adds to those of the provider. */
export function idTokenClaims(tenant: Tenant, person: Person): Claims {
  return {
    name: person.name,
    oid: person.oid,
    preferred_username: person.email,
    tid: tenant.tid,
    uti: uniqueTokenIdentifier(),
    ver: '2.0',
  };
}

/** A subject that differs from app to app: the same person cannot be matched across apps by it. */
export function pairwiseSubject(appId: string, oid: string): string {
  return createHash('sha256').update(`${appId}.${oid}`).digest('base64url');
}

/** MSAL's home account, from the `client_info` of a token response. */
export function clientInfo(tid: string, oid: string): string {
  return Buffer.from(JSON.stringify({ uid: oid, utid: tid })).toString('base64url');
}

function commonClaims(issuer: string, tenant: Tenant, { iat, exp }: TokenTimes): Claims {
  return { iss: issuer, iat, nbf: iat, exp, tid: tenant.tid, uti: uniqueTokenIdentifier(), ver: '2.0' };
}

function uniqueTokenIdentifier(): string {
  return randomBytes(16).toString('base64url');
}
