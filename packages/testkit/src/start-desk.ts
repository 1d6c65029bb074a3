import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import {
  createApi,
  createClients,
  createLogger,
  loadConfig,
  parseClients,
  realHost,
  type Clients,
  type ComposedApi,
} from '@parley/api';
import { createIdentity, bots, tenants, type Identity } from '@parley/sandbox';
import { memoryStores } from '@parley/stores';
import { startEmulator } from '@parley/stores/emulator';
import type { CallbackBody } from '@parley/contracts';

export type DeskOptions = {
  /**
   * Default `memory`. With `sqlite`, `directory` keeps the files; without it they are removed on `close`.
   * `cosmos` is an emulator in this process, over HTTPS, gone on `close`.
   */
  store?: 'memory' | 'sqlite' | 'cosmos';
  directory?: string;
  /** Key of the files in `directory`, 32 bytes in base64. Default: a fresh one. */
  storeKey?: string;
  /** Answers of the bots' callback, for tests of delivery. Default 204 at once. */
  answerCallback?: (callback: ReceivedCallback) => number | Promise<number>;
  /** Shared by desks that are processes of one machine. */
  clock?: TestClock;
  logLevel?: 'silent' | 'warn';
};

/** How far a machine's clocks are ahead of this machine's, in ms. */
export type TestClock = { wall: number; steady: number };

export type ReceivedCallback = { client: string; headers: Record<string, string>; raw: string; body: CallbackBody };

/**
 * The real API in this process: real routes, hub, verifier and store, real keys and tokens, on a free port,
 * with the sandbox's clients and a clock that tests may set.
 */
export async function startDesk({
  store = 'memory',
  directory,
  storeKey = randomBytes(32).toString('base64'),
  answerCallback = () => 204,
  clock = { wall: 0, steady: 0 },
  logLevel = 'silent',
}: DeskOptions = {}): Promise<TestDesk> {
  const now = () => Date.now() + clock.wall;
  const steady = () => performance.now() + clock.steady;
  // The desk judges tokens by a clock that never goes back; whoever issues them has one of their own.
  let ahead = 0;
  const identity = createIdentity({ now: () => Date.now() + (ahead = Math.max(ahead, clock.wall)) });
  const callbacks: ReceivedCallback[] = [];
  const waiting = new Set<() => void>();
  const callbackServer = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      void (async () => {
        const raw = Buffer.concat(chunks).toString('utf8');
        const received = {
          client: request.url!.split('/')[1]!,
          headers: request.headers as Record<string, string>,
          raw,
          body: JSON.parse(raw) as CallbackBody,
        };
        const status = await answerCallback(received);
        if (status >= 200 && status < 300) callbacks.push(received);
        for (const wake of waiting) wake();
        response.statusCode = status;
        response.end();
      })();
    });
  });
  const botUrl = await listen(callbackServer);
  const own = directory === undefined && store !== 'memory' ? await mkdtemp(join(tmpdir(), 'parley-')) : undefined;
  const emulator = store === 'cosmos' ? await startEmulator() : undefined;
  const ca = join(directory ?? own ?? '', 'cosmos.pem');
  if (emulator) await writeFile(ca, emulator.ca);

  const config = loadConfig({
    DESK_PORT: '0',
    HOST: '127.0.0.1',
    STORE: store,
    ...(store === 'sqlite' ? { DATA_DIR: directory ?? own!, STORE_KEY: storeKey } : {}),
    ...(emulator ? { COSMOS_ENDPOINT: emulator.endpoint, COSMOS_KEY: emulator.key, COSMOS_CA: ca } : {}),
    BOT_URL: botUrl,
    SANDBOX_URL: 'http://localhost:4400',
    LOG_LEVEL: logLevel,
    ADDRESS_RATE: '100000',
    PERSON_RATE: '100000',
    BOT_RATE: '100000',
    REFUSAL_RATE: '100000',
  });
  const file = JSON.parse(readFileSync(config.clients.file, 'utf8')) as unknown;
  const clients = createClients(
    parseClients(file, { addresses: config.clients.addresses, secret: config.clients.secret, production: false }),
  );
  const api = await createApi({
    config,
    clients,
    log: createLogger({ level: logLevel, production: false }),
    host: { ...realHost, now, steady },
    ...(store === 'memory' ? { stores: memoryStores() } : {}),
    fetchJson: async (url) => {
      const tenant = new URL(url).pathname.split('/')[1]!;
      return identity.jwks(tenant);
    },
  });
  const url = await api.listen();
  const tokens = new Map<string, Promise<string>>();
  const minted = (whose: string, mint: () => Promise<string>) => {
    const known = tokens.get(whose) ?? mint();
    tokens.set(whose, known);
    return known;
  };

  return {
    url,
    api,
    clients,
    identity,
    callbacks,
    token: (email) => minted(email, () => identity.mint({ tid: tenantOf(email), subject: email })),
    botToken: (client) => {
      const bot = bots.find((one) => one.appId === clients.byId(client)?.bots[0]?.appId);
      if (!bot) throw new Error(`${client} has no bot`);
      return minted(client, () => identity.mint({ tid: clients.byId(client)!.tenant, subject: { bot: bot.appId } }));
    },
    async advance(ms) {
      clock.wall += ms;
      clock.steady += ms;
      // What was signed before may have expired by the new time.
      tokens.clear();
      for (const { id, kind } of clients.all()) if (kind === 'client') await (await api.desks.open(id)).nodes.beat();
      await api.desks.sweep();
    },
    async stepClock(ms) {
      clock.wall += ms;
      tokens.clear();
      await api.desks.sweep();
    },
    until: (condition, timeoutMs = 5_000) => until(condition, waiting, timeoutMs),
    async close() {
      await api.close();
      callbackServer.closeAllConnections();
      await new Promise((resolve) => callbackServer.close(resolve));
      await emulator?.close();
      if (own) await rm(own, { recursive: true, force: true });
    },
  };
}

export type TestDesk = {
  url: string;
  api: ComposedApi;
  clients: Clients;
  identity: Identity;
  /** Callbacks the bots accepted, in order of arrival. */
  callbacks: ReceivedCallback[];
  /** A valid access token, as the console would get it. @param email of a person of the sandbox */
  token(email: string): Promise<string>;
  /** A valid app-only token of a client's bot. */
  botToken(client: string): Promise<string>;
  /** Lets time pass and does what is due. */
  advance(ms: number): Promise<void>;
  /** Sets the wall clock forward or back without any time passing, and does what is due. */
  stepClock(ms: number): Promise<void>;
  /** Waits for a condition, looking again whenever something happened. @throws when it does not come true in time */
  until<T>(condition: () => T | Promise<T>, timeoutMs?: number): Promise<NonNullable<T>>;
  close(): Promise<void>;
};

function tenantOf(email: string): string {
  const domain = email.split('@')[1]!.split('.')[0]!;
  const tenant = tenants.find(({ slug }) => slug === domain);
  if (!tenant) throw new Error(`No tenant of the sandbox has ${email}`);
  return tenant.tid;
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function until<T>(
  condition: () => T | Promise<T>,
  waiting: Set<() => void>,
  timeoutMs: number,
): Promise<NonNullable<T>> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    const left = end - performance.now();
    if (left <= 0) throw new Error(`Waited ${timeoutMs} ms in vain for ${condition.toString().slice(0, 200)}`);
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, Math.min(20, left));
      waiting.add(wake);
    });
  }
}
