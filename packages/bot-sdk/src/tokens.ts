/** An app registration that may ask for app-only tokens by the OAuth 2.0 client credentials grant. */
export interface ClientCredentials {
  /** `https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token`. */
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** `api://{desk API app id}/.default`. */
  readonly scope: string;
}

export interface TokenSource {
  /** @throws when the token endpoint gives none. */
  get(): Promise<string>;
  /** Gives up a token that was refused; the next {@link TokenSource.get} asks for another. */
  forget(token: string): void;
}

const requestMs = 10_000;
const earlySeconds = 300;

/**
 * App-only tokens, cached until shortly before they expire. Callers that come at once share one request.
 * Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 * @param now milliseconds since the epoch.
 */
export function clientCredentials(credentials: ClientCredentials, now: () => number = Date.now): TokenSource {
  let current: { token: string; freshUntil: number } | undefined;
  let asking: Promise<string> | undefined;

  async function ask(): Promise<string> {
    const response = await fetch(credentials.tokenUrl, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: credentials.clientId,
        client_secret: credentials.clientSecret,
        scope: credentials.scope,
      }),
      redirect: 'error',
      signal: AbortSignal.timeout(requestMs),
    });
    const answer = (await response.json().catch(() => ({}))) as {
      access_token?: unknown;
      expires_in?: unknown;
      error?: unknown;
    };
    if (!response.ok || typeof answer.access_token !== 'string') {
      throw new Error(
        `The token endpoint answered ${response.status} ${typeof answer.error === 'string' ? answer.error : ''}`.trim(),
      );
    }
    const seconds = Number(answer.expires_in ?? 0);
    const early = Math.min(earlySeconds, seconds / 10);
    current = { token: answer.access_token, freshUntil: now() + (seconds - early) * 1000 };
    return answer.access_token;
  }

  return {
    get() {
      if (current && now() < current.freshUntil) return Promise.resolve(current.token);
      asking ??= ask().finally(() => {
        asking = undefined;
      });
      return asking;
    },
    forget(token) {
      if (current?.token === token) current = undefined;
    },
  };
}
