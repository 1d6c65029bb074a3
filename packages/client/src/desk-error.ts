import { problems, type ErrorCode, type Holder, type Problem } from '@parley/contracts';

/** A code of the desk, or why no answer of the desk was had. */
export type DeskErrorCode = ErrorCode | 'network' | 'timeout' | 'aborted';

/**
 * Why a call did not succeed. `code` is stable and meant for decisions; `message` is for logs.
 * With `network` and `timeout` it is unknown whether the desk carried the call out.
 */
export class DeskError extends Error {
  readonly code: DeskErrorCode;
  /** HTTP status; 0 without an answer. */
  readonly status: number;
  readonly detail: string | undefined;
  /** Who holds the conversation, where that is why. */
  readonly holder: Holder | undefined;
  readonly fields: readonly { path: string; message: string }[];
  /** Milliseconds the desk asked to wait. */
  readonly retryAfter: number | undefined;

  constructor(code: DeskErrorCode, options: DeskErrorOptions = {}) {
    super(options.detail ?? titleOf(code), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'DeskError';
    this.code = code;
    this.status = options.status ?? 0;
    this.detail = options.detail;
    this.holder = options.holder;
    this.fields = options.fields ?? [];
    this.retryAfter = options.retryAfter;
  }

  /** Whether the same call may well succeed later, unchanged. */
  get transient(): boolean {
    return transientCodes.has(this.code) || this.status >= 500;
  }
}

/** Reads a refusal; a body that is no problem document (a proxy's page, say) is judged by its status. */
export function problemOf(status: number, body: unknown, retryAfter?: number): DeskError {
  const problem = isProblem(body) ? body : undefined;
  const code = problem !== undefined && problem.code in problems ? (problem.code as ErrorCode) : codeOfStatus(status);
  return new DeskError(code, {
    status,
    ...(problem?.detail === undefined ? {} : { detail: problem.detail }),
    ...(problem?.holder === undefined ? {} : { holder: problem.holder }),
    ...(problem?.fields === undefined ? {} : { fields: problem.fields }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
}

/** Any thrown value as a DeskError. */
export function asDeskError(thrown: unknown): DeskError {
  return thrown instanceof DeskError
    ? thrown
    : new DeskError('internal', { cause: thrown, detail: thrown instanceof Error ? thrown.message : String(thrown) });
}

const transientCodes = new Set<DeskErrorCode>([
  'network',
  'timeout',
  'rate-limited',
  'overloaded',
  'storage-unavailable',
  'keys-unavailable',
  'contention',
  'unauthenticated',
]);

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && typeof (body as { code?: unknown }).code === 'string';
}

function codeOfStatus(status: number): ErrorCode {
  switch (status) {
    case 400:
      return 'validation';
    case 401:
      return 'unauthenticated';
    case 403:
      return 'forbidden';
    case 404:
      return 'not-found';
    case 413:
      return 'payload-too-large';
    case 429:
      return 'rate-limited';
    case 502:
    case 503:
    case 504:
      return 'overloaded';
    default:
      return 'internal';
  }
}

function titleOf(code: DeskErrorCode): string {
  switch (code) {
    case 'network':
      return 'The desk cannot be reached';
    case 'timeout':
      return 'The desk did not answer in time';
    case 'aborted':
      return 'The call was given up';
    default:
      return problems[code][1];
  }
}

interface DeskErrorOptions {
  status?: number;
  detail?: string;
  holder?: Holder;
  fields?: readonly { path: string; message: string }[];
  retryAfter?: number;
  cause?: unknown;
}
