import { botRole, type ErrorCode, type Role } from '@parley/contracts';
import { jwtVerify, type CryptoKey } from 'jose';
import type { Client, Clients } from '../clients.ts';
import type { Keys } from './keys.ts';
import { displayName, principal, type BotPrincipal, type PersonPrincipal } from './principals.ts';
import { deny, forbid, Refused } from './refused.ts';
import { createSteadyClock } from './steady-clock.ts';
import type { StrictObject } from './strict-json.ts';
import { readTokenText } from './token-text.ts';
import { createTokenCache } from './token-cache.ts';

export type Verdict<P> =
  | Readonly<{ ok: true; principal: P }>
  | Readonly<{
      ok: false;
      status: 401 | 403 | 503;
      code: ErrorCode;
      /** Stable word for the log; the caller never learns it. */
      reason: string;
      /** Claims challenge of continuous access evaluation, base64. */
      claims?: string;
      /** Of the refused token, for the log; only where they look harmless. */
      kid?: string;
      uti?: string;
    }>;

/** The one judge of tokens: REST, hub and tests all ask it. */
export interface Verifier {
  verifyPerson(token: string): Promise<Verdict<PersonPrincipal>>;
  verifyBot(token: string): Promise<Verdict<BotPrincipal>>;
  /** Whom a token speaks for, where that was found out before; undefined where it must be verified. */
  recallPerson(token: string): PersonPrincipal | undefined;
  recallBot(token: string): BotPrincipal | undefined;
  /** Whether judging this token costs next to nothing, because the answer is remembered. */
  remembers(token: string): boolean;
  /** Whether tokens of at least one client can be judged. */
  ready(): Promise<boolean>;
}

export type VerifierOptions = {
  clients: Clients;
  keys: Keys;
  /** Milliseconds since 1970. */
  now?: () => number;
  /** Milliseconds of a clock that never jumps. */
  monotonic?: () => number;
  /** Seconds. */
  clockTolerance?: number;
};

const longestLifetime = 28 * 60 * 60;
const badSignatureMemory = 60_000;
const guid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;
const nobody = '00000000-0000-0000-0000-000000000000';

