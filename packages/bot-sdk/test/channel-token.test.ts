import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { JWTHeaderParameters } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { channelTokenVerifier } from '../src/index.ts';
import type { ChannelTokenVerifier } from '../src/index.ts';

const appId = '11111111-2222-4333-8444-555555555555';
const serviceUrl = 'https://smba.example/emea/';
const activity = { channelId: 'directline', serviceUrl };
const issuer = 'https://api.botframework.com';

let server: Server;
let url: string;
let pairs: { kid: string; pair: Awaited<ReturnType<typeof generateKeyPair>>; endorsements?: string[] }[];
let fetches = 0;
let up = true;
let clock = Date.now();
let verifier: ChannelTokenVerifier;

beforeAll(async () => {
  server = createServer((request, response) => void answer(request, response));
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    fetches += 1;
    if (!up) return void response.writeHead(503).end();
    response.setHeader('content-type', 'application/json');
    if (request.url === '/metadata') return void response.end(JSON.stringify({ issuer, jwks_uri: `${url}/keys` }));
    const keys = await Promise.all(
      pairs.map(async ({ kid, pair, endorsements }) => ({
        ...(await exportJWK(pair.publicKey)),
        kid,
        use: 'sig',
        ...(endorsements && { endorsements }),
      })),
    );
    response.end(JSON.stringify({ keys }));
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

beforeEach(async () => {
  pairs = [
    { kid: 'k1', pair: await generateKeyPair('RS256', { extractable: true }), endorsements: ['directline', 'msteams'] },
    { kid: 'bare', pair: await generateKeyPair('RS256', { extractable: true }) },
  ];
  fetches = 0;
  up = true;
  clock = Date.now();
  verifier = channelTokenVerifier({ appId, metadataUrl: `${url}/metadata`, now: () => clock });
});

async function sign(
  change: Record<string, unknown> = {},
  header: Partial<JWTHeaderParameters> = {},
  signer = pairs[0]!,
): Promise<string> {
  const iat = Math.floor(clock / 1000);
  const claims = { iss: issuer, aud: appId, serviceurl: serviceUrl, iat, nbf: iat, exp: iat + 3600, ...change };
  return new SignJWT(JSON.parse(JSON.stringify(claims)) as Record<string, unknown>)
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: signer.kid, ...header })
    .sign(signer.pair.privateKey);
}
const status = (authorization: string | undefined, of: object = activity) =>
  verifier.verify(authorization, of).then(
    () => 200,
    (error: { statusCode?: number }) => error.statusCode,
  );

describe('a channel token', () => {
  test('of the Connector for this bot, this channel and this service is accepted, and its keys are fetched once', async () => {
    for (let n = 0; n < 5; n += 1) expect(await status(`Bearer ${await sign({ n })}`)).toBe(200);
    expect(fetches).toBe(2);
  });

  test.each<[string, Record<string, unknown>]>([
    ['for another bot', { aud: 'other' }],
    ['for several bots', { aud: [appId, 'other'] }],
    ['of an emulator', { iss: 'https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/' }],
    ['of a signed-in user', { iss: 'https://login.microsoftonline.com/t/v2.0' }],
    ['of the government cloud', { iss: 'https://api.botframework.us' }],
    ['that expired beyond the skew', { exp: Math.floor(Date.now() / 1000) - 301 }],
    ['that never expires', { exp: undefined }],
    ['that begins beyond the skew', { nbf: Math.floor(Date.now() / 1000) + 330 }],
  ])('%s is refused with 401', async (_name, change) => {
    expect(await status(`Bearer ${await sign(change)}`)).toBe(401);
  });

  test.each<[string, Record<string, unknown>, object]>([
    ['without a serviceurl claim', { serviceurl: undefined }, activity],
    ['for another host', {}, { ...activity, serviceUrl: 'https://evil.example/emea/' }],
    ['for another path', {}, { ...activity, serviceUrl: 'https://smba.example/amer/' }],
    ['without the trailing slash', {}, { ...activity, serviceUrl: serviceUrl.slice(0, -1) }],
    ['in another case', {}, { ...activity, serviceUrl: serviceUrl.toUpperCase() }],
    ['for an activity without serviceUrl', {}, { channelId: 'directline' }],
    ['for the emulator', {}, { ...activity, channelId: 'emulator' }],
    ['for AseChannel', {}, { ...activity, channelId: 'AseChannel' }],
    ['for no channel', {}, { serviceUrl }],
    ['for a channel its key does not vouch for', {}, { ...activity, channelId: 'webchat' }],
  ])('%s is refused with 403', async (_name, change, of) => {
    expect(await status(`Bearer ${await sign(change)}`, of)).toBe(403);
  });

  test('of a key without endorsements is refused', async () => {
    expect(await status(`Bearer ${await sign({}, {}, pairs[1])}`)).toBe(403);
  });

  test('of a stranger’s key under a known name is refused, and a turned signature too', async () => {
    const stranger = { kid: 'k1', pair: await generateKeyPair('RS256', { extractable: true }) };
    expect(await status(`Bearer ${await sign({}, {}, stranger)}`)).toBe(401);
    const token = await sign();
    expect(await status(`Bearer ${token.slice(0, -10)}${token.at(-10) === 'A' ? 'B' : 'A'}${token.slice(-9)}`)).toBe(
      401,
    );
  });

  test('in odd forms is refused', async () => {
    const token = await sign();
    const none = `${Buffer.from('{"alg":"none","kid":"k1"}').toString('base64url')}.${token.split('.')[1]}.`;
    for (const header of [
      undefined,
      '',
      token,
      `bearer ${token}`,
      `Bearer  ${token}`,
      `Bearer ${token} `,
      `Bearer ${token}.x`,
      `Bearer ${none}`,
      'Bearer a.b.c',
      `Bearer ${token}=`,
    ]) {
      expect(await status(header), String(header).slice(0, 20)).toBe(401);
    }
    expect(await status(`Bearer ${await sign({}, { jku: 'https://evil.example' })}`)).toBe(401);
    expect(await status(`Bearer ${await sign({}, { typ: 'at+jwt' })}`)).toBe(401);
  });

  test('a flood of unknown keys does not become a flood of fetches', async () => {
    await status(`Bearer ${await sign()}`);
    for (let n = 0; n < 200; n += 1)
      expect(await status(`Bearer ${await sign({}, { kid: `unknown-${n}` })}`)).toBe(401);
    expect(fetches).toBe(2);
  });

  test('a new key is found without a restart', async () => {
    await status(`Bearer ${await sign()}`);
    const fresh = {
      kid: 'k2',
      pair: await generateKeyPair('RS256', { extractable: true }),
      endorsements: ['directline'],
    };
    pairs.push(fresh);
    clock += 5 * 60_000;
    expect(await status(`Bearer ${await sign({}, {}, fresh)}`)).toBe(200);
  });

  test('keys once known serve while their source is down; without any it is 503', async () => {
    up = false;
    expect(await status(`Bearer ${await sign()}`)).toBe(503);
    up = true;
    clock += 2_000;
    expect(await status(`Bearer ${await sign()}`)).toBe(200);
    up = false;
    clock += 25 * 60 * 60_000;
    expect(await status(`Bearer ${await sign()}`)).toBe(200);
  });

  test('a remembered token still dies at its time', async () => {
    const token = await sign();
    expect(await status(`Bearer ${token}`)).toBe(200);
    clock += 3600_000 + 301_000;
    expect(await status(`Bearer ${token}`)).toBe(401);
  });
});
