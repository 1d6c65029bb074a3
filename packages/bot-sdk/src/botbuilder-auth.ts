import {
  AuthenticationError,
  BotFrameworkAuthentication,
  ClaimsIdentity,
  ConnectorClient,
  ConnectorFactory,
  UserTokenClient,
} from 'botframework-connector';
import type { AuthenticateRequestResult } from 'botframework-connector';
import type { Activity } from 'botbuilder';
import { channelTokenVerifier, ChannelTokenError } from './channel-token.ts';
import type { ChannelTokenOptions, ChannelTokenVerifier } from './channel-token.ts';
import { clientCredentials } from './tokens.ts';
import type { ClientCredentials, TokenSource } from './tokens.ts';

export interface StrictAuthenticationOptions extends ChannelTokenOptions {
  /** The bot's own secret, for tokens towards the Connector. */
  readonly appPassword: string;
  /** Default: the Bot Framework's tenant; single-tenant bots name their own. */
  readonly tokenUrl?: string;
  /** Default: one of its own. Share it with a route that checks the token before it reads the activity. */
  readonly verifier?: ChannelTokenVerifier;
}

const botFrameworkTokenUrl = 'https://login.microsoftonline.com/botframework.com/oauth2/v2.0/token';
const connectorScope = 'https://api.botframework.com';

/**
 * What a `CloudAdapter` needs to know a channel and to be known by it. In place of botbuilder's own validator, which is no longer
 * maintained, takes tokens of emulators and skills, and remembers what unsigned tokens say.
 * Sign-in through the Bot Framework's token service is not part of it.
 */
export function strictAuthentication(options: StrictAuthenticationOptions): BotFrameworkAuthentication {
  const credentials: ClientCredentials = {
    tokenUrl: options.tokenUrl ?? botFrameworkTokenUrl,
    clientId: options.appId,
    clientSecret: options.appPassword,
    scope: `${connectorScope}/.default`,
  };
  return new StrictAuthentication(options, clientCredentials(credentials));
}

class StrictAuthentication extends BotFrameworkAuthentication {
  readonly #verifier;
  readonly #connectors: ConnectorFactory;

  constructor(options: StrictAuthenticationOptions, tokens: TokenSource) {
    super();
    this.#verifier = options.verifier ?? channelTokenVerifier(options);
    this.#connectors = new Connectors(tokens);
  }

  override async authenticateRequest(activity: Activity, authHeader: string): Promise<AuthenticateRequestResult> {
    const claims = await this.#verifier.verify(authHeader, activity).catch((error: unknown) => {
      throw error instanceof ChannelTokenError
        ? new AuthenticationError('The activity does not come from a channel of this bot', error.statusCode)
        : error;
    });
    const listed = Object.entries(claims).map(([type, value]) => ({ type, value: String(value) }));
    return {
      audience: connectorScope,
      callerId: 'urn:botframework:azure',
      claimsIdentity: new ClaimsIdentity(listed, true),
      connectorFactory: this.#connectors,
    };
  }

  override authenticateStreamingRequest(): Promise<AuthenticateRequestResult> {
    return Promise.reject(new AuthenticationError('Streaming is not offered', 401));
  }

  override createConnectorFactory(): ConnectorFactory {
    return this.#connectors;
  }

  override createUserTokenClient(): Promise<UserTokenClient> {
    return Promise.resolve(new NoUserTokens());
  }

  override getOriginatingAudience(): string {
    return connectorScope;
  }
}

class Connectors extends ConnectorFactory {
  readonly #tokens: TokenSource;

  constructor(tokens: TokenSource) {
    super();
    this.#tokens = tokens;
  }

  override create(serviceUrl: string): Promise<ConnectorClient> {
    const tokens = this.#tokens;
    let token = '';
    const client = new ConnectorClient(
      {
        async signRequest(request) {
          token = await tokens.get();
          request.headers.set('authorization', `Bearer ${token}`);
          return request;
        },
      },
      { baseUri: serviceUrl, userAgent: 'Microsoft-BotFramework/3.1 parley-bot-sdk' },
    );
    const { pipeline } = (client as unknown as { client: { pipeline: Pipeline } }).client;
    // A line sent again after a lost answer would be read twice: the Connector knows no idempotency key. The desk repeats what it must.
    pipeline.removePolicy({ name: 'defaultRetryPolicy' });
    pipeline.addPolicy({
      name: 'parleyForgetRefusedToken',
      async sendRequest(request, next) {
        const response = await next(request);
        if (response.status === 401) tokens.forget(token);
        return response;
      },
    });
    return Promise.resolve(client);
  }
}

interface Pipeline {
  removePolicy(policy: { name: string }): unknown;
  addPolicy(policy: {
    name: string;
    sendRequest(request: unknown, next: (request: unknown) => Promise<{ status: number }>): Promise<{ status: number }>;
  }): void;
}

class NoUserTokens extends UserTokenClient {
  override getUserToken = absent;
  override getSignInResource = absent;
  override signOutUser = absent;
  override getTokenStatus = absent;
  override getAadTokens = absent;
  override exchangeToken = absent;
}

function absent(): Promise<never> {
  return Promise.reject(new Error('This bot does not use the token service of the Bot Framework'));
}
