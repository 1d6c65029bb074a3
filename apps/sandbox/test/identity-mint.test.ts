import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { contoso, createIdentity, createKeyRing, fabrikam, operator } from '../src/index.ts';

const identity = createIdentity();
const [ana] = contoso.people;
const { tid } = contoso;

async function verify(token: string) {
  return jwtVerify(token, createLocalJWKSet(await identity.jwks(tid)), {
    algorithms: ['RS256'],
    issuer: identity.issuer(tid),
    audience: contoso.apiAppId,
  });
}

describe('minting tokens without HTTP', () => {
  test('people and bots of the seed get valid tokens', async () => {
    for (const subject of [ana, ana.oid, ana.email]) {
      expect((await verify(await identity.mint({ tid, subject }))).payload).toMatchObject({
        oid: ana.oid,
        roles: ['Consultant'],
        scp: 'Desk.Access',
      });
    }
    const { payload } = await verify(await identity.mint({ tid, subject: { bot: contoso.bot.appId } }));
    expect(payload).toMatchObject({ idtyp: 'app', roles: ['Bot'] });
    const [olga] = operator.people;
    expect(decodeJwt(await identity.mint({ tid: operator.tid, subject: olga }))).toMatchObject({ roles: ['Operator'] });
  });

  test('strangers get nothing', async () => {
    await expect(identity.mint({ tid, subject: fabrikam.people[0] })).rejects.toThrow('no such person');
    await expect(identity.mint({ tid, subject: { bot: fabrikam.bot.appId } })).rejects.toThrow('no bot');
    await expect(identity.mint({ tid: 'nowhere', subject: ana })).rejects.toThrow('no tenant');
  });

  test('claims and header can be replaced and removed', async () => {
    const token = await identity.mint({
      tid,
      subject: ana,
      claims: { roles: ['Admin'], exp: undefined },
      header: { kid: undefined, jku: 'https://evil.example' },
    });
    expect(decodeJwt(token)).toMatchObject({ roles: ['Admin'], oid: ana.oid });
    expect(decodeJwt(token)).not.toHaveProperty('exp');
    expect(decodeProtectedHeader(token)).not.toHaveProperty('kid');
    expect(decodeProtectedHeader(token)).toMatchObject({ jku: 'https://evil.example' });
  });

  test('a foreign key, HS256 with the public key, PS256, and no signature at all can be made and do not verify', async () => {
    const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const [own] = await identity.keyRing.keys(tid);
    const pem = Buffer.from(own!.publicKey.export({ format: 'pem', type: 'spki' }));
    const tokens = await Promise.all([
      identity.mint({ tid, subject: ana, key: foreign }),
      identity.mint({ tid, subject: ana, key: (await identity.keyRing.keys(fabrikam.tid))[0]! }),
      identity.mint({ tid, subject: ana, key: pem, header: { alg: 'HS256' } }),
      identity.mint({ tid, subject: ana, header: { alg: 'PS256' } }),
      identity.mint({ tid, subject: ana, header: { alg: 'none' } }),
      identity.mint({ tid, subject: ana, lifetimeSeconds: -1 }),
    ]);
    for (const token of tokens) await expect(verify(token)).rejects.toThrow();
    expect(tokens[4]).toMatch(/\.$/);
    await jwtVerify(tokens[0], createPublicKey(foreign), { algorithms: ['RS256'] });
  });

  test('a withdrawn key is no longer published, and the last one stays', async () => {
    const own = createIdentity({ keyRing: createKeyRing() });
    const [first] = (await own.jwks(tid)).keys;
    await expect(own.withdrawKey(tid, first!.kid)).rejects.toThrow('rotate first');
    const second = await own.rotateKey(tid);
    expect((await own.jwks(tid)).keys.map((key) => key.kid)).toEqual([second, first!.kid]);
    await own.withdrawKey(tid, first!.kid);
    expect((await own.jwks(tid)).keys.map((key) => key.kid)).toEqual([second]);
  });
});
