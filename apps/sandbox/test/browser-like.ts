import { createHash, randomBytes } from 'node:crypto';
import { msalConfig } from '../src/index.ts';
import type { Sandbox, Tenant } from '../src/index.ts';

/** A redirect URI that every test registers. */
export const redirectUri = 'http://localhost:4300/auth';

/** Keeps cookies and follows redirects within the sandbox, as a browser does, and stops where it leaves. */
export function createBrowser(sandbox: Sandbox) {
  const cookies = new Map<string, { value: string; path: string }>();

  async function request(url: string, init: RequestInit = {}): Promise<Response> {
    const { pathname } = new URL(url);
    const cookie = [...cookies]
      .filter(([, { path }]) => pathname.startsWith(path))
      .map(([key, { value }]) => `${key.split('|')[0]}=${value}`);
    const response = await fetch(url, {
      ...init,
      redirect: 'manual',
      headers: { accept: 'text/html', ...init.headers, cookie: cookie.join('; ') },
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      const path = /path=([^;]*)/i.exec(line)?.[1] ?? '/';
      if (value) cookies.set(`${name}|${path}`, { value, path });
      else cookies.delete(`${name}|${path}`);
    }
    return response;
  }

  /** @returns the page it ends on, or the address outside the sandbox it is sent to. */
  async function visit(url: string, init?: RequestInit): Promise<{ page?: Response; url: string }> {
    const response = await request(url, init);
    const location = response.headers.get('location');
    if (!location) return { page: response, url };
    const next = new URL(location, url);
    return next.origin === new URL(sandbox.url).origin ? visit(next.href) : { url: next.href };
  }

  /** Submits a form page's inputs, as its script would. */
  async function submitForm(html: string, base: string, extra: Record<string, string> = {}) {
    const action = /action="([^"]+)"/.exec(html)?.[1] ?? '';
    const inputs = [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(
      ([, name = '', value = '']) => [name, value],
    );
    return post(new URL(action.replaceAll('&amp;', '&'), base).href, { ...Object.fromEntries(inputs), ...extra });
  }

  function post(url: string, form: Record<string, string>) {
    return visit(url, { method: 'POST', body: new URLSearchParams(form) });
  }

  return { visit, post, submitForm };
}

export type Browser = ReturnType<typeof createBrowser>;

/** An authorization request as MSAL makes it. */
export function authorizeRequest(sandbox: Sandbox, tenant: Tenant, extra: Record<string, string> = {}) {
  const verifier = randomBytes(32).toString('base64url');
  const { clientId, scopes } = msalConfig(tenant.tid, sandbox.url);
  const url = new URL(`${sandbox.url}/${tenant.tid}/oauth2/v2.0/authorize`);
  url.search = new URLSearchParams({
    client_id: clientId,
    response_type: 'code',
    response_mode: 'query',
    redirect_uri: redirectUri,
    scope: [...scopes, 'openid', 'profile', 'offline_access'].join(' '),
    state: 'some-state',
    nonce: 'some-nonce',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...extra,
  }).toString();
  return { url: url.href, verifier };
}

/** Goes to the sign-in page and chooses. @returns parameters of the redirect back to the console. */
export async function choose(browser: Browser, url: string, choice: Record<string, string>): Promise<URLSearchParams> {
  const { page, url: formUrl } = await browser.visit(url);
  if (!page) throw new Error(`No sign-in page: sent to ${formUrl}`);
  const { url: back, page: problem } = await browser.post(formUrl, choice);
  if (problem) throw new Error(`Not sent back: ${problem.status} ${await problem.text()}`);
  return new URL(back).searchParams;
}

export interface TokenResponse {
  access_token: string;
  id_token: string;
  refresh_token: string;
  scope: string;
  expires_in: number;
  client_info: string;
  error?: string;
  error_description?: string;
  error_codes?: number[];
}

export async function askToken(
  sandbox: Sandbox,
  tenant: Tenant,
  form: Record<string, string>,
  headers: Record<string, string> = {},
) {
  const response = await fetch(`${sandbox.url}/${tenant.tid}/oauth2/v2.0/token`, {
    method: 'POST',
    headers: { origin: new URL(redirectUri).origin, ...headers },
    body: new URLSearchParams(form),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as TokenResponse };
}

export async function signIn(
  sandbox: Sandbox,
  tenant: Tenant,
  oid: string,
  browser: Browser = createBrowser(sandbox),
  extra: Record<string, string> = {},
) {
  const { url, verifier } = authorizeRequest(sandbox, tenant, extra);
  const back = await choose(browser, url, { oid });
  return { back, ...(await redeem(sandbox, tenant, back.get('code') ?? '', verifier)) };
}

export function redeem(sandbox: Sandbox, tenant: Tenant, code: string, verifier: string) {
  return askToken(sandbox, tenant, {
    grant_type: 'authorization_code',
    client_id: tenant.spaAppId,
    redirect_uri: redirectUri,
    code,
    code_verifier: verifier,
    client_info: '1',
  });
}

export function refresh(sandbox: Sandbox, tenant: Tenant, refreshToken: string, scope?: string) {
  const { scopes } = msalConfig(tenant.tid, sandbox.url);
  return askToken(sandbox, tenant, {
    grant_type: 'refresh_token',
    client_id: tenant.spaAppId,
    refresh_token: refreshToken,
    scope: scope ?? [...scopes, 'openid', 'profile', 'offline_access'].join(' '),
    client_info: '1',
  });
}
