import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { registerChannels } from './channels/index.ts';
import type { ChannelOptions, ChannelsHandle } from './channels/index.ts';
import { createConnectorTokens } from './identity/connector-tokens.ts';
import type { ConnectorTokens } from './identity/connector-tokens.ts';
import { createIdentity } from './identity/identity.ts';
import type { Identity } from './identity/identity.ts';
import { registerSignIn } from './identity/routes.ts';
import { createSignInStore } from './identity/sign-in-store.ts';

export interface SandboxOptions {
  /** 0 takes a free one. Default 4400. */
  readonly port?: number;
  /** Address to listen on. Default 127.0.0.1; a container needs 0.0.0.0. */
  readonly host?: string;
  /** Address as browsers and bots see it. Default `http://localhost:{port}`. */
  readonly publicUrl?: string;
  /** Base of the tokens' issuers: an https address that nobody resolves. Default `https://login.sandbox.test`. */
  readonly issuerBase?: string;
  /** Where keys and sessions persist, so that a restart keeps people signed in. Default: nowhere. */
  readonly dataDirectory?: string;
  /** Milliseconds since the epoch. Default the machine's clock. */
  readonly now?: () => number;
  /** Redirect URIs of the consoles. Default those of a console on ports 4300 and 5173. */
  readonly redirectUris?: readonly string[];
  /** Messaging endpoints by bot app id, where they differ from the seed. */
  readonly messagingEndpoints?: Readonly<Record<string, string>>;
  /** Timing and faults of the channels. */
  readonly channels?: ChannelOptions;
}

export interface Sandbox {
  /** Address without a trailing slash. */
  readonly url: string;
  readonly identity: Identity;
  readonly connectorKeys: ConnectorTokens;
  readonly channels: ChannelsHandle;
  /** Registers a redirect URI (also for after sign-out), as in the Entra portal; exact match. */
  allowRedirect(uri: string): void;
  close(): Promise<void>;
}

/** Starts sign-in and channels on one port. @throws when the port is taken. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { port = 4400, host = '127.0.0.1', issuerBase, dataDirectory, now = Date.now } = options;
  const identity = createIdentity({ now, dataDirectory, ...(issuerBase && { issuerBase }) });
  const connectorKeys = createConnectorTokens({ keyRing: identity.keyRing, now });
  const store = createSignInStore(now, dataDirectory);
  const redirectUris = new Set(options.redirectUris ?? consoleRedirects(defaultConsoles));
  const app = Fastify({ forceCloseConnections: true });
  const publicUrl = () => (options.publicUrl ?? `http://localhost:${boundPort(app)}`).replace(/\/$/, '');

  app.get('/healthz', async () => ({ status: 'ok' }));
  await app.register((scope) => registerSignIn(scope, { identity, connectorKeys, store, publicUrl, redirectUris }));
  let channels: ChannelsHandle | undefined;
  await app.register(async (scope) => {
    const { messagingEndpoints = {} } = options;
    const context = { connectorKeys, publicUrl, now, messagingEndpoints, ...(dataDirectory && { dataDirectory }) };
    channels = await registerChannels(scope, context, options.channels);
  });
  if (!channels) throw new Error('The channels did not start');
  await app.listen({ port, host });

  return {
    url: publicUrl(),
    identity,
    connectorKeys,
    channels,
    allowRedirect: (uri) => void redirectUris.add(uri),
    async close() {
      await app.close();
      store.flush();
    },
  };
}

/**
 * Pages of a console to which MSAL may return.
 * @param origins where the console is served
 */
export function consoleRedirects(origins: readonly string[]): string[] {
  return origins.flatMap((origin) =>
    ['/', '/auth', '/auth.html', '/redirect', '/redirect.html', '/sign-in', '/signed-out', '/blank.html'].map(
      (path) => origin + path,
    ),
  );
}

/** The desk's port and Vite's. */
const defaultConsoles = ['http://localhost:4300', 'http://localhost:5173'];

function boundPort(app: FastifyInstance): number {
  const [address] = app.addresses();
  if (typeof address !== 'object') throw new Error('The sandbox does not listen yet');
  return address.port;
}
