import { setTimeout as pause } from 'node:timers/promises';
import type { Problem } from '@parley/contracts';
import type { TokenSource } from './sign-in.ts';

/** What the desk refused, in its own words. */
export class Refused extends Error {
  override name = 'Refused';
  readonly status: number;
  readonly code: string;

  constructor(what: string, status: number, problem: Partial<Problem>) {
    super(
      `${what} answered ${status} ${problem.code ?? ''} ${problem.detail ?? problem.title ?? ''} ${JSON.stringify(problem.fields ?? '')}`,
    );
    this.status = status;
    this.code = problem.code ?? 'unknown';
  }
}

/**
 * Speaks to the desk over HTTP as somebody with a token. What the desk could not take now (429, 503) and what got no
 * answer is sent again, which is harmless since everything said carries its sender's id.
 */
export class Caller {
  readonly #url: string;
  readonly #token: TokenSource;
  readonly #signal: AbortSignal;
  /** Requests sent again. */
  repeated = 0;

  constructor(url: string, token: TokenSource, signal: AbortSignal) {
    this.#url = url;
    this.#token = token;
    this.#signal = signal;
  }

  get<T>(path: string): Promise<T> {
    return this.#call('GET', path);
  }

  post<T>(path: string, body: object): Promise<T> {
    return this.#call('POST', path, body);
  }

  put<T>(path: string, body: object): Promise<T> {
    return this.#call('PUT', path, body);
  }

  /** @throws {Refused} */
  async #call<T>(method: string, path: string, body?: object): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#try(method, path, body).catch((error: unknown) => {
        if (this.#signal.aborted || attempt >= attempts) throw error;
        return undefined;
      });
      if (answer?.ok) return (answer.text === '' ? undefined : JSON.parse(answer.text)) as T;
      if (answer && ((answer.status !== 429 && answer.status !== 503) || attempt >= attempts))
        throw new Refused(`${method} ${path.split('?')[0]}`, answer.status, problemIn(answer.text));
      this.repeated += 1;
      await pause(answer?.retryAfterMs ?? 200 * attempt, undefined, { signal: this.#signal });
    }
  }

  async #try(method: string, path: string, body: object | undefined): Promise<Answer> {
    const response = await fetch(this.#url + path, {
      method,
      headers: {
        authorization: `Bearer ${await this.#token()}`,
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: this.#signal,
    });
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
    return {
      ok: response.ok,
      status: response.status,
      text: await response.text(),
      retryAfterMs: Number.isFinite(seconds) ? seconds * 1_000 : undefined,
    };
  }
}

const attempts = 10;

type Answer = { ok: boolean; status: number; text: string; retryAfterMs: number | undefined };

function problemIn(text: string): Partial<Problem> {
  try {
    return JSON.parse(text) as Partial<Problem>;
  } catch {
    return { detail: text.slice(0, 200) };
  }
}
