/**
 * A desk with people in it, to look at: a real sandbox, the real API and the built console, with some fifty conversations
 * made through the public HTTP API. Nothing is kept; every start is the same world.
 *
 *   node e2e/screens/world.ts                 starts it on free ports and stays up; prints the addresses
 *   node e2e/screens/world.ts --port 4310     on a port of your choice
 *   CONSOLE_DIR=/some/dist node e2e/screens/world.ts     with another build of the console
 *
 * Build the console first: `pnpm --filter @parley/console build`. A later build is served after a restart.
 * Sign in at {address}/contoso as anybody; Ana holds three conversations, Marta supervises. Ctrl+C ends it.
 * `shoot.ts` finds a running world by itself (`.parley/screens/world.json`), or starts one for its own time.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { createServer as createHttpServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { HttpTransportType, HubConnectionBuilder, LogLevel, type HubConnection } from '@microsoft/signalr';
import { createApi, createClients, createLogger, loadConfig, parseClients, realHost } from '@parley/api';
import { paths, type PresenceState } from '@parley/contracts';
import { contoso, fabrikam, startSandbox } from '@parley/sandbox';
import { Caller } from '@parley/testkit';
import { play } from './seed.ts';
import { stories } from './stories.ts';
import type { Who } from './story.ts';

export const outputFolder = fileURLToPath(new URL('../../.parley/screens/', import.meta.url));
export const worldFile = join(outputFolder, 'world.json');

export type World = {
  /** Origin of the desk, which also serves the console. */
  url: string;
  sandbox: string;
  /** Conversation ids by `client/key` of the story. */
  conversations: Record<string, string>;
  close(): Promise<void>;
};

/** A world of this process, in which things can be made to happen. */
export type OwnWorld = World & {
  /** Calls the desk as a person or as a client's bot. */
  as(who: Who | { bot: 'contoso' | 'fabrikam' }): Promise<Caller>;
};

/** @param port of the desk; 0 takes a free one */
export async function startWorld({ port = 0 }: { port?: number } = {}): Promise<OwnWorld> {
  // The past comes first: the desk's judgement of tokens never goes back in time.
  const clock = { offset: -60 * 24 * 3_600_000 };
  const now = () => Date.now() + clock.offset;
  const deskPort = port === 0 ? await freePort() : port;
  const url = `http://localhost:${deskPort}`;
  const sandbox = await startSandbox({ port: 0, now, redirectUris: [] });
  for (const path of ['/', '/auth.html', '/signed-out']) sandbox.allowRedirect(url + path);
  const bot = await startBot();

  const config = loadConfig({
    DESK_PORT: String(deskPort),
    HOST: '127.0.0.1',
    STORE: 'memory',
    SANDBOX_URL: sandbox.url,
    BOT_URL: bot.url,
    LOG_LEVEL: 'warn',
    CONSOLE_DIR: process.env['CONSOLE_DIR'],
    ADDRESS_RATE: '100000',
    PERSON_RATE: '100000',
    BOT_RATE: '100000',
    REFUSAL_RATE: '100000',
  });
  const file = withoutHurry(JSON.parse(readFileSync(config.clients.file, 'utf8')));
  const clients = createClients(
    parseClients(file, { addresses: config.clients.addresses, secret: config.clients.secret, production: false }),
  );
  const api = await createApi({
    config,
    clients,
    log: createLogger({ level: config.logLevel, production: false }),
    host: { ...realHost, now, steady: () => performance.now() + clock.offset },
  });

  const tokens = new Map<string, { token: string; until: number }>();
  async function tokenOf(key: string, request: Parameters<typeof sandbox.identity.mint>[0]): Promise<string> {
    const kept = tokens.get(key);
    if (kept !== undefined && now() < kept.until) return kept.token;
    const token = await sandbox.identity.mint(request);
    tokens.set(key, { token, until: now() + 30 * 60_000 });
    return token;
  }
  const personToken = (who: Who) => {
    const tenant = tenantOf(who);
    return tokenOf(who, { tid: tenant.tid, subject: `${who}@${tenant.slug}.example` });
  };
  const botToken = (client: 'contoso' | 'fabrikam') => {
    const tenant = client === 'contoso' ? contoso : fabrikam;
    return tokenOf(`bot of ${client}`, { tid: tenant.tid, subject: { bot: tenant.bot.appId } });
  };
  const as = async (who: Who | { bot: 'contoso' | 'fabrikam' }) =>
    new Caller(url, () => (typeof who === 'string' ? personToken(who) : botToken(who.bot)));

  await api.listen();
  for (const who of everybody) await (await as(who)).call('GET', paths.session);
  const seedStart = Date.now();
  const conversations = await play(
    stories,
    {
      as,
      async setTime(at) {
        const jump = at - now();
        if (jump <= 0) return;
        clock.offset += jump;
        if (jump > 60_000) await api.desks.sweep();
      },
    },
    seedStart,
  );
  clock.offset = 0;

  const windows: HubConnection[] = [];
  for (const [who, state] of presences) {
    await (await as(who)).call('PUT', paths.presence, { state });
    // Ana and the supervisors open their own windows, in the browser that looks at this.
    if (who !== 'ana') windows.push(await openWindow(url, () => personToken(who)));
  }
  const typing = setInterval(() => {
    for (const conversation of ['jonas-card', 'oskar'])
      void as({ bot: 'contoso' })
        .then((caller) =>
          caller.call('POST', paths.botSignals, { channel: 'directline', conversation, kind: 'typing' }),
        )
        .catch(() => undefined);
  }, 3_000);

  return {
    url,
    sandbox: sandbox.url,
    as,
    conversations: Object.fromEntries(conversations),
    async close() {
      clearInterval(typing);
      await Promise.all(windows.map((window) => window.stop()));
      await api.close();
      await sandbox.close();
      await bot.close();
    },
  };
}

