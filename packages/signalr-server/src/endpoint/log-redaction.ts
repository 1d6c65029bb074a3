import type { FastifyRequest } from 'fastify';

/**
 * Request logging for hub routes. Browsers put the access token into the URL of the WebSocket, and the connection
 * token is there too: neither may reach a log.
 */
export const redactedRequest = {
  req: (request: FastifyRequest) => ({
    method: request.method,
    url: redactUrl(request.url ?? ''),
    host: request.host,
    remoteAddress: request.ip,
    remotePort: request.socket?.remotePort,
  }),
};

export function redactUrl(url: string): string {
  return url.replace(/([?&])([^=&]*)=[^&]*/g, (whole, lead: string, name: string) =>
    isSecret(name) ? `${lead}${name}=[redacted]` : whole,
  );
}

function isSecret(name: string): boolean {
  let decoded = name;
  try {
    decoded = decodeURIComponent(name.replaceAll('+', ' '));
  } catch {
    return true;
  }
  return ['access_token', 'id'].includes(decoded.toLowerCase());
}
