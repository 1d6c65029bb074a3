import type { AddressInfo } from 'node:net';
import { CloudAdapter, ConfigurationBotFrameworkAuthentication } from 'botbuilder';
import type { TurnContext } from 'botbuilder';
import { AppCredentials, ServiceClientCredentialsFactory } from 'botframework-connector';
import { DirectLine } from 'botframework-directlinejs';
import type { Activity, DirectLineOptions } from 'botframework-directlinejs';
import Fastify from 'fastify';
import { vi } from 'vitest';
import XMLHttpRequest from 'xhr2';
import { contoso } from '../src/seed.ts';

/** What DirectLineJS expects of a browser and Node does not have: XHR that can send forms. */
class BrowserRequest extends XMLHttpRequest {
  override send(data?: unknown): void {
    if (!(data instanceof FormData)) return super.send(data);
    const encoded = new Response(data);
    this.setRequestHeader('content-type', encoded.headers.get('content-type')!);
    void encoded.arrayBuffer().then((bytes) => super.send(bytes));
  }
}
Object.assign(globalThis, { XMLHttpRequest: BrowserRequest });

type BotSeed = { readonly appId: string; readonly clientSecret: string };

/**
 * Tokens for the Connector by client credentials over fetch: MSAL, which botbuilder uses otherwise, refuses
 * authorities that are not https. The cache is this object's own; AppCredentials' is shared by the whole process.
 */
export class FetchCredentials extends AppCredentials {
  readonly #secret: string;
  readonly #tokenEndpoint: string;
  #token: { value: string; expiresAt: number } | undefined;

  constructor(bot: BotSeed, loginEndpoint: string, scope: string) {
    super(bot.appId, undefined, scope);
    this.#secret = bot.clientSecret;
    this.#tokenEndpoint = `${loginEndpoint}/oauth2/v2.0/token`;
  }

  override async getToken(forceRefresh = false): Promise<string> {
    if (!this.#token || forceRefresh || this.#token.expiresAt <= Date.now()) {
      const { accessToken, expiresOn } = await this.refreshToken();
      this.#token = { value: accessToken, expiresAt: expiresOn.getTime() - 300_000 };
    }
    return this.#token.value;
  }

  protected async refreshToken(): Promise<{ accessToken: string; expiresOn: Date }> {
    const response = await fetch(this.#tokenEndpoint, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: this.appId,
        client_secret: this.#secret,
        scope: `${this.oAuthScope}/.default`,
      }),
    });
    if (!response.ok) throw new Error(`No token for the Connector: ${response.status} ${await response.text()}`);
    const { access_token, expires_in } = (await response.json()) as { access_token: string; expires_in: number };
    return { accessToken: access_token, expiresOn: new Date(Date.now() + expires_in * 1000) };
  }
}

class FetchCredentialsFactory extends ServiceClientCredentialsFactory {
  readonly #bot: BotSeed;
  readonly #byScope = new Map<string, FetchCredentials>();

  constructor(bot: BotSeed) {
    super();
    this.#bot = bot;
  }

  async isValidAppId(appId: string): Promise<boolean> {
    return appId === this.#bot.appId;
  }

  async isAuthenticationDisabled(): Promise<boolean> {
    return false;
  }

