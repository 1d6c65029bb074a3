import { problems, type ErrorCode, type Problem } from '@parley/contracts';
import { StoreUnavailable } from '@parley/core';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';

export const problemType = 'application/problem+json';

/** What a problem may say beyond its code. `retryAfter` is in seconds and becomes a header. */
export type ProblemExtra = Partial<Pick<Problem, 'detail' | 'holder' | 'fields'>> & { retryAfter?: number };

/** Thrown by a route to refuse: `throw new Refusal('not-found')`. */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly code: ErrorCode;
  readonly extra: ProblemExtra;

  constructor(code: ErrorCode, extra: ProblemExtra = {}) {
    super(code);
    this.code = code;
    this.extra = extra;
  }
}

/** The body of a refusal, after RFC 9457. */
export function problem(code: ErrorCode, extra: ProblemExtra = {}): Problem {
  const [status, title] = problems[code];
  const { retryAfter: _, ...shown } = extra;
  return { type: `urn:parley:problem:${code}`, title, status, code, ...shown };
}

/** Answers with a problem. */
export function sendProblem(reply: FastifyReply, code: ErrorCode, extra: ProblemExtra = {}): FastifyReply {
  const body = problem(code, extra);
  const retryAfter = extra.retryAfter ?? (body.status === 503 ? 2 : undefined);
  if (retryAfter !== undefined) reply.header('retry-after', String(Math.max(1, Math.ceil(retryAfter))));
  return reply.code(body.status).type(problemType).serializer(JSON.stringify).send(body);
}

/**
 * Turns whatever was thrown into a problem. Only what the desk itself decided to say reaches the caller.
 * @param onUnexpected told of everything that is a bug or an outage
 */
export function createErrorHandler(onUnexpected: (error: Error, request: FastifyRequest) => void) {
  return (error: Error, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    if (error instanceof Refusal) return sendProblem(reply, error.code, error.extra);
    if (error instanceof StoreUnavailable || error.name === 'StoreUnavailable') {
      onUnexpected(error, request);
      return sendProblem(reply, 'storage-unavailable');
    }
    const { code, extra } = fromFramework(error as FastifyError);
    if (code === 'internal') onUnexpected(error, request);
    return sendProblem(reply, code, extra);
  };
}

function fromFramework(error: FastifyError): { code: ErrorCode; extra?: ProblemExtra } {
  if (Array.isArray(error.validation)) return { code: 'validation', extra: { fields: fieldsOf(error) } };
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return { code: 'payload-too-large' };
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return { code: 'unsupported-media-type' };
    case 'FST_ERR_HANDLER_TIMEOUT':
      return { code: 'overloaded' };
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return { code: 'validation', extra: { detail: 'The body is empty.' } };
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return { code: 'validation', extra: { detail: 'The body is not valid JSON.' } };
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return { code: 'validation', extra: { detail: 'The body is not as long as announced.' } };
  }
  const status = error.statusCode ?? 500;
  if (status === 404) return { code: 'not-found' };
  // A parser's own message quotes the body, so it is not passed on.
  return status >= 400 && status < 500 ? { code: 'validation' } : { code: 'internal' };
}

function fieldsOf({ validation, validationContext }: FastifyError): NonNullable<Problem['fields']> {
  const fields = (validation ?? []).flatMap(({ instancePath, message = 'is not as expected', params, keyword }) => {
    const where = `${validationContext ?? 'body'}${instancePath}`;
    const names =
      keyword === 'additionalProperties'
        ? params['additionalProperties']
        : keyword === 'required'
          ? params['requiredProperties']
          : undefined;
    if (!Array.isArray(names)) return [{ path: where, message }];
    const reason = keyword === 'required' ? 'is missing' : 'is not expected here';
    return names.map((name) => ({ path: `${where}/${String(name).slice(0, 100)}`, message: reason }));
  });
  return fields.slice(0, 20);
}