export function createVerifier({
  clients,
  keys,
  now = Date.now,
  monotonic,
  clockTolerance = 60,
}: VerifierOptions): Verifier {
  const clock = createSteadyClock(now, monotonic);
  const people = createTokenCache<PersonPrincipal>({ max: 20_000, now: clock });
  const bots = createTokenCache<BotPrincipal>({ max: 1_000, now: clock });
  const badSignatures = createTokenCache<true>({ max: 10_000, now: clock });
  const forget = () => {
    people.clear();
    bots.clear();
  };
  clients.onChange(forget);
  keys.onWithdrawn(forget);

  /** What holds for every token, whoever it speaks for: steps 2 to 7 of the strict order. */
  async function authenticate(
    token: string,
  ): Promise<{ client: Client; claims: StrictObject; exp: number; iat: number }> {
    const { kid, payload } = readTokenText(token);
    const { tid, aud } = payload;
    if (typeof tid !== 'string' || !guid.test(tid)) deny('tid');
    if (typeof aud !== 'string') deny('aud');
    const client = clients.byAudience(tid, aud) ?? deny('unknown-client');

    const answer = await keys.get(client, kid);
    if ('missing' in answer)
      throw answer.missing === 'unknown'
        ? new Refused('unauthenticated', 'kid-unknown')
        : new Refused('keys-unavailable', 'keys-unavailable');
    if (badSignatures.get(token)) deny('signature-remembered');
    const time = clock();
    await checkSignature(token, answer.found, client, time);
    keys.proven(client, kid);

    const { iss, oid, azp, ver, exp, nbf, iat } = payload;
    if (ver !== '2.0') deny('ver');
    if (typeof iss !== 'string' || !iss.includes(tid)) deny('iss');
    if (typeof oid !== 'string' || !guid.test(oid) || oid === nobody) deny('oid');
    if (typeof azp !== 'string' || !guid.test(azp)) deny('azp');
    if (!isSeconds(exp) || !isSeconds(nbf) || !isSeconds(iat)) deny('times');
    if (iat > time / 1000 + clockTolerance) deny('iat-future');
    if (exp - iat > longestLifetime + clockTolerance) deny('lifetime');
    if ('nonce' in payload) deny('id-token');
    if (client.suspended) throw new Refused('client-suspended', 'client-suspended');
    return { client, claims: payload, exp, iat };
  }

  async function checkSignature(token: string, key: CryptoKey, client: Client, time: number): Promise<void> {
    try {
      await jwtVerify(token, key, {
        algorithms: ['RS256'],
        issuer: client.issuer,
        audience: client.audience,
        requiredClaims: ['exp', 'nbf', 'iat', 'tid', 'oid', 'ver', 'azp'],
        clockTolerance,
        currentDate: new Date(time),
      });
    } catch (error) {
      const { code = 'jose', claim = '' } = error as { code?: string; claim?: string };
      if (code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED') badSignatures.set(token, true, time + badSignatureMemory);
      deny(['jose', code.replace(/^ERR_/, '').toLowerCase().replaceAll('_', '-'), claim].filter(Boolean).join(':'));
    }
  }

  async function person(token: string): Promise<PersonPrincipal> {
    const { client, claims, exp, iat } = await authenticate(token);
    const {
      scp,
      roles,
      azp,
      azpacr,
      idtyp,
      acct,
      idp,
      iss,
      oid,
      tid,
      name,
      preferred_username: loginName,
      uti,
    } = claims;
    if (scp !== undefined && typeof scp !== 'string') deny('scp-type');
    const known = clients.person(client, oid as string);
    if (known?.tokensValidFrom !== undefined && iat < known.tokensValidFrom)
      deny('signed-out', claimsChallenge(claims, known.tokensValidFrom));

    if (idtyp !== 'user') forbid('idtyp');
    if (!client.allowedApps.includes(azp as string)) forbid('azp');
    if (azpacr !== undefined && azpacr !== '0') forbid('azpacr');
    const scopes = (scp ?? '').split(' ');
    if (!client.scopes.every((scope) => scopes.includes(scope))) forbid('scp');
    const isGuest = (acct !== undefined && acct !== 0) || (idp !== undefined && idp !== iss);
    if (isGuest && !client.allowGuests) forbid('guest');
    if (known?.disabled) forbid('disabled');
    const held = deskRoles(client, roles);
    if (held.length === 0) forbid('no-role');

    const id = oid as string;
    return principal({
      type: 'person',
      client: client.id,
      tenant: tid as string,
      id,
      name: displayName(name, displayName(loginName, id)),
      roles: held,
      scopes: scopes.filter((scope) => client.scopes.includes(scope)),
      exp,
      uti: tokenId(uti),
    });
  }

  async function bot(token: string): Promise<BotPrincipal> {
    const { client, claims, exp } = await authenticate(token);
    const { scp, roles, azp, azpacr, idtyp, tid, uti } = claims;
    if (idtyp !== 'app' || scp !== undefined) forbid('not-an-app');
    if (azpacr !== '1' && azpacr !== '2') forbid('azpacr');
    if (!isTexts(roles) || !roles.includes(botRole)) forbid('no-role');
    const registered = clients.bot(client, azp as string) ?? forbid('unknown-bot');
    return principal({
      type: 'bot',
      client: client.id,
      tenant: tid as string,
      id: registered.id,
      appId: registered.appId,
      name: registered.name,
      exp,
      uti: tokenId(uti),
    });
  }

  async function judge<P extends { exp: number }>(
    token: string,
    cache: ReturnType<typeof createTokenCache<P>>,
    verify: (token: string) => Promise<P>,
  ): Promise<Verdict<P>> {
    const remembered = cache.get(token);
    if (remembered) return { ok: true, principal: remembered };
    try {
      const verified = await verify(token);
      cache.set(token, verified, (verified.exp + clockTolerance) * 1000);
      return { ok: true, principal: verified };
    } catch (error) {
      return verdictOf(error, token);
    }
  }

  return {
    verifyPerson: (token) => judge(token, people, person),
    verifyBot: (token) => judge(token, bots, bot),
    recallPerson: (token) => people.get(token),
    recallBot: (token) => bots.get(token),
    remembers: (token) =>
      people.get(token) !== undefined || bots.get(token) !== undefined || badSignatures.get(token) === true,
    async ready() {
      const answers = await Promise.all(clients.all().map((client) => keys.ready(client)));
      return answers.includes(true);
    },
  };
}

/** Operators exist in the operator's tenant only: no client's admin can make one. */
function deskRoles(client: Client, roles: unknown): Role[] {
  if (!isTexts(roles)) return [];
  const possible: readonly Role[] = client.kind === 'operator' ? ['Operator'] : ['Consultant', 'Supervisor', 'Admin'];
  return possible.filter((role) => roles.includes(role));
}

function verdictOf(error: unknown, token: string): Verdict<never> {
  if (!(error instanceof Refused)) throw error;
  const { code, reason, claims } = error;
  const status = code === 'unauthenticated' ? 401 : code === 'keys-unavailable' ? 503 : 403;
  return { ok: false, status, code, reason, ...(claims !== undefined && { claims }), ...traceOf(token) };
}

function traceOf(token: string): { kid?: string; uti?: string } {
  try {
    const { kid, payload } = readTokenText(token);
    const uti = tokenId(payload['uti']);
    return { ...(/^[\w=+-]{1,128}$/.test(kid) && { kid }), ...(uti !== undefined && { uti }) };
  } catch {
    return {};
  }
}

/** Only for clients that declared to understand it: https://learn.microsoft.com/entra/identity-platform/claims-challenge */
function claimsChallenge({ xms_cc: capabilities }: StrictObject, validFrom: number): string | undefined {
  if (!isTexts(capabilities) || !capabilities.includes('cp1')) return undefined;
  return Buffer.from(JSON.stringify({ access_token: { nbf: { essential: true, value: String(validFrom) } } })).toString(
    'base64',
  );
}

function tokenId(uti: unknown): string | undefined {
  return typeof uti === 'string' && /^[\w-]{1,64}$/.test(uti) ? uti : undefined;
}

function isSeconds(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
