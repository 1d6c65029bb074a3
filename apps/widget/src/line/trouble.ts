/** `unreachable`: no answer. `busy`: later. `refused`: not with this token or page. `gone`: the conversation is no more. `rejected`: not this line. */
export type TroubleCode = 'unreachable' | 'busy' | 'refused' | 'gone' | 'rejected';

/** Why a call did not succeed, in the few kinds that are dealt with differently. */
export class Trouble extends Error {
  readonly code: TroubleCode;
  readonly retryAfterMs: number | undefined;

  constructor(code: TroubleCode, message: string, retryAfterMs?: number) {
    super(message);
    this.name = 'Trouble';
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

export function codeOf(error: unknown): TroubleCode {
  return error instanceof Trouble ? error.code : 'unreachable';
}

/**
 * One HTTP call with an end.
 * @returns the answer, whatever its status.
 * @throws Trouble `unreachable` when none comes within the time.
 */
export async function call(
  fetch: typeof globalThis.fetch,
  url: string,
  init: RequestInit,
  timeoutMs: number,
): Promise<Response> {
  try {
    return await fetch(url, { cache: 'no-store', redirect: 'error', ...init, signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    throw new Trouble('unreachable', `${new URL(url).origin} does not answer: ${(error as Error).message}`);
  }
}

/** Milliseconds of a `Retry-After` in seconds. */
export function retryAfterOf(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after'));
  return seconds > 0 ? seconds * 1_000 : undefined;
}

/** @throws Trouble `unreachable` for a body that is no JSON object: something between us and the server answered. */
export async function readJson(response: Response): Promise<Record<string, unknown>> {
  const body: unknown = await response.json().catch(() => undefined);
  if (typeof body !== 'object' || body === null) throw new Trouble('unreachable', 'The answer is not JSON');
  return body as Record<string, unknown>;
}