const everybody: readonly Who[] = ['ana', 'lukas', 'mei-lin', 'marta', 'noor', 'felix', 'ines'];
const presences: readonly (readonly [Who, PresenceState])[] = [
  ['ana', 'available'],
  ['lukas', 'away'],
  ['mei-lin', 'available'],
  ['noor', 'available'],
  ['felix', 'away'],
];

function tenantOf(who: Who) {
  return ['noor', 'felix', 'ines'].includes(who) ? fabrikam : contoso;
}

/** Nobody falls out of a queue while somebody looks at the screen. */
function withoutHurry(file: { clients: { policy?: Hurry }[] }): unknown {
  for (const { policy } of file.clients) {
    if (!policy) continue;
    for (const queue of policy.queues) queue.deadlineSeconds = 12 * 3_600;
    // Those who took something in the story have no window open until it is told.
    policy.goneSeconds = 24 * 3_600;
  }
  return file;
}

type Hurry = { queues: { deadlineSeconds: number }[]; goneSeconds: number };

/** The bots' side: takes every callback but those of conversations whose names begin with `bot-down`. */
async function startBot(): Promise<{ url: string; close(): Promise<void> }> {
  const server = createHttpServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { conversation } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { conversation?: string };
      const down = conversation?.startsWith('bot-down') === true;
      response.statusCode = down ? 503 : conversation === 'bot-gone' ? 410 : 204;
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function openWindow(url: string, token: () => Promise<string>): Promise<HubConnection> {
  const connection = new HubConnectionBuilder()
    .withUrl(url + paths.hub, { accessTokenFactory: token, transport: HttpTransportType.WebSockets })
    .withAutomaticReconnect({ nextRetryDelayInMilliseconds: () => 2_000 })
    .configureLogging(LogLevel.None)
    .build();
  // A client that knows none of the events complains about each of them.
  for (const event of ['change', 'list', 'marks', 'heads', 'signal', 'presence', 'bots'])
    connection.on(event, () => undefined);
  await connection.start();
  return connection;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } });
  const world = await startWorld({ port: Number(values.port) });
  mkdirSync(outputFolder, { recursive: true });
  const { url, sandbox, conversations, close } = world;
  writeFileSync(worldFile, JSON.stringify({ url, sandbox, conversations, pid: process.pid }, null, 2));
  console.log(
    `Desk:     ${world.url}/contoso and ${world.url}/fabrikam\nSandbox:  ${world.sandbox}\n${Object.keys(world.conversations).length} conversations. Ctrl+C ends it.`,
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      rmSync(worldFile, { force: true });
      void close().then(() => process.exit(0));
    });
  }
}

if (import.meta.main) await main();
