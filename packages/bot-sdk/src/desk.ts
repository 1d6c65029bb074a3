import type { TokenSource } from './tokens.ts';

/** What came of a call. `retry` says whether the same call may succeed later. */
export type DeskReply<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly status: number;
      readonly code: string;
      readonly retry: boolean;
      readonly retryAfterMs?: number;
    };

export interface Desk {
  /** Never rejects. @param timeoutMs for everything, the token included. */
  post<T>(path: string, body: unknown, timeoutMs: number): Promise<DeskReply<T>>;
  /** Never rejects. */
  get<T>(path: string, timeoutMs: number): Promise<DeskReply<T>>;
  /** Whether a call failed to reach the desk within the last seconds. */
  seemsDown(): boolean;
}

/** A request but for what every request has. */
type Init = { readonly method: string; readonly headers?: Record<string, string>; readonly body?: string };

const downMs = 30_000;
const longestRetryAfterMs = 5 * 60_000;

/**
 * HTTP towards the desk. A token that is refused is replaced once.
 * @param url root of the desk, without a path.
 */
export function createDesk(url: string, tokens: TokenSource, now: () => number = Date.now): Desk {
  const root = url.replace(/\/+$/, '');
  let lastFailure = Number.NEGATIVE_INFINITY;

  async function once(path: string, init: Init, signal: AbortSignal): Promise<{ response: Response; token: string }> {
    const token = await abortable(tokens.get(), signal);
    const headers = { ...init.headers, accept: 'application/json', authorization: `Bearer ${token}` };
    return { response: await fetch(root + path, { ...init, headers, redirect: 'error', signal }), token };
  }

  async function call<T>(path: string, init: Init, timeoutMs: number): Promise<DeskReply<T>> {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      let { response, token } = await once(path, init, signal);
      if (response.status === 401) {
        await response.body?.cancel();
        tokens.forget(token);
        ({ response, token } = await once(path, init, signal));
        if (response.status === 401) tokens.forget(token);
      }
      const text = await response.text();
      if (response.ok) {
        lastFailure = Number.NEGATIVE_INFINITY;
        return { ok: true, value: (text === '' ? undefined : JSON.parse(text)) as T };
      }
      if (response.status >= 500) lastFailure = now();
      return refusal(response, text, now());
    } catch (error) {
      lastFailure = now();
      return {
        ok: false,
        status: 0,
        code: (error as Error).name === 'TimeoutError' ? 'timeout' : 'unreachable',
        retry: true,
      };
    }
  }

  return {
    post: (path, body, timeoutMs) =>
      call(
        path,
        { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
        timeoutMs,
      ),
    get: (path, timeoutMs) => call(path, { method: 'GET' }, timeoutMs),
    seemsDown: () => now() - lastFailure < downMs,
  };
}

/** Milliseconds before the next attempt: doubling from half a second to half a minute, with jitter so that bots do not return in step. */
export function backOff(attempt: number, retryAfterMs = 0): number {
  const ceiling = Math.min(30_000, 500 * 2 ** Math.min(attempt, 10));
  return Math.max(retryAfterMs, ceiling / 2 + Math.random() * (ceiling / 2));
}

function refusal(response: Response, text: string, now: number): DeskReply<never> {
  const { status } = response;
  // A suspended client or a mistaken registration is put right on the desk's side, without the bot being restarted.
  const retry = status >= 500 || status === 429 || status === 408 || status === 401 || status === 403;
  const retryAfterMs = readRetryAfter(response.headers.get('retry-after'), now);
  return {
    ok: false,
    status,
    code: readCode(text) ?? `http-${status}`,
    retry,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

function readCode(text: string): string | undefined {
  try {
    const code = (JSON.parse(text) as { code?: unknown }).code;
    return typeof code === 'string' ? code : undefined;
  } catch {
    return undefined;
  }
}

function readRetryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), longestRetryAfterMs);
}

function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
