import type { FastifyReply, FastifyRequest } from 'fastify';
import { pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';
import type { LogLevel } from './config.ts';

export type LoggerOptions = {
  level: LogLevel;
  /** In development the text of an unexpected error is logged; in production only its name, code and place. */
  production: boolean;
  /** Default: standard output. */
  destination?: DestinationStream;
};

/**
 * The desk's log: JSON lines without tokens and without anything people wrote.
 * Three nets, each on its own enough for the ordinary case: requests and errors are logged from an allow-list of
 * fields; members with a telling name are dropped at any depth; whatever looks like a token is cut out of the line.
 */
export function createLogger({ level, production, destination = process.stdout }: LoggerOptions): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      serializers: {
        err: (error: unknown) => describeError(error, production),
        req: () => '[dropped]',
        res: () => '[dropped]',
      },
      hooks: {
        // pino makes the message of an error the message of the line, unless one is given.
        logMethod(values, method) {
          const [first, second] = values as unknown[];
          const error = first instanceof Error ? first : (first as { err?: unknown } | undefined)?.err;
          if (!(error instanceof Error) || typeof second === 'string') return method.apply(this, values);
          return method.apply(this, [
            first instanceof Error ? { err: first } : first,
            error.name,
          ] as unknown as Parameters<typeof method>);
        },
      },
      formatters: { log: (fields) => withoutSecrets(fields, 0) as Record<string, unknown> },
    },
    { write: (line: string) => destination.write(cutTokens(line)) },
  );
}

/** What the log says about a finished request. */
export function describeRequest(request: FastifyRequest, reply: FastifyReply): Record<string, unknown> {
  return {
    id: request.id,
    method: request.method,
    route: request.routeOptions.url ?? 'unmatched',
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime * 10) / 10,
    ...(request.caller && { client: request.caller.client, person: request.caller.id }),
    ...(request.bot && { client: request.bot.client, bot: request.bot.id }),
  };
}

function describeError(error: unknown, production: boolean): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: typeof error };
  const { code, cause } = error as NodeJS.ErrnoException;
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return {
    name: error.name,
    ...(typeof code === 'string' && { code }),
    // A message may quote what a person wrote.
    ...(!production && { message: error.message }),
    at: frames.slice(0, 12).map((line) => line.trim().slice(3)),
    ...(cause instanceof Error && { cause: describeError(cause, production) }),
  };
}

/** Members that hold secrets or what people wrote, under whatever parent. */
const forbidden =
  /^(authorization|cookie|set-cookie|.*token|.*secrets?|password|signature|.*key|text|comment|message_text|body|lines?|userLines|snippet|summary|packet|entries|draft|query|querystring|search|email|preferred_username)$/i;
const deepest = 6;

function withoutSecrets(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return value.length > 2_000 ? `${value.slice(0, 2_000)}…` : value;
  if (typeof value !== 'object' || value === null || value instanceof Error) return value;
  if (depth >= deepest) return '[deep]';
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      forbidden.test(name) ? '[redacted]' : withoutSecrets(member, depth + 1),
    ]),
  );
}

/** JSON Web Tokens start with `{"`; query tokens carry a name; webhook secrets have a prefix. */
function cutTokens(line: string): string {
  return line
    .replaceAll(/eyJ[\w-]{5,}(\.[\w-]*)*/g, '[token]')
    .replaceAll(/(access_token|id)=[^&"\s\\]+/g, '$1=[token]')
    .replaceAll(/\b(Bearer|Basic) [\w.~+/-]+=*/gi, '$1 [token]')
    .replaceAll(/whsec_[\w+/=]+/g, '[secret]');
}
