import { HttpTransportType, HubConnectionBuilder, LogLevel, type HubConnection } from '@microsoft/signalr';
import Fastify, { type FastifyServerOptions } from 'fastify';
import { onTestFinished } from 'vitest';
import { WebSocket, type ClientOptions } from 'ws';
import {
  createHub,
  signalr,
  type AuthenticationRequest,
  type AuthenticationResult,
  type EndpointOptions,
  type Hub,
  type HubDefinition,
  type HubOptions,
} from '../src/index.ts';

export interface Events {
  note(text: string): void;
  pair(left: unknown, right: unknown): void;
}

export interface Data {
  readonly tenant: string;
}

/** Tokens of the tests read `user:<id>` or `user:<id>:<expiresAt>`; `refuse:<status>` is refused. */
export async function authenticate({ token }: AuthenticationRequest): Promise<AuthenticationResult<Data>> {
  const [kind, id, expiresAt] = token?.split(':') ?? [];
  if (kind === 'refuse') return { status: Number(id) as 401 | 403 | 503 };
  if (kind !== 'user' || id === undefined) return { status: 401 };
  return {
    user: { id },
    data: { tenant: 'contoso' },
    expiresAt: expiresAt === undefined ? Infinity : Number(expiresAt),
  };
}

export interface Running {
  readonly url: string;
  readonly hub: Hub<Events, Data>;
  readonly stop: () => Promise<void>;
}

/** A real server, on a free port unless the test needs one, stopped when the test ends. */
export async function serve(
  definition: HubDefinition<Events, Data> = {},
  options: Partial<HubOptions> = {},
  endpoint: Partial<EndpointOptions<Data>> = {},
  fastifyOptions: FastifyServerOptions = {},
  port = 0,
): Promise<Running> {
  const hub = createHub<Events, Data>(definition, options);
  const app = Fastify(fastifyOptions);
  await app.register(signalr, { path: '/hub', hub, authenticate, ...endpoint });
  const address = await app.listen({ port, host: '127.0.0.1' });
  const stop = async (): Promise<void> => {
    await app.close();
  };
  onTestFinished(stop);
  return { url: `${address}/hub`, hub, stop };
}

/** The unmodified client. */
export function client(url: string, user = 'ana', { skipNegotiation = false, reconnect = false } = {}): HubConnection {
  const builder = new HubConnectionBuilder()
    .withUrl(url, {
      accessTokenFactory: () => (user.includes(':') ? user : `user:${user}`),
      ...(skipNegotiation && { skipNegotiation, transport: HttpTransportType.WebSockets }),
    })
    .configureLogging(LogLevel.None);
  const connection = (reconnect ? builder.withAutomaticReconnect([0, 20, 50, 100, 200, 400, 800]) : builder).build();
  onTestFinished(() => connection.stop());
  return connection;
}

/** Starts a client and collects the notes it gets. */
export async function listen(
  url: string,
  user?: string,
): Promise<{ connection: HubConnection; id: string; notes: string[] }> {
  const connection = client(url, user);
  const notes: string[] = [];
  connection.on('note', (text: string) => notes.push(text));
  await connection.start();
  return { connection, id: connection.connectionId ?? '', notes };
}

/** A bare socket that sees frames and close codes as they are on the wire. */
export class RawClient {
  readonly socket: WebSocket;
  readonly frames: string[] = [];
  readonly opened: Promise<void>;
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor(url: string, { user = 'ana', ...options }: ClientOptions & { user?: string } = {}) {
    this.socket = new WebSocket(url.replace('http', 'ws'), {
      perMessageDeflate: false,
      ...options,
      headers: { authorization: `Bearer user:${user}`, ...options.headers },
    });
    this.socket.on('message', (data) => this.frames.push(data.toString()));
    this.opened = new Promise((resolve, reject) => {
      this.socket.once('open', resolve);
      this.socket.once('error', reject);
    });
    this.opened.catch(() => {});
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) =>
      this.socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    );
    onTestFinished(() => this.socket.terminate());
  }

  /** Opens and completes the handshake. */
  static async connect(url: string, options?: ClientOptions & { user?: string }): Promise<RawClient> {
    const raw = new RawClient(url, options);
    await raw.opened;
    raw.send({ protocol: 'json', version: 1 });
    await until(() => raw.frames.length > 0);
    return raw;
  }

  send(message: object): void {
    this.socket.send(`${JSON.stringify(message)}\x1e`);
  }

  /** All hub messages so far, parsed. */
  get messages(): Record<string, unknown>[] {
    return this.frames.flatMap((frame) =>
      frame
        .split('\x1e')
        .filter((text) => text !== '')
        .map((text) => JSON.parse(text) as Record<string, unknown>),
    );
  }
}

/** The HTTP status that refuses an upgrade, and its body. */
export function refusedUpgrade(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: string }> {
  const socket = new WebSocket(url.replace('http', 'ws'), { headers });
  return new Promise((resolve, reject) => {
    socket.on('open', () => {
      socket.terminate();
      reject(new Error('The upgrade was accepted.'));
    });
    socket.on('error', () => {});
    socket.on('unexpected-response', (_request, response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
  });
}

export async function negotiate(url: string, version: number | string | null = 1, user = 'ana') {
  const query = version === null ? '' : `?negotiateVersion=${version}`;
  const response = await fetch(`${url}/negotiate${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer user:${user}` },
  });
  return { response, body: (await response.json()) as Record<string, unknown> };
}

/** Waits for a condition; fails after `patience` ms. */
export async function until(condition: () => boolean, patience = 5000): Promise<void> {
  const deadline = performance.now() + patience;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`Waited in vain: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
