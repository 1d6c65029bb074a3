import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Client, Clients } from './clients.ts';

/** For everything that is no page. */
const nothing = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const ofEveryAnswer = Object.entries({
  'content-security-policy': nothing,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  // Sign-in may open a window and has to hear back from it.
  'cross-origin-opener-policy': 'same-origin-allow-popups',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
});

/** Headers of every answer; a page replaces the policy with its own. */
export function setSecurityHeaders(request: FastifyRequest, reply: FastifyReply, https: boolean): void {
  for (const [name, value] of ofEveryAnswer) reply.header(name, value);
  reply.header('x-request-id', request.id);
  if (https) reply.header('strict-transport-security', 'max-age=31536000; includeSubDomains');
  if (/^\/(v1|hub)(\/|\?|$)/.test(request.url)) reply.header('cache-control', 'no-store');
}

/**
 * The console talks to the desk and to the clients' sign-in hosts, and is shown in no frame. Only the page that takes
 * the answer of a silent sign-in is: in a hidden frame of the console itself.
 * Fluent UI writes its styles into the page, hence inline styles; scripts are files only.
 */
export function consolePolicy(clients: Clients, publicUrl: string, isMainPage: boolean): string {
  const signIn = unique(
    clients
      .all()
      .filter((client) => !client.suspended)
      .flatMap(signInOrigins),
  );
  return policy({
    'default-src': ["'self'"],
    'script-src': ["'self'"],
    'style-src': ["'self'", "'unsafe-inline'"],
    'img-src': ["'self'", 'data:', 'blob:'],
    'font-src': ["'self'", 'data:'],
    'connect-src': ["'self'", publicUrl.replace(/^http/, 'ws'), ...signIn],
    'frame-src': ["'self'", ...signIn],
    'worker-src': ["'self'", 'blob:'],
    'object-src': ["'none'"],
    'base-uri': ["'none'"],
    'form-action': ["'self'"],
    'frame-ancestors': [isMainPage ? "'none'" : "'self'"],
  });
}

/** The web chat may be framed by the sites of these clients only, and talks to their channels only. */
export function widgetPolicy(clients: readonly Client[]): string {
  const live = clients.filter((client) => !client.suspended);
  const origins = live.flatMap((client) => client.chatOrigins);
  const sites = live.flatMap((client) => client.embedOrigins);
  return policy({
    'default-src': ["'self'"],
    'script-src': ["'self'"],
    'style-src': ["'self'", "'unsafe-inline'"],
    'img-src': ["'self'", 'data:', 'blob:', ...origins],
    'media-src': ["'self'", 'data:', 'blob:', ...origins],
    'font-src': ["'self'", 'data:'],
    'connect-src': ["'self'", 'blob:', ...origins, ...origins.map((origin) => origin.replace(/^http/, 'ws'))],
    'worker-src': ["'self'", 'blob:'],
    'object-src': ["'none'"],
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
    'frame-ancestors': sites.length > 0 ? [...sites, "'self'"] : ["'none'"],
  });
}

function signInOrigins({ signIn }: Client): string[] {
  const endpoints =
    signIn.authorityMetadata === undefined ? [] : Object.values(JSON.parse(signIn.authorityMetadata) as object);
  return [signIn.authority, ...endpoints]
    .filter((value): value is string => typeof value === 'string' && URL.canParse(value) && /^https?:/.test(value))
    .map((url) => new URL(url).origin);
}

function policy(directives: Record<string, readonly string[]>): string {
  return Object.entries(directives)
    .map(([name, values]) => `${name} ${unique(values).join(' ')}`)
    .join('; ');
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
