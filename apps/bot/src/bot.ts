import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import serveStatic from '@fastify/static';
import Fastify, { LogController } from 'fastify';
import { demonstrationBank } from './bank.ts';
import { clientRoutes } from './client-bot.ts';
import type { BotConfig } from './config.ts';

export { readConfig } from './config.ts';
export type { BotConfig, ClientConfig } from './config.ts';

export interface RunningBot {
  /** Address without a trailing slash. */
  readonly url: string;
  close(): Promise<void>;
}

const siteDirectory = join(import.meta.dirname, 'site');

/** Starts the bot of every client on one port, and the demonstration page. @throws when the port is taken. */
export async function startBot(config: BotConfig): Promise<RunningBot> {
  const app = Fastify({
    logger: { level: config.logLevel, redact: ['req.headers.authorization'] },
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
    trustProxy: config.trustProxy,
  });
  const bank = demonstrationBank();
  app.get('/healthz', () => ({ status: 'ok' }));
  for (const client of config.clients)
    await app.register(clientRoutes, { prefix: `/${client.id}`, client, config, bank });
  if (existsSync(join(siteDirectory, 'index.html'))) await app.register(serveStatic, { root: siteDirectory });
  await app.listen({ port: config.port, host: config.host });
  const [address] = app.addresses() as AddressInfo[];
  return { url: `http://localhost:${address?.port ?? config.port}`, close: () => app.close() };
}
