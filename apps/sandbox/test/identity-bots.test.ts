import { createLocalJWKSet, jwtVerify } from 'jose';
import type { JSONWebKeySet } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contoso, createConnectorTokens, fabrikam, startSandbox } from '../src/index.ts';
import type { Sandbox } from '../src/index.ts';
import { askToken } from './browser-like.ts';
import { verifyStrictly } from './strict-verifier.ts';

const { bot } = contoso;
const apiScope = `api://${contoso.apiAppId}/.default`;
const connectorScope = 'https://api.botframework.com/.default';
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ port: 0 });
});
afterAll(() => sandbox.close());

const ask = (form: Record<string, string>, headers = {}) =>
  askToken(
    sandbox,
    contoso,
    {
      grant_type: 'client_credentials',
      client_id: bot.appId,
      client_secret: bot.clientSecret,
      scope: apiScope,
      ...form,
    },
    headers,
  );

describe('a bot signing in to the desk', () => {
  test('it gets an app-only token that a strict API accepts', async () => {
    for (const scope of [apiScope, `${contoso.apiAppId}/.default`]) {
      const { status, body } = await ask({ scope });
      expect(status).toBe(200);
      const claims = await verifyStrictly(sandbox, contoso, body.access_token);
      expect(claims).toMatchObject({ azp: bot.appId, azpacr: '1', oid: bot.oid, roles: ['Bot'], idtyp: 'app' });
      expect(claims).not.toHaveProperty('scp');
      expect(body).not.toHaveProperty('refresh_token');
    }
  });

  test('it may send its secret by Basic authorization', async () => {
    const authorization = `Basic ${Buffer.from(`${bot.appId}:${bot.clientSecret}`).toString('base64')}`;
    const { status } = await askToken(
      sandbox,
      contoso,
      { grant_type: 'client_credentials', scope: apiScope },
      { authorization },
    );
    expect(status).toBe(200);
  });

  test('a wrong or missing secret is 401', async () => {
    expect(await ask({ client_secret: 'guess' })).toMatchObject({
      status: 401,
      body: { error: 'invalid_client', error_codes: [7000215] },
    });
    expect(await ask({ client_secret: '' })).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    expect(await ask({ client_secret: fabrikam.bot.clientSecret })).toMatchObject({ status: 401 });
  });

  test('a bot of another tenant and an API of another tenant are unknown', async () => {
    expect(await ask({ client_id: fabrikam.bot.appId, client_secret: fabrikam.bot.clientSecret })).toMatchObject({
      status: 400,
      body: { error: 'unauthorized_client' },
    });
    expect(await ask({ scope: `api://${fabrikam.apiAppId}/.default` })).toMatchObject({
      status: 400,
      body: { error: 'invalid_resource' },
    });
  });

  test('a scope that is not /.default is refused', async () => {
    expect(await ask({ scope: `api://${contoso.apiAppId}/Desk.Access` })).toMatchObject({
      status: 400,
      body: { error: 'invalid_scope' },
    });
  });

  test('the console cannot use the bot flow', async () => {
    expect(await ask({ client_id: contoso.spaAppId, client_secret: 'none' })).toMatchObject({ status: 400 });
  });
});

describe('tokens between bots and channels', () => {
  test('a bot gets a Connector token from its tenant and from the Bot Framework endpoint', async () => {
    const fromTenant = await ask({ scope: connectorScope });
    const response = await fetch(`${sandbox.url}/botframework.com/oauth2/v2.0/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: bot.appId,
        client_secret: bot.clientSecret,
        scope: connectorScope,
      }),
    });
    const fromBotFramework = (await response.json()) as { access_token: string };
    for (const token of [fromTenant.body.access_token, fromBotFramework.access_token]) {
      expect(await sandbox.connectorKeys.verifyBotToken(token)).toEqual({ appId: bot.appId });
    }
  });

  test('the Connector refuses a desk token, a channel token, an expired one, and one of another audience, issuer or sandbox', async () => {
    const keys = sandbox.connectorKeys;
    const desk = (await ask({})).body.access_token;
    const channel = await keys.sign({ appId: bot.appId, serviceUrl: 'http://localhost/connector' });
    const expired = await keys.mintBotToken({ appId: bot.appId, lifetimeSeconds: -301 });
    const foreign = await createConnectorTokens().mintBotToken({ appId: bot.appId });
    const v1 = {
      iss: `https://sts.windows.net/${contoso.tid}/`,
      aud: 'https://api.botframework.com',
      appid: bot.appId,
    };
    const mint = (claims: object) =>
      sandbox.identity.mint({ tid: contoso.tid, subject: { bot: bot.appId }, claims: { ...v1, ...claims } });
    expect(await keys.verifyBotToken(await mint({}))).toEqual({ appId: bot.appId });
    const otherAudience = await mint({ aud: contoso.apiAppId });
    const otherIssuer = await mint({ iss: `https://sts.windows.net/${fabrikam.tid}/` });
    const eternal = await mint({ exp: undefined });
    const stranger = await keys.mintBotToken({ appId: contoso.spaAppId });
    for (const token of [desk, channel, expired, foreign, otherAudience, otherIssuer, eternal, stranger, 'x.y.z', ''])
      await expect(keys.verifyBotToken(token)).rejects.toThrow();
  });

  test('a channel token verifies with the published, endorsed Connector key', async () => {
    const metadata = (await (await fetch(`${sandbox.url}/v1/.well-known/openidconfiguration`)).json()) as {
      issuer: string;
      jwks_uri: string;
    };
    const jwks = (await (await fetch(metadata.jwks_uri)).json()) as JSONWebKeySet;
    expect(jwks.keys[0]).toMatchObject({ endorsements: ['directline', 'webchat', 'msteams'], use: 'sig' });

    const serviceUrl = `${sandbox.url}/connector`;
    const token = await sandbox.connectorKeys.sign({ appId: bot.appId, serviceUrl, lifetimeSeconds: 60 });
    const { payload } = await jwtVerify(token, createLocalJWKSet(jwks), {
      issuer: metadata.issuer,
      audience: bot.appId,
      algorithms: ['RS256'],
    });
    expect(payload).toMatchObject({
      iss: 'https://api.botframework.com',
      serviceurl: serviceUrl,
      exp: payload.iat! + 60,
    });
  });
});
