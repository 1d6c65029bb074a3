import { setTimeout as wait } from 'node:timers/promises';
import type {
  Container,
  FeedOptions,
  OperationInput,
  OperationResponse,
  QueryIterator,
  SqlParameter,
} from '@azure/cosmos';
import { StoreUnavailable } from '@parley/core';
import type { StoreLog } from '../sqlite/writer.ts';
import type { Gate } from './gate.ts';

/** What one answer of Cosmos cost. */
export type Charge = {
  client: string;
  /** Closed set of names, fit for a label: `commit`, `head`, `list`, … */
  operation: string;
  /** Request units. */
  ru: number;
};

/** A request that is asked again, and why: an HTTP status, or `network` where none came. */
export type Retry = { client: string; operation: string; status: number | 'network' };

export type WireOptions = {
  client: string;
  onCharge?: ((charge: Charge) => void) | undefined;
  onRetry?: ((retry: Retry) => void) | undefined;
  log?: StoreLog | undefined;
  /** Shared by all clients: more requests than connections would only age in a queue. */
  gate: Gate;
  /** Milliseconds after which an attempt is given up. */
  attempt: number;
  /** Milliseconds after which nothing is attempted any more. */
  deadline: number;
};

/** An answer that is no failure of the medium but an answer: 404, 409, 412 and the like. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, cause: unknown) {
    super(`Cosmos answered ${status}.`, { cause });
    this.status = status;
  }
}

export type BatchOutcome = { ok: true; etags: (string | undefined)[] } | { ok: false; at: number; status: number };

/**
 * Speaks to Cosmos for one client: every call is measured, bounded in time and repeated by one rule.
 *
 * Repeated until the deadline: 429 and 449 after the pause that the server names, 408, 410, 5xx and a broken or silent
 * connection after a pause that doubles, with jitter. So a write may reach Cosmos twice, or take place although its answer
 * was lost: who writes makes that harmless, with an ETag and a token that tells its own doing.
 * Then, and for a refused sign-in: `StoreUnavailable`. Other refusals are the caller's, as `Refused`.
 */
export class Wire {
  readonly client: string;
  #options: WireOptions;

  constructor(options: WireOptions) {
    this.client = options.client;
    this.#options = options;
  }

  /**
   * @param run makes one attempt; must hand on the signal, which ends it
   * @param failed reads a failure out of an answer that looks like success
   */
  async call<T extends object>(
    operation: string,
    run: (signal: AbortSignal) => Promise<T>,
    failed: (answer: T) => Failure | undefined = () => undefined,
  ): Promise<T> {
    const until = performance.now() + this.#options.deadline;
    for (let tries = 1; ; tries++) {
      let failure: Failure;
      try {
        const answer = await this.#options.gate.pass(() => run(AbortSignal.timeout(this.#options.attempt)));
        this.#charge(operation, answer);
        const found = failed(answer);
        if (!found) return answer;
        failure = found;
      } catch (error) {
        if (error instanceof RangeError) throw error;
        failure = failureOf(error);
        if (failure.answer) this.#charge(operation, failure.answer);
      }
      const { status, cause } = failure;
      if (status !== 'network' && !isPassing(status)) throw refusalOf(status, cause, this.client);
      const pause = failure.pause ?? Math.random() * Math.min(2_000, 25 * 2 ** Math.min(tries, 10));
      if (performance.now() + pause >= until)
        throw new StoreUnavailable(
          `Cosmos does not serve ${this.client} (${operation}, ${status}, ${tries} tries): ${messageOf(cause)}`,
          { cause },
        );
      this.#options.onRetry?.({ client: this.client, operation, status });
      await wait(pause);
    }
  }

  /** @returns the document, or `undefined` where there is none */
  async read<T extends object>(
    operation: string,
    container: Container,
    partition: string,
    id: string,
  ): Promise<(T & { _etag: string }) | undefined> {
    const answer = await this.call(
      operation,
      (abortSignal) => container.item(id, partition).read<T>({ abortSignal }),
      // The library answers a missing document without throwing.
      ({ statusCode, headers }) =>
        statusCode >= 400 && statusCode !== 404 ? { status: statusCode, headers } : undefined,
    );
    return answer.statusCode === 404 ? undefined : answer.resource;
  }

