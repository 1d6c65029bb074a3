import { randomInt } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { bots, findTenant } from '../seed.ts';
import type { Bot, Person, Tenant } from '../seed.ts';
import { botClaims, personClaims } from './claims.ts';
import type { Claims } from './claims.ts';
import { signCompact } from './compact-jws.ts';
import { createKeyRing } from './keys.ts';
import type { KeyRing, SigningKey } from './keys.ts';

/** Base of the issuers: MSAL insists on an https authority, so it is a name that nobody resolves. */
export const defaultIssuerBase = 'https://login.sandbox.test';
/** Stands for Entra's `microsoftonline.com` in metadata and keys. */
export const cloudInstanceName = 'sandbox.test';

export interface EntraKey {
  readonly kty: 'RSA';
  readonly use: 'sig';
  readonly alg: 'RS256';
  readonly kid: string;
  readonly x5t: string;
  readonly n: string;
  readonly e: string;
  readonly cloud_instance_name: string;
  readonly issuer: string;
}

export interface MintRequest {
  readonly tid: string;
  /** Object id, e-mail address or person of that tenant, or `{ bot }`: the app id of its bot. */
  readonly subject: string | Person | { readonly bot: string };
  /** Default 60 to 90 minutes, as Entra draws it. */
  readonly lifetimeSeconds?: number;
  /** Laid over the valid claims; `undefined` removes one. */
  readonly claims?: Claims;
  /** Laid over the valid header; `undefined` removes a member. */
  readonly header?: Record<string, unknown>;
  /** Signs instead of the tenant's key. The header's `kid` stays the tenant's unless overridden. */
  readonly key?: SigningKey | KeyObject | Uint8Array;
}

export interface Identity {
  readonly issuerBase: string;
  readonly keyRing: KeyRing;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** `iss` of the tenant's tokens. */
  issuer(tid: string): string;
  /** The tenant's key set, as published under `/{tid}/discovery/v2.0/keys`. */
  jwks(tid: string): Promise<{ keys: EntraKey[] }>;
  /** A signed v2.0 access token for the desk API, valid unless the request says otherwise.
   * @throws for a tenant, person or bot that the seed does not have. */
  mint(request: MintRequest): Promise<string>;
  /** Adds a key, which signs from now on. @returns its `kid` */
  rotateKey(tid: string): Promise<string>;
  /** Stops publishing a key; the last one cannot go. */
  withdrawKey(tid: string, kid: string): Promise<void>;
}

/**
 * The tenants' issuer without HTTP: real RSA keys, real signatures. The sandbox server signs with the same.
 * @param now milliseconds since the epoch.
 * @param dataDirectory where keys persist; without it they last as long as the object.
 */
export function createIdentity({
  now = Date.now,
  dataDirectory,
  issuerBase = defaultIssuerBase,
  keyRing = createKeyRing(dataDirectory),
}: {
  now?: () => number;
  dataDirectory?: string | undefined;
  issuerBase?: string;
  keyRing?: KeyRing;
} = {}): Identity {
  const issuer = (tid: string) => `${issuerBase}/${tid}/v2.0`;

  return {
    issuerBase,
    keyRing,
    now,
    issuer,

    async jwks(tid) {
      const keys = await keyRing.keys(requireTenant(tid).tid);
      return { keys: keys.map((key) => entraKey(key, issuer(tid))) };
    },

    async mint({ tid, subject, lifetimeSeconds = accessTokenLifetime(), claims = {}, header = {}, key }) {
      const tenant = requireTenant(tid);
      const [own] = await keyRing.keys(tid);
      if (!own) throw new Error(`No signing key for ${tid}`);
      const iat = Math.floor(now() / 1000);
      const times = { iat, exp: iat + lifetimeSeconds };
      const valid =
        typeof subject === 'object' && 'bot' in subject
          ? botClaims(issuer(tid), tenant, requireBot(tenant, subject.bot), times)
          : personClaims(issuer(tid), tenant, requirePerson(tenant, subject), times);
      return signCompact({ ...tokenHeader(own), ...header }, { ...valid, ...claims }, signer(key ?? own));
    },

    async rotateKey(tid) {
      return (await keyRing.rotate(requireTenant(tid).tid)).kid;
    },
    withdrawKey: (tid, kid) => keyRing.withdraw(tid, kid),
  };
}

/** Entra draws the lifetime of an access token between 60 and 90 minutes. Seconds. */
export function accessTokenLifetime(): number {
  return randomInt(3600, 5401);
}

export function tokenHeader(key: SigningKey): Record<string, unknown> {
  return { typ: 'JWT', alg: 'RS256', kid: key.kid, x5t: key.kid };
}

export function findPerson(tenant: Tenant, subject: string | Person): Person | undefined {
  const wanted = typeof subject === 'string' ? subject : subject.oid;
  return tenant.people.find((person) => person.oid === wanted || person.email === wanted);
}

function entraKey({ kid, publicJwk }: SigningKey, issuer: string): EntraKey {
  return { ...publicJwk, use: 'sig', alg: 'RS256', kid, x5t: kid, cloud_instance_name: cloudInstanceName, issuer };
}

function signer(key: SigningKey | KeyObject | Uint8Array): KeyObject | Uint8Array {
  return 'privateKey' in key ? key.privateKey : key;
}

function requireTenant(tid: string): Tenant {
  const tenant = findTenant(tid);
  if (!tenant) throw new Error(`The sandbox has no tenant ${tid}`);
  return tenant;
}

function requirePerson(tenant: Tenant, subject: string | Person): Person {
  const person = findPerson(tenant, subject);
  if (!person) throw new Error(`${tenant.name} has no such person`);
  return person;
}

function requireBot(tenant: Tenant, appId: string): Bot {
  const bot = bots.find((candidate) => candidate.appId === appId && candidate.tenant === tenant);
  if (!bot) throw new Error(`${tenant.name} has no bot ${appId}`);
  return bot;
}
