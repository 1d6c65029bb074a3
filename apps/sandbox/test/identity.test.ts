import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contoso, fabrikam, startSandbox } from '../src/index.ts';
import type { Sandbox } from '../src/index.ts';
import {
  askToken,
  authorizeRequest,
  choose,
  createBrowser,
  redeem,
  redirectUri,
  refresh,
  signIn,
} from './browser-like.ts';
import { verifyStrictly } from './strict-verifier.ts';

const [ana, lukas] = contoso.people;
const hour = 3_600_000;
let sandbox: Sandbox;
let offset = 0;

beforeAll(async () => {
  sandbox = await startSandbox({ port: 0, redirectUris: [redirectUri], now: () => Date.now() + offset });
});
afterAll(() => sandbox.close());

describe('signing in', () => {
  test('a person gets an access token that a strict API accepts', async () => {
    const { status, body } = await signIn(sandbox, contoso, ana.oid);
    expect(status).toBe(200);
    const claims = await verifyStrictly(sandbox, contoso, body.access_token);
    expect(claims).toMatchObject({
      oid: ana.oid,
      scp: 'Desk.Access',
      roles: ['Consultant'],
      idtyp: 'user',
      azp: contoso.spaAppId,
      azpacr: '0',
      acct: 0,
      name: 'Ana Ruiz',
      preferred_username: 'ana@contoso.example',
    });
    for (const foreign of ['client_id', 'scope', 'jti', 'nonce']) expect(claims).not.toHaveProperty(foreign);
    expect(body.expires_in).toBe(claims.exp! - claims.iat!);
    expect(body.scope).toBe(`api://${contoso.apiAppId}/Desk.Access`);
    expect(JSON.parse(Buffer.from(body.client_info, 'base64url').toString())).toEqual({
      uid: ana.oid,
      utid: contoso.tid,
    });
  });

  test('an ID token is for the console, carries the nonce and gives no access', async () => {
    const { body } = await signIn(sandbox, contoso, ana.oid);
    const claims = decodeJwt(body.id_token);
    expect(claims).toMatchObject({
      aud: contoso.spaAppId,
      iss: sandbox.identity.issuer(contoso.tid),
      tid: contoso.tid,
      oid: ana.oid,
      nonce: 'some-nonce',
      ver: '2.0',
      name: 'Ana Ruiz',
      preferred_username: 'ana@contoso.example',
    });
    expect(claims).not.toHaveProperty('scp');
    expect(claims).not.toHaveProperty('roles');
    expect(claims.sub, 'pairwise').not.toBe(decodeJwt(body.access_token).sub);
    await expect(verifyStrictly(sandbox, contoso, body.id_token)).rejects.toThrow();
  });

  test('a token of one tenant is not accepted in another', async () => {
    const { body } = await signIn(sandbox, fabrikam, fabrikam.people[0].oid);
    await verifyStrictly(sandbox, fabrikam, body.access_token);
    await expect(verifyStrictly(sandbox, contoso, body.access_token)).rejects.toThrow();
  });

  test('a person of another tenant cannot sign in', async () => {
    const browser = createBrowser(sandbox);
    const { url } = await browser.visit(authorizeRequest(sandbox, contoso).url);
    const { page } = await browser.post(url, { oid: fabrikam.people[0].oid });
    expect(page?.status).toBe(400);
    expect(await page?.text()).toContain('AADSTS50020');
  });

  test('the page lists exactly the people of the tenant with their roles and cannot be framed', async () => {
    const { page } = await createBrowser(sandbox).visit(authorizeRequest(sandbox, contoso).url);
    const html = await page!.text();
    for (const { name } of contoso.people) expect(html).toContain(name);
    for (const { role } of contoso.people) expect(html).toContain(role);
    for (const { name } of fabrikam.people) expect(html).not.toContain(name);
    expect(page!.headers.get('x-frame-options')).toBe('DENY');
    expect(page!.headers.get('content-security-policy')).toContain(`frame-ancestors 'none'`);
  });

  test('cancelling goes back with access_denied', async () => {
    const back = await choose(createBrowser(sandbox), authorizeRequest(sandbox, contoso).url, { cancel: 'yes' });
    expect(Object.fromEntries(back)).toMatchObject({ error: 'access_denied', state: 'some-state' });
  });

  test('an unregistered redirect URI is refused on the spot', async () => {
    for (const uri of [
      'http://localhost:4300/elsewhere',
      'http://localhost:4301/auth',
      'http://localhost:4300/auth/',
      'https://evil.example/auth',
    ]) {
      const { page, url } = await createBrowser(sandbox).visit(
        authorizeRequest(sandbox, contoso, { redirect_uri: uri }).url,
      );
      expect(page?.status, url).toBe(400);
      expect(await page?.text()).toContain('redirect_uri');
    }
  });

  test('a code needs its PKCE verifier and works once', async () => {
    const { url } = authorizeRequest(sandbox, contoso);
    const code = (await choose(createBrowser(sandbox), url, { oid: ana.oid })).get('code')!;
    const stolen = await redeem(sandbox, contoso, code, 'x'.repeat(43));
    expect(stolen).toMatchObject({ status: 400, body: { error: 'invalid_grant', error_codes: [501481] } });

    const second = authorizeRequest(sandbox, contoso);
    const good = (await choose(createBrowser(sandbox), second.url, { oid: ana.oid })).get('code')!;
    expect((await redeem(sandbox, contoso, good, second.verifier)).status).toBe(200);
    expect(await redeem(sandbox, contoso, good, second.verifier)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
  });

  test('a request without PKCE is refused', async () => {
    const url = new URL(authorizeRequest(sandbox, contoso).url);
    url.searchParams.delete('code_challenge');
    url.searchParams.delete('code_challenge_method');
    const { url: back } = await createBrowser(sandbox).visit(url.href);
    expect(new URL(back).searchParams.get('error')).toBe('invalid_request');
  });

  test('asking for no API scope gives a token that is not for the API, as in the cloud', async () => {
    const { body } = await signIn(sandbox, contoso, ana.oid, createBrowser(sandbox), {
      scope: 'openid profile offline_access',
    });
    expect(decodeJwt(body.access_token).aud).toBe('00000003-0000-0000-c000-000000000000');
    expect(body.scope).not.toContain('Desk.Access');
    const refreshed = await refresh(sandbox, contoso, body.refresh_token);
    expect((await verifyStrictly(sandbox, contoso, refreshed.body.access_token)).scp).toBe('Desk.Access');
  });
});

describe('staying signed in', () => {
  test('prompt=none without a session answers login_required', async () => {
    const { url } = await createBrowser(sandbox).visit(authorizeRequest(sandbox, contoso, { prompt: 'none' }).url);
    expect(new URL(url).searchParams.get('error')).toBe('login_required');
  });

  test('prompt=none with a session gives a code, unless another person is hinted at', async () => {
    const browser = createBrowser(sandbox);
    await signIn(sandbox, contoso, ana.oid, browser);
    const silent = await browser.visit(
      authorizeRequest(sandbox, contoso, { prompt: 'none', login_hint: ana.email }).url,
    );
    expect(new URL(silent.url).searchParams.get('code')).toBeTruthy();
    const other = await browser.visit(
      authorizeRequest(sandbox, contoso, { prompt: 'none', login_hint: lukas.email }).url,
    );
    expect(new URL(other.url).searchParams.get('error')).toBe('login_required');
    const elsewhere = await browser.visit(authorizeRequest(sandbox, fabrikam, { prompt: 'none' }).url);
    expect(new URL(elsewhere.url).searchParams.get('error')).toBe('login_required');
  });

  test('prompt=select_account asks again and lets another person in', async () => {
    const browser = createBrowser(sandbox);
    await signIn(sandbox, contoso, ana.oid, browser);
    const { url, verifier } = authorizeRequest(sandbox, contoso, { prompt: 'select_account' });
    const form = await browser.visit(url);
    expect(await form.page!.clone().text()).toContain('signed in');
    const switching = await browser.post(form.url, { oid: lukas.oid });
    const { url: back } = await browser.submitForm(await switching.page!.text(), switching.url);
    const { body } = await redeem(sandbox, contoso, new URL(back).searchParams.get('code')!, verifier);
    expect(decodeJwt(body.access_token).oid).toBe(lukas.oid);
  });

  test('refreshing gives a strict token and a new refresh token; the old one works for a second tab', async () => {
    const { body } = await signIn(sandbox, contoso, ana.oid);
    const first = await refresh(sandbox, contoso, body.refresh_token);
    const second = await refresh(sandbox, contoso, body.refresh_token);
    expect([first.status, second.status]).toEqual([200, 200]);
    await verifyStrictly(sandbox, contoso, first.body.access_token);
    expect(first.body.refresh_token).not.toBe(body.refresh_token);
    expect(first.body.id_token).toBeTruthy();
    expect(first.body.client_info).toBe(body.client_info);
  });

  test('a refresh token dies 24 h after the sign-in, however often it is rotated', async () => {
    try {
      let { refresh_token: token } = (await signIn(sandbox, contoso, ana.oid)).body;
      for (const hours of [6, 12, 18, 23.99]) {
        offset = hours * hour;
        const { status, body } = await refresh(sandbox, contoso, token);
        expect(status, `after ${hours} h`).toBe(200);
        await verifyStrictly(sandbox, contoso, body.access_token, Date.now() + offset);
        token = body.refresh_token;
      }
      offset = 24.01 * hour;
      expect(await refresh(sandbox, contoso, token)).toMatchObject({
        status: 400,
        body: { error: 'invalid_grant', error_codes: [700084] },
      });
    } finally {
      offset = 0;
    }
  });

  test('a refresh token of one tenant is unknown to another', async () => {
    const { body } = await signIn(sandbox, contoso, ana.oid);
    expect(await refresh(sandbox, fabrikam, body.refresh_token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
  });

  test('a restart with the same data directory keeps keys, sessions and refresh tokens', async () => {
    const dataDirectory = await mkdtemp(join(tmpdir(), 'sandbox-'));
    try {
      const before = await startSandbox({ port: 0, dataDirectory, redirectUris: [redirectUri] });
      const { body } = await signIn(before, contoso, ana.oid);
      await before.close();
      const after = await startSandbox({ port: 0, dataDirectory, redirectUris: [redirectUri] });
      await verifyStrictly(after, contoso, body.access_token);
      expect((await refresh(after, contoso, body.refresh_token)).status).toBe(200);
      await after.close();
    } finally {
      await rm(dataDirectory, { recursive: true });
    }
  });

  test('a rolled key signs new tokens at once while old ones still verify', async () => {
    const own = await startSandbox({ port: 0, redirectUris: [redirectUri] });
    const old = (await signIn(own, contoso, ana.oid)).body;
    const kid = await own.identity.rotateKey(contoso.tid);
    const fresh = (await signIn(own, contoso, ana.oid)).body;
    for (const token of [fresh.access_token, fresh.id_token])
      expect(Buffer.from(token.split('.')[0]!, 'base64url').toString()).toContain(kid);
    await verifyStrictly(own, contoso, old.access_token);
    await verifyStrictly(own, contoso, fresh.access_token);
    await own.close();
  });
});

describe('signing out', () => {
  test('signing out ends the session and returns to the registered page', async () => {
    const browser = createBrowser(sandbox);
    await signIn(sandbox, contoso, ana.oid, browser);
    const address = `${sandbox.url}/${contoso.tid}/oauth2/v2.0/logout?post_logout_redirect_uri=${encodeURIComponent(redirectUri)}&state=bye`;
    const { page, url } = await browser.visit(address);
    const { url: back } = await browser.submitForm(await page!.text(), url, { logout: 'yes' });
    expect(back).toBe(`${redirectUri}?state=bye`);
    const silent = await browser.visit(authorizeRequest(sandbox, contoso, { prompt: 'none' }).url);
    expect(new URL(silent.url).searchParams.get('error')).toBe('login_required');
  });

  test('signing out does not redirect to an unregistered page', async () => {
    const { page } = await createBrowser(sandbox).visit(
      `${sandbox.url}/${contoso.tid}/oauth2/v2.0/logout?post_logout_redirect_uri=https%3A%2F%2Fevil.example%2F`,
    );
    expect(page?.status).toBe(400);
  });
});

describe('the token endpoint across origins', () => {
  const address = () => `${sandbox.url}/${contoso.tid}/oauth2/v2.0/token`;

  test('a preflight from a console is answered', async () => {
    const response = await fetch(address(), {
      method: 'OPTIONS',
      headers: {
        origin: 'http://localhost:4300',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'client-request-id',
      },
    });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe('http://localhost:4300');
    expect(response.headers.get('access-control-allow-methods')).toContain('POST');
    expect(response.headers.get('access-control-allow-headers')).toBe('client-request-id');
  });

  test('a page of an unregistered origin may not read tokens', async () => {
    const { body } = await signIn(sandbox, contoso, ana.oid);
    const form = { grant_type: 'refresh_token', client_id: contoso.spaAppId, refresh_token: body.refresh_token };
    const evil = await askToken(sandbox, contoso, form, { origin: 'https://evil.example' });
    expect(evil.status).toBe(400);
    expect(evil.headers.get('access-control-allow-origin')).toBeNull();
    const good = await askToken(sandbox, contoso, form);
    expect(good.headers.get('access-control-allow-origin')).toBe('http://localhost:4300');
  });

  test('metadata and keys are open to every page, and name the sandbox', async () => {
    const response = await fetch(`${sandbox.url}/${contoso.tid}/v2.0/.well-known/openid-configuration`);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(await response.json()).toMatchObject({
      issuer: `https://login.sandbox.test/${contoso.tid}/v2.0`,
      token_endpoint: address(),
      jwks_uri: `${sandbox.url}/${contoso.tid}/discovery/v2.0/keys`,
    });
  });

  test('an unknown tenant is named as such', async () => {
    const response = await fetch(
      `${sandbox.url}/00000000-0000-4000-8000-000000000000/v2.0/.well-known/openid-configuration`,
    );
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: 'invalid_tenant', error_codes: [90002] });
  });
});
