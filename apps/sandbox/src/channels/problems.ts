import type { FastifyError, FastifyInstance } from 'fastify';

/** Codes of the Direct Line and Connector services; callers may rely on them, messages are for people. */
export type ChannelErrorCode =
  | 'BadArgument'
  | 'BadSyntax'
  | 'BotNotInConversationRoster'
  | 'BotRejectedActivity'
  | 'ConversationNotFound'
  | 'ActivityNotFoundInConversation'
  | 'Forbidden'
  | 'MessageSizeTooBig'
  | 'MethodNotAllowed'
  | 'NotFound'
  | 'ServiceError'
  | 'TokenExpired'
  | 'Unauthorized'
  | 'UnsupportedMediaType';

/** A refusal, answered as `{error: {code, message}}`. */
export class ChannelProblem extends Error {
  readonly statusCode: number;
  readonly code: ChannelErrorCode;

  constructor(statusCode: number, code: ChannelErrorCode, message: string) {
    super(message);
    this.statusCode = statusCode;
    this.code = code;
  }
}

export const notFound = (what: string) => new ChannelProblem(404, 'NotFound', `${what} not found`);
export const badArgument = (message: string) => new ChannelProblem(400, 'BadArgument', message);

/** Makes every failure below `app` look as the real services' do. */
export function answerWithProblems(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError | ChannelProblem, request, reply) => {
    if (error instanceof ChannelProblem) {
      return reply.code(error.statusCode).send({ error: { code: error.code, message: error.message } });
    }
    const status = error.statusCode ?? 500;
    if (status >= 500) request.log.error({ err: error }, 'channel failure');
    const message = status >= 500 ? 'The channel failed' : error.message;
    return reply.code(status).send({ error: { code: codeOfStatus(status), message } });
  });
  app.setNotFoundHandler((_request, reply) => {
    return reply.code(404).send({ error: { code: 'NotFound', message: 'No such operation' } });
  });
}

function codeOfStatus(status: number): ChannelErrorCode {
  if (status === 413) return 'MessageSizeTooBig';
  if (status === 415) return 'UnsupportedMediaType';
  return status >= 500 ? 'ServiceError' : 'BadArgument';
}
