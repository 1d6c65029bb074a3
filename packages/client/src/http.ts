import { defaultBackOff, pause, pauseBefore, type BackOff } from './back-off.ts';
import { DeskError, problemOf } from './desk-error.ts';
import { browserHost, type ClientHost } from './host.ts';

/** Gives the access token for the desk. `renew` asks for a fresh one, because the desk refused the last. */
export type TokenSource = (options?: { renew?: boolean }) => Promise<string>;

export interface HttpOptions {
  /** Origin of the desk, without a trailing slash; empty for the page's own origin. */
  url: string;
  token: TokenSource;
  fetch?: typeof globalThis.fetch;
  backOff?: BackOff;
  /** Milliseconds until one try is given up. */
  timeout?: number;
  /** Tries of one call, the first included. */
  tries?: number;
  host?: ClientHost;
}

export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
  signal?: AbortSignal;
  /** Tries of this call; 1 for whoever repeats by themselves. */
  tries?: number;
  /** Answers with a `ReceivedFile`: the body as it came, instead of what it says. */
  file?: boolean;
}

/** A file the desk made. */
export interface ReceivedFile {
  /** As the desk names it, without any folder; undefined where it does not. */
  name: string | undefined;
  /** Content type. */
  type: string;
  text: string;
}

export type Http = <T>(path: string, call?: Call) => Promise<T>;

/**
 * Calls the desk. Every call may be repeated without harm: reads and PUTs by nature, commands because they carry ids.
 * So network trouble, 429 and 5xx are retried with back-off and jitter, and `Retry-After` is obeyed.
 * @throws DeskError
 */
export function createHttp(options: HttpOptions): Http {
  const send = options.fetch ?? globalThis.fetch.bind(globalThis);
  const backOff = options.backOff ?? defaultBackOff;
  const timeout = options.timeout ?? 15_000;
  const host = options.host ?? browserHost;

  return async <T>(path: string, call: Call = {}): Promise<T> => {
    const tries = call.tries ?? options.tries ?? 4;
    let renewed = false;
    for (let attempt = 0; ; attempt++) {
      try {
        return await once<T>(path, call, renewed);
      } catch (thrown) {
        const error = thrown as DeskError;
        if (call.signal?.aborted) throw new DeskError('aborted', { cause: error });
        if (error.code === 'unauthenticated') {
          if (renewed) throw error;
          renewed = true;
          continue;
        }
        if (!error.transient || attempt + 1 >= tries) throw error;
        await pause(host, Math.max(error.retryAfter ?? 0, pauseBefore(attempt, backOff, host)), call.signal);
      }
    }
  };

  async function once<T>(path: string, call: Call, renew: boolean): Promise<T> {
    const token = await options.token(renew ? { renew } : undefined).catch((cause: unknown) => {
      throw cause instanceof DeskError
        ? cause
        : new DeskError('network', { cause, detail: 'No access token could be had' });
    });
    const deadline = new AbortController();
    const cancel = host.after(timeout, () => deadline.abort());
    let response: Response;
    let text: string;
    try {
      response = await send(options.url + path + queryOf(call.query), {
        method: call.method ?? 'GET',
        headers: {
          accept: 'application/json, application/problem+json',
          authorization: `Bearer ${token}`,
          ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        cache: 'no-store',
        credentials: 'omit',
        signal: call.signal === undefined ? deadline.signal : AbortSignal.any([call.signal, deadline.signal]),
      });
      text = await response.text();
    } catch (cause) {
      throw new DeskError(deadline.signal.aborted ? 'timeout' : 'network', { cause });
    } finally {
      cancel();
    }
    if (response.ok && call.file === true) {
      const file: ReceivedFile = {
        name: fileNameOf(response.headers.get('content-disposition')),
        type: response.headers.get('content-type') ?? 'application/octet-stream',
        text,
      };
      return file as T;
    }
    const body = parse(text);
    if (!response.ok)
      throw problemOf(
        response.status,
        body,
        retryAfterOf(response.headers.get('retry-after'), () => host.now()),
      );
    return body as T;
  }
}

/** `Retry-After` in milliseconds: seconds or an HTTP date, at most a minute, so that a wrong header cannot stop the console. */
export function retryAfterOf(header: string | null, now: () => number): number | undefined {
  if (header === null || header.trim() === '') return undefined;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(header) - now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), 60_000) : undefined;
}

/** The file name of a `Content-Disposition` header; the encoded form goes before the plain one. Never a path. Source: RFC 6266. */
export function fileNameOf(header: string | null): string | undefined {
  const encoded = /(?:^|;)\s*filename\*\s*=\s*utf-8'[^']*'([^;\s]+)/i.exec(header ?? '')?.[1];
  const plain = /(?:^|;)\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(header ?? '');
  const name =
    (encoded === undefined ? undefined : decoded(encoded)) ?? plain?.[1]?.replaceAll(/\\(.)/g, '$1') ?? plain?.[2];
  const last = name?.split(/[\\/]/).at(-1)?.trim();
  return last === undefined || last === '' || last === '.' || last === '..' ? undefined : last;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function queryOf(query: Call['query']): string {
  const pairs = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
  return pairs.length === 0
    ? ''
    : `?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString()}`;
}

function parse(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}
