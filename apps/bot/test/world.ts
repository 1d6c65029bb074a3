import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApi, createClients, createLogger, loadConfig, parseClients } from '@parley/api';
import { contoso, fabrikam, startSandbox } from '@parley/sandbox';
import type { Sandbox } from '@parley/sandbox';
import { startBot } from '../src/bot.ts';
import type { RunningBot } from '../src/bot.ts';
import { readClients } from '../src/config.ts';

const configFile = join(import.meta.dirname, '..', 'config', 'sandbox.json');

/** Sandbox, desk and bot as they run in earnest, each on a port of its own. */
export async function startWorld() {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'parley-bot-'));
  const botPort = await freePort();
  const botUrl = `http://localhost:${botPort}`;
  const sandbox = await startSandbox({
    port: 0,
    messagingEndpoints: Object.fromEntries(
      [contoso, fabrikam].map(({ slug, bot }) => [bot.appId, `${botUrl}/${slug}/api/messages`]),
    ),
  });
  const deskPort = await freePort();
  const desk = await startDesk({ port: deskPort, botUrl, sandbox });
  const clients = readClients(configFile, { BOT_URL: botUrl, DESK_URL: desk.url, SANDBOX_URL: sandbox.url });
  const settings = {
    port: botPort,
    host: '127.0.0.1',
    clients,
    deskUrl: desk.url,
    dataDirectory,
    logLevel: process.env['BOT_LOG'] ?? 'silent',
    tokensPerMinute: 60,
    trustProxy: false,
  };
  let bot: RunningBot = await startBot(settings);

  return {
    sandbox,
    desk,
    botUrl,
    deskUrl: desk.url,
    async restartBot(between: () => Promise<void> = () => Promise.resolve()) {
      await bot.close();
      await between();
      bot = await startBot(settings);
    },
    /** Asks the desk as one of the staff. */
    async as(email: string, method: string, path: string, body?: object) {
      const tenant = email.includes('@contoso') ? contoso : fabrikam;
      const token = await sandbox.identity.mint({ tid: tenant.tid, subject: email });
      const response = await fetch(desk.url + path, {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
    },
    async close() {
      await bot.close();
      await desk.close();
      await sandbox.close();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

export type World = Awaited<ReturnType<typeof startWorld>>;

async function startDesk({ port, botUrl, sandbox }: { port: number; botUrl: string; sandbox: Sandbox }) {
  const directory = await mkdtemp(join(tmpdir(), 'parley-desk-'));
  const config = loadConfig({
    DESK_PORT: String(port),
    HOST: '127.0.0.1',
    STORE: 'sqlite',
    DATA_DIR: directory,
    STORE_KEY: randomBytes(32).toString('base64'),
    BOT_URL: botUrl,
    SANDBOX_URL: sandbox.url,
    LOG_LEVEL: 'silent',
  });
  const file = JSON.parse(await readFile(config.clients.file, 'utf8')) as unknown;
  const clients = createClients(
    parseClients(file, { addresses: config.clients.addresses, secret: config.clients.secret, production: false }),
  );
  const api = await createApi({ config, clients, log: createLogger({ level: 'silent', production: false }) });
  await api.listen();
  return {
    url: `http://localhost:${port}`,
    async close() {
      await api.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A port nobody listens on: sandbox, desk and bot must know each other's before they start. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