  async createCredentials(
    appId: string,
    audience: string | undefined,
    loginEndpoint: string,
  ): Promise<FetchCredentials> {
    if (appId !== this.#bot.appId) throw new Error('These credentials belong to another bot');
    const scope = audience ?? botFrameworkScope;
    let credentials = this.#byScope.get(scope);
    if (!credentials) this.#byScope.set(scope, (credentials = new FetchCredentials(this.#bot, loginEndpoint, scope)));
    return credentials;
  }
}

const botFrameworkScope = 'https://api.botframework.com';

export function sandboxAuthentication(sandboxUrl: string, bot: BotSeed): ConfigurationBotFrameworkAuthentication {
  const metadata = `${sandboxUrl}/v1/.well-known/openidconfiguration`;
  return new ConfigurationBotFrameworkAuthentication(
    {
      MicrosoftAppId: bot.appId,
      ToChannelFromBotLoginUrl: `${sandboxUrl}/botframework.com`,
      ToChannelFromBotOAuthScope: botFrameworkScope,
      ToBotFromChannelTokenIssuer: botFrameworkScope,
      ToBotFromChannelOpenIdMetadataUrl: metadata,
      ToBotFromEmulatorOpenIdMetadataUrl: metadata,
      OAuthUrl: sandboxUrl,
      CallerId: 'urn:botframework:azure',
      ValidateAuthority: false,
    },
    new FetchCredentialsFactory(bot),
  );
}

type Logic = (context: TurnContext) => Promise<void>;

/** A bot made with botbuilder's CloudAdapter, authentication on. It must be connected to a sandbox before it works. */
export async function startBot(bot: BotSeed = contoso.bot) {
  const server = Fastify({ forceCloseConnections: true });
  let adapter: CloudAdapter | undefined;
  let logic: Logic = async (context) => {
    if (context.activity.type === 'message') await context.sendActivity(`You said: ${context.activity.text}`);
  };
  /** What reached the bot's logic, with authentication passed. */
  const heard: TurnContext['activity'][] = [];
  /** How often the endpoint was called, and what it answered. */
  const answers: number[] = [];

  server.post('/api/messages', async (request, reply) => {
    reply.hijack();
    let body: unknown;
    const response = {
      socket: null,
      header: (name: string, value: unknown) => void reply.raw.setHeader(name, String(value)),
      status: (code: number) => {
        reply.raw.statusCode = code;
        return response;
      },
      send: (data: unknown) => {
        body = data;
        return response;
      },
      end: () => {
        answers.push(reply.raw.statusCode);
        reply.raw.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
        return response;
      },
    };
    const incoming = { method: 'POST', headers: request.headers, body: request.body as Record<string, unknown> };
    await adapter!.process(incoming, response as never, async (context) => {
      heard.push(context.activity);
      await logic(context);
    });
  });
  await server.listen({ port: 0, host: '127.0.0.1' });
  const { port } = server.server.address() as AddressInfo;

  return {
    endpoint: `http://127.0.0.1:${port}/api/messages`,
    heard,
    answers,
    messages: () => heard.filter((activity) => activity.type === 'message').map((activity) => activity.text),
    connect(sandboxUrl: string) {
      adapter = new CloudAdapter(sandboxAuthentication(sandboxUrl, bot));
      return adapter;
    },
    does(next: Logic) {
      logic = next;
    },
    close: () => server.close(),
  };
}

export type TestBot = Awaited<ReturnType<typeof startBot>>;

/** The unmodified DirectLineJS client, with what it received. */
export function directLineClient(domain: string, options: DirectLineOptions & { readonly random?: () => number }) {
  const client = new DirectLine({ domain, random: () => 0, ...options });
  const received: Activity[] = [];
  const subscription = client.activity$.subscribe((activity) => received.push(activity));
  return {
    client,
    received,
    texts: () =>
      received.flatMap((activity) =>
        activity.type === 'message' && activity.text !== undefined ? [activity.text] : [],
      ),
    say: (text: string, from = 'dl_visitor') =>
      client.postActivity({ type: 'message', text, from: { id: from } }).toPromise(),
    close() {
      subscription.unsubscribe();
      client.end();
    },
  };
}

/** Waits until the check passes. */
export const eventually = <Value>(check: () => Value | Promise<Value>) =>
  vi.waitFor(check, { timeout: 8000, interval: 10 });

/** Calls JSON over HTTP. @returns the status with the body. */
export async function call(method: string, url: string, { bearer, body }: { bearer?: string; body?: unknown } = {}) {
  const response = await fetch(url, {
    method,
    headers: {
      ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}
