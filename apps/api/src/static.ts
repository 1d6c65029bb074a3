import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clients } from './clients.ts';
import { consolePolicy, widgetPolicy } from './headers.ts';
import type { Api } from './server.ts';

export type StaticDeps = { consoleDir: string; widgetDir: string; clients: Clients; publicUrl: string };

/** Prepares the console's page as the answer to a request that no route took. @returns undefined if it asks for no page */
export type PageFallback = (request: FastifyRequest, reply: FastifyReply) => Promise<Buffer | undefined>;

/**
 * Serves the built console at `/` and the web chat at `/widget/`. A folder that was not built is left out.
 * @returns the fallback that lets the console's own addresses (`/contoso/waiting`) be opened directly
 */
export async function serveStatic(
  app: Api,
  { consoleDir, widgetDir, clients, publicUrl }: StaticDeps,
): Promise<PageFallback> {
  const page = join(consoleDir, 'index.html');
  const hasConsole = existsSync(page);
  if (hasConsole) {
    await app.register(fastifyStatic, {
      root: consoleDir,
      index: 'index.html',
      cacheControl: false,
      dotfiles: 'ignore',
      schemaHide: true,
      setHeaders: (reply, path) => {
        reply.header('cache-control', cacheFor(path));
        if (path.endsWith('.html'))
          reply.header('content-security-policy', consolePolicy(clients, publicUrl, path === page));
      },
    });
  }
  if (existsSync(widgetDir)) await app.register(async (scope: Api) => serveWidget(scope, widgetDir, clients));

  return async (request, reply) => {
    if (!hasConsole || (request.method !== 'GET' && request.method !== 'HEAD')) return undefined;
    const path = request.url.split('?')[0] ?? '/';
    const wantsPage = (request.headers.accept ?? '').includes('text/html');
    if (!wantsPage || path.includes('.') || /^\/(v1|hub|widget|docs)(\/|$)/.test(path)) return undefined;
    reply
      .headers({ 'cache-control': cacheFor(page), 'content-security-policy': consolePolicy(clients, publicUrl, true) })
      .type('text/html; charset=utf-8');
    return readFile(page);
  };
}

/** Built files carry a hash of their content in their name and never change. */
function cacheFor(path: string): string {
  return /[.-][\w-]{8,}\.(js|css|woff2?|svg|png|webp|jpg)$/.test(path) && /[\\/]assets[\\/]/.test(path)
    ? 'public, max-age=31536000, immutable'
    : 'no-cache';
}

/**
 * The web chat is the same for every client, but who may frame it is not: `/widget/contoso/` is for the sites of one
 * client, `/widget/` for those of all of them.
 */
async function serveWidget(app: Api, root: string, clients: Clients): Promise<void> {
  const place = (request: FastifyRequest) => {
    const path = (request.params as { '*': string })['*'];
    const [first = '', ...rest] = path.split('/');
    const client = clients.byId(first);
    return client ? { client, file: rest.join('/') } : { client, file: path };
  };
  await app.register(fastifyStatic, {
    serve: false,
    root,
    cacheControl: false,
    dotfiles: 'ignore',
    setHeaders: (reply, path) => {
      reply.header('cache-control', cacheFor(path));
      // Other sites load the loader and show the page.
      reply.header('cross-origin-resource-policy', 'cross-origin');
      const { client } = place(reply.request);
      if (path.endsWith('.html'))
        reply.header('content-security-policy', widgetPolicy(client ? [client] : clients.all()));
    },
  });
  app.get('/widget/*', { schema: { hide: true } }, (request, reply) => reply.sendFile(place(request).file));
}
