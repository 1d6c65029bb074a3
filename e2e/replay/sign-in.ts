import { createHash, randomBytes } from 'node:crypto';
import { deskScope, type Bot, type Person, type Tenant } from '@parley/sandbox';

/** Gives a token that is valid for some time yet. */
export type TokenSource = () => Promise<string>;

/** Tokens of a bot: client credentials at its tenant. @throws in words when the sandbox refuses */
export function botTokens(sandbox: string, tenant: Tenant, bot: Bot): TokenSource {
  return cached(() =>
    askToken(sandbox, tenant, {
      grant_type: 'client_credentials',
      client_id: bot.appId,
      client_secret: bot.clientSecret,
      scope: `api://${tenant.apiAppId}/.default`,
    }),
  );
}

/**
 * Tokens of a person: the code flow with PKCE as the console does it. The sandbox's account page is a form without a
 * script, so that choosing an account is one POST.
 * @param redirectUris where a console of this sandbox may be sent back to: the first that is registered there counts, and
 * nothing needs to listen on it
 */
export function personTokens(
  sandbox: string,
  tenant: Tenant,
  person: Person,
  redirectUris: readonly string[],
): TokenSource {
  return cached(async () => {
    const refusals: unknown[] = [];
    for (const redirectUri of redirectUris) {
      try {
        return await signIn(sandbox, tenant, person, redirectUri);
      } catch (error) {
        refusals.push(error);
      }
    }
    throw refusals[0];
  });
}

async function signIn(sandbox: string, tenant: Tenant, { oid }: Person, redirectUri: string): Promise<Token> {
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(16).toString('base64url');
  const start = new URL(`${sandbox}/${tenant.tid}/oauth2/v2.0/authorize`);
  start.search = new URLSearchParams({
    client_id: tenant.spaAppId,
    response_type: 'code',
    response_mode: 'query',
    redirect_uri: redirectUri,
    scope: `api://${tenant.apiAppId}/${deskScope} openid profile`,
    state,
    nonce: randomBytes(16).toString('base64url'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString();

  const browser = new Browser(sandbox);
  const form = await browser.visit(start.href);
  const back = new URL(await browser.visit(form, new URLSearchParams({ oid })));
  const code = back.searchParams.get('code');
  if (code === null || back.searchParams.get('state') !== state)
    throw new Error(`The sign-in of ${oid} led to ${back.origin}${back.pathname} without a code.`);
  return askToken(
    sandbox,
    tenant,
    {
      grant_type: 'authorization_code',
      client_id: tenant.spaAppId,
      redirect_uri: redirectUri,
      code,
      code_verifier: verifier,
    },
    { origin: new URL(redirectUri).origin },
  );
}

async function askToken(
  sandbox: string,
  tenant: Tenant,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Token> {
  const url = `${sandbox}/${tenant.tid}/oauth2/v2.0/token`;
  const response = await fetch(url, { method: 'POST', headers, body: new URLSearchParams(form) });
  const answer = (await response.json()) as { access_token?: string; expires_in?: number; error_description?: string };
  if (!response.ok || answer.access_token === undefined)
    throw new Error(
      `${tenant.name} gave no token (${response.status}): ${answer.error_description ?? 'no reason given'}`,
    );
  return { value: answer.access_token, until: performance.now() + (answer.expires_in ?? 3_600) * 1_000 };
}

function cached(ask: () => Promise<Token>): TokenSource {
  let asked: Promise<Token> | undefined;
  let until = 0;
  return async () => {
    if (!asked || performance.now() > until) {
      until = Number.POSITIVE_INFINITY;
      asked = ask();
      asked.then(
        (token) => (until = token.until - marginMs),
        () => (asked = undefined),
      );
    }
    return (await asked).value;
  };
}

/** A token is renewed this long before it ends, so that none ends on its way. */
const marginMs = 120_000;

type Token = { value: string; until: number };

/** Keeps cookies and follows redirects within the sandbox, as a browser does, and stops where it leaves. */
class Browser {
  readonly #origin: string;
  readonly #cookies = new Map<string, { name: string; value: string; path: string }>();

  constructor(sandbox: string) {
    this.#origin = new URL(sandbox).origin;
  }

  /** @returns the address of the page it ends on, or the one outside that it is sent to */
  async visit(url: string, form?: URLSearchParams): Promise<string> {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { accept: 'text/html', cookie: this.#cookiesFor(new URL(url).pathname) },
      ...(form ? { method: 'POST', body: form } : {}),
    });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    const page = await response.text();
    if (response.status >= 400) throw new Error(`The sign-in page answered ${response.status}: ${plain(page)}`);
    const location = response.headers.get('location');
    if (location === null) return url;
    // The page may name the sandbox in another way than we reached it by (localhost, 127.0.0.1).
    const next = new URL(location, url);
    const inside =
      next.origin === this.#origin || next.pathname.includes('/oauth2/') || next.pathname.includes('/interaction/');
    return inside ? this.visit(`${this.#origin}${next.pathname}${next.search}`) : next.href;
  }

  #keep(line: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    const path = /path=([^;]*)/i.exec(line)?.[1] ?? '/';
    if (value === '') this.#cookies.delete(`${name} ${path}`);
    else this.#cookies.set(`${name} ${path}`, { name, value, path });
  }

  #cookiesFor(pathname: string): string {
    const own = [...this.#cookies.values()].filter(({ path }) => pathname.startsWith(path));
    return own.map(({ name, value }) => `${name}=${value}`).join('; ');
  }
}

function plain(page: string): string {
  return page
    .replaceAll(/<style>.*?<\/style>|<[^>]*>/gs, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 300);
}
