import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApi, createClients, createLogger, loadConfig, parseClients } from '@parley/api';
import { readConfig, startBot } from '@parley/bot';
import { contoso, fabrikam, startSandbox } from '@parley/sandbox';
import type { Sandbox } from '@parley/sandbox';

/** Sandbox, desk and bot as they run in earnest, each on a port of its own; the desk serves the widget of `widgetDirectory`. */
export async function startWorld({ widgetDirectory }: { widgetDirectory: string }) {
  const directory = await mkdtemp(join(tmpdir(), 'parley-widget-world-'));
  const [botPort, deskPort] = [await freePort(), await freePort()];
  const botUrl = `http://localhost:${botPort}`;
  const deskUrl = `http://localhost:${deskPort}`;
  let skew = 0;
  const sandbox = await startSandbox({
    port: 0,
    now: () => Date.now() + skew,
    messagingEndpoints: Object.fromEntries(
      [contoso, fabrikam].map(({ slug, bot }) => [bot.appId, `${botUrl}/${slug}/api/messages`]),
    ),
  });
  const closeDesk = await startDesk({ port: deskPort, botUrl, sandbox, directory, widgetDirectory });
  const settings = readConfig({
    BOT_PORT: String(botPort),
    BOT_LOG: process.env['BOT_LOG'] ?? 'silent',
    BOT_TOKENS_PER_MINUTE: '1000',
    BOT_URL: botUrl,
    DESK_URL: deskUrl,
    SANDBOX_URL: sandbox.url,
    PARLEY_DATA: directory,
  });
  let bot = await startBot(settings);

  return {
    sandbox,
    botUrl,
    deskUrl,
    /** Lets the channel's clock run ahead: its tokens die. */
    skip(ms: number) {
      skew += ms;
    },
    /** Asks the desk as one of the staff. */
    async as(email: string, method: string, path: string, body?: object) {
      const tenant = email.includes('@contoso') ? contoso : fabrikam;
      const token = await sandbox.identity.mint({ tid: tenant.tid, subject: email });
      const response = await fetch(deskUrl + path, {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
    },
    async restartBot(between: () => Promise<void>) {
      await bot.close();
      await between();
      bot = await startBot(settings);
    },
    async close() {
      await bot.close();
      await closeDesk();
      await sandbox.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export type World = Awaited<ReturnType<typeof startWorld>>;

async function startDesk(parts: {
  port: number;
  botUrl: string;
  sandbox: Sandbox;
  directory: string;
  widgetDirectory: string;
}) {
  const config = loadConfig({
    DESK_PORT: String(parts.port),
    HOST: '127.0.0.1',
    STORE: 'sqlite',
    DATA_DIR: parts.directory,
    STORE_KEY: randomBytes(32).toString('base64'),
    BOT_URL: parts.botUrl,
    SANDBOX_URL: parts.sandbox.url,
    WIDGET_DIR: parts.widgetDirectory,
    LOG_LEVEL: 'silent',
  });
  const file = JSON.parse(await readFile(config.clients.file, 'utf8')) as unknown;
  const clients = createClients(
    parseClients(file, { addresses: config.clients.addresses, secret: config.clients.secret, production: false }),
  );
  const api = await createApi({ config, clients, log: createLogger({ level: 'silent', production: false }) });
  await api.listen();
  return () => api.close();
}

/** A port nobody listens on: sandbox, desk and bot must know each other's before they start. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
