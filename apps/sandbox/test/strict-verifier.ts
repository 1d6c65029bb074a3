import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { expect } from 'vitest';
import type { EntraKey, Sandbox, Tenant } from '../src/index.ts';

/** Verifies an access token with the rules a careful API uses, against the keys published over HTTP. */
export async function verifyStrictly(sandbox: Sandbox, tenant: Tenant, token: string, now = Date.now()) {
  const issuer = `https://login.sandbox.test/${tenant.tid}/v2.0`;
  const address = `${sandbox.url}/${tenant.tid}/discovery/v2.0/keys`;
  const header = decodeProtectedHeader(token);
  const { keys } = (await (await fetch(address)).json()) as { keys: EntraKey[] };
  expect(keys.find((key) => key.kid === header.kid)).toMatchObject({ issuer, use: 'sig', alg: 'RS256', kty: 'RSA' });
  expect(header).toMatchObject({ alg: 'RS256', typ: 'JWT' });

  const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(address)), {
    algorithms: ['RS256'],
    issuer,
    audience: tenant.apiAppId,
    requiredClaims: ['exp', 'nbf', 'iat', 'tid', 'oid', 'ver', 'azp', 'sub', 'uti', 'idtyp'],
    currentDate: new Date(now),
  });
  expect(payload.aud).toBeTypeOf('string');
  expect(payload).toMatchObject({ tid: tenant.tid, ver: '2.0', nbf: payload.iat });
  expect(payload.exp! - payload.iat!).toBeGreaterThanOrEqual(3600);
  expect(payload.exp! - payload.iat!).toBeLessThanOrEqual(5400);
  expect(payload.iat! * 1000).toBeLessThanOrEqual(now);
  return payload;
}
