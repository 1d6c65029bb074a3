import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';

const pages = [
  { path: '/', file: 'index.html', contentType: 'text/html; charset=utf-8' },
  { path: '/chat.js', file: 'chat.js', contentType: 'text/javascript; charset=utf-8' },
  { path: '/chat.css', file: 'chat.css', contentType: 'text/css; charset=utf-8' },
] as const;

/** The page on which a person chats as in Teams. */
export async function teamsPageRoutes(app: FastifyInstance): Promise<void> {
  for (const { path, file, contentType } of pages) {
    const body = await readFile(new URL(`./teams-page/${file}`, import.meta.url));
    app.get(path, async (_request, reply) =>
      reply
        .header('content-type', contentType)
        .header('cache-control', 'no-cache')
        .header(
          'content-security-policy',
          "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
        )
        .header('x-content-type-options', 'nosniff')
        .send(body),
    );
  }
}
