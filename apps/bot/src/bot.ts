import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import serveStatic from '@fastify/static';
import Fastify, { LogController } from 'fastify';
import type { FastifyInstance } from 'fastify';
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
  await app.register(siteRoutes, { deskUrl: config.deskUrl });
  await app.listen({ port: config.port, host: config.host });
  const [address] = app.addresses() as AddressInfo[];
  return { url: `http://localhost:${address?.port ?? config.port}`, close: () => app.close() };
}

/** The pages name the desk, whose address they learn here. */
async function siteRoutes(app: FastifyInstance, { deskUrl }: { deskUrl: string }): Promise<void> {
  for (const folder of ['/', '/fabrikam/']) {
    const page = (await readFile(join(siteDirectory, folder, 'index.html'), 'utf8')).replaceAll('%DESK_URL%', deskUrl);
    app.get(folder, (_request, reply) =>
      reply.type('text/html; charset=utf-8').header('cache-control', 'no-cache').send(page),
    );
  }
  // Its own links are relative to the folder.
  app.get('/fabrikam', (_request, reply) => reply.redirect('/fabrikam/'));
  await app.register(serveStatic, {
    root: siteDirectory,
    index: false,
    allowedPath: (path) => !path.endsWith('.html'),
  });
}
