import { call, readJson, retryAfterOf, Trouble } from './trouble.ts';

/** Leave to speak in one conversation, as the bot's web service gives it. The bot's secret stays there. */
export interface Grant {
  readonly token: string;
  readonly conversationId: string;
  /** Chosen by the service and bound to the token. */
  readonly userId: string;
  /** Base address of Direct Line, without a trailing slash. */
  readonly domain: string;
  /** Seconds from now. */
  readonly expiresIn: number;
  /** Where the token is replaced. */
  readonly refreshUrl: string;
  /** The service's proof that the conversation is this browser's, also when the token is dead. */
  readonly resume?: string;
}

export interface TokenService {
  /** Begins a conversation. */
  open(): Promise<Grant>;
  /** Replaces a token, dead or alive, by another for the same conversation. */
  renew(grant: Grant): Promise<Grant>;
}

/** Both calls reject with a {@link Trouble}: `refused` and `gone` are final, `unreachable` and `busy` are not. */
export function createTokenService({
  tokenUrl,
  fetch,
  timeoutMs = 15_000,
}: {
  tokenUrl: string;
  fetch: typeof globalThis.fetch;
  timeoutMs?: number;
}): TokenService {
  async function ask(url: string, body: object, known: Partial<Grant>): Promise<Grant> {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await call(fetch, url, init, timeoutMs);
    if (!response.ok) throw troubleOf(response);
    return readGrant({ ...known, ...(await readJson(response)) }, tokenUrl);
  }

  return {
    open: () => ask(tokenUrl, {}, {}),
    renew: ({ token, conversationId, userId, domain, refreshUrl, resume }) =>
      ask(
        refreshUrl,
        { token, conversationId, userId, ...(resume !== undefined && { resume }) },
        {
          conversationId,
          userId,
          domain,
          refreshUrl,
          ...(resume !== undefined && { resume }),
        },
      ),
  };
}

function troubleOf(response: Response): Trouble {
  const message = `The bot's service answered ${response.status}`;
  if (response.status === 404 || response.status === 410) return new Trouble('gone', message);
  if (response.status === 408 || response.status === 429 || response.status >= 500)
    return new Trouble('busy', message, retryAfterOf(response));
  return new Trouble('refused', message);
}

function readGrant(body: Record<string, unknown>, tokenUrl: string): Grant {
  const { token, conversationId, userId, domain, refreshUrl, resume } = body;
  const expiresIn = Number(body['expiresIn'] ?? body['expires_in'] ?? 1_800);
  if (
    typeof token !== 'string' ||
    typeof conversationId !== 'string' ||
    typeof userId !== 'string' ||
    !(expiresIn > 0)
  ) {
    throw new Trouble('refused', 'The answer of the bot’s service is no grant');
  }
  return {
    token,
    conversationId,
    userId,
    domain: (typeof domain === 'string' ? domain : 'https://directline.botframework.com/v3/directline').replace(
      /\/+$/,
      '',
    ),
    expiresIn,
    refreshUrl:
      typeof refreshUrl === 'string' ? new URL(refreshUrl, tokenUrl).href : `${tokenUrl.replace(/\/+$/, '')}/refresh`,
    ...(typeof resume === 'string' && { resume }),
  };
}