  /**
   * All of these or none, in one partition.
   *
   * @returns what happened, or which of them was refused first and with what; nothing took place then
   */
  async batch(
    operation: string,
    container: Container,
    partition: string,
    operations: OperationInput[],
  ): Promise<BatchOutcome> {
    let answer;
    try {
      answer = await this.call(
        operation,
        // The library writes into what it is given.
        (abortSignal) =>
          container.items.batch(
            operations.map((one) => ({ ...one })),
            partition,
            { abortSignal },
          ),
        ({ result = [], headers }) => {
          const refused = firstRefused(result);
          return refused && isPassing(refused.status) ? { status: refused.status, headers } : undefined;
        },
      );
    } catch (error) {
      if (error instanceof Refused && error.status === 413)
        throw new RangeError('A commit is at most 2 MB: this one is larger, and Cosmos takes it whole or not at all.', {
          cause: error,
        });
      if (error instanceof Refused) return { ok: false, at: 0, status: error.status };
      throw error;
    }
    const results = answer.result ?? [];
    const refused = firstRefused(results);
    return refused ? { ok: false, ...refused } : { ok: true, etags: results.map(({ eTag }) => eTag) };
  }

  /**
   * @param partition `undefined` asks all partitions
   * @param most stops once there are so many; pages on by continuation until then
   */
  async query<T>(
    operation: string,
    container: Container,
    partition: string | undefined,
    [query, values]: [sql: string, values: Record<string, unknown>],
    most = Infinity,
  ): Promise<T[]> {
    const parameters = Object.entries(values).map(([name, value]) => ({ name: `@${name}`, value }) as SqlParameter);
    const found: T[] = [];
    let open: { pages: QueryIterator<T>; end: () => void } | undefined;
    let continuation: string | undefined;
    const start = () => {
      const ending = new AbortController();
      const options: FeedOptions = {
        maxItemCount: Math.min(most, 1_000),
        abortSignal: ending.signal,
        ...(partition !== undefined && { partitionKey: partition }),
        ...(continuation !== undefined && { continuationToken: continuation }),
      };
      return { pages: container.items.query<T>({ query, parameters }, options), end: () => ending.abort() };
    };
    for (let more = true; more && found.length < most;) {
      const page = await this.call(operation, async (signal) => {
        // One iterator goes through all pages; after a failure, another one goes on where it was.
        const { pages, end } = (open ??= start());
        signal.addEventListener('abort', end);
        try {
          return await pages.fetchNext();
        } catch (error) {
          open = undefined;
          throw error;
        } finally {
          signal.removeEventListener('abort', end);
        }
      });
      found.push(...(page.resources ?? []));
      continuation = page.continuationToken;
      more = page.hasMoreResults;
    }
    return found.slice(0, most);
  }

  #charge(operation: string, answer: object): void {
    const { requestCharge, headers } = answer as Answered;
    const ru = requestCharge ?? Number(headers?.['x-ms-request-charge'] ?? 0);
    if (ru > 0) this.#options.onCharge?.({ client: this.client, operation, ru });
  }
}

type Answered = { requestCharge?: number; headers?: Record<string, unknown> };
type Failure = {
  status: number | 'network';
  /** Milliseconds. */
  pause?: number | undefined;
  headers?: Record<string, unknown>;
  answer?: Answered;
  cause?: unknown;
};

function isPassing(status: number): boolean {
  return status === 429 || status === 449 || status === 408 || status === 410 || status >= 500;
}

function firstRefused(results: readonly OperationResponse[]): { at: number; status: number } | undefined {
  // 424: would have been done, but for another one.
  const at = results.findIndex(({ statusCode }) => statusCode >= 400 && statusCode !== 424);
  return at < 0 ? undefined : { at, status: results[at]!.statusCode };
}

function failureOf(error: unknown): Failure {
  // A batch wraps what went wrong.
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const { code, headers, requestCharge } = (typeof cause === 'object' && cause !== null ? cause : {}) as {
    code?: unknown;
    headers?: Record<string, unknown>;
    requestCharge?: number;
  };
  if (typeof code !== 'number') return { status: 'network', cause };
  return {
    status: code,
    pause: pauseOf(headers),
    answer: { ...(requestCharge !== undefined && { requestCharge }), ...(headers && { headers }) },
    cause,
  };
}

/** The pause that the server asks for: Cosmos gives milliseconds, gateways before it seconds. */
function pauseOf(headers: Record<string, unknown> | undefined): number | undefined {
  const exact = Number(headers?.['x-ms-retry-after-ms'] ?? NaN);
  const seconds = Number(headers?.['retry-after'] ?? NaN);
  if (Number.isFinite(exact)) return exact;
  return Number.isFinite(seconds) ? seconds * 1_000 : undefined;
}

function refusalOf(status: number, cause: unknown, client: string): Error {
  if (status === 401 || status === 403)
    return new StoreUnavailable(
      `Cosmos refuses the sign-in for ${client} (${status}): check the key, or that the identity has the role "Cosmos DB Built-in Data Contributor" on the account. ${messageOf(cause)}`,
      { cause },
    );
  return new Refused(status, cause);
}

function messageOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : '';
  return message.split('\n', 1)[0]!.slice(0, 300);
}
