import { lookup, type LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { Agent, type Dispatcher } from 'undici';
import { isPublicAddress } from './egress-addresses.ts';

export type EgressRequest = {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
  /** From first to last byte, connecting included. Default 15,000. */
  timeoutMs?: number;
  /** Longest answer taken. Default 65,536. */
  maxBytes?: number;
};

export type EgressResponse = {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Buffer;
};

/** `refused`: the desk did not even connect. `failed`: it tried. */
export class EgressError extends Error {
  override name = 'EgressError';
  readonly kind: 'refused' | 'failed';
  readonly code:
    | 'url'
    | 'scheme'
    | 'port'
    | 'credentials'
    | 'address'
    | 'name'
    | 'timeout'
    | 'too-large'
    | 'connection';

  constructor(kind: EgressError['kind'], code: EgressError['code'], options?: ErrorOptions) {
    super(`The call was ${kind}: ${code}`, options);
    this.kind = kind;
    this.code = code;
  }
}

/** The one way out of the desk. Everything that calls an address somebody typed goes through it. */
export interface Egress {
  /**
   * Calls a public https address. Redirects are answers like any other; nothing follows them.
   * @throws {EgressError}
   */
  fetch(url: string, request?: EgressRequest): Promise<EgressResponse>;
  /** Fetches a JSON document of up to 512 KiB within 5 s; anything but a 200 counts as failed. @throws {EgressError} */
  fetchJson(url: string, request?: Pick<EgressRequest, 'timeoutMs' | 'maxBytes'>): Promise<unknown>;
  close(): Promise<void>;
}

export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

/**
 * @param options.ports that may be called. Default 443.
 * @param options.developmentOrigins called as they are, local and unencrypted if need be; empty in production
 * @param options.resolve asked once per connection. Default: the system's resolver
 */
export function createEgress({
  ports = [443],
  developmentOrigins = [],
  resolve = resolveName,
}: { ports?: readonly number[]; developmentOrigins?: readonly string[]; resolve?: Resolve } = {}): Egress {
  const settings = {
    connections: 64,
    pipelining: 1,
    keepAliveTimeout: 30_000,
    maxHeaderSize: 16 * 1024,
    connectTimeout: 10_000,
  } as const;
  const guarded = new Agent({ ...settings, connect: { lookup: checkedLookup(resolve) } });
  const open = new Agent(settings);
  const development = new Set(developmentOrigins);

  // An address is read and checked once: callbacks go to the same few all day.
  const targets = new Map<string, Target>();

  function targetOf(url: string): Target {
    const known = targets.get(url);
    if (known) return known;
    const parsed = parse(url);
    const isDevelopment = development.has(parsed.origin);
    if (!isDevelopment) checkTarget(parsed, ports);
    const target = {
      origin: parsed.origin,
      path: parsed.pathname + parsed.search,
      dispatcher: isDevelopment ? open : guarded,
    };
    if (targets.size >= maxTargets) targets.clear();
    targets.set(url, target);
    return target;
  }

  async function call(
    url: string,
    { method = 'GET', headers = {}, body, timeoutMs = 15_000, maxBytes = 64 * 1024 }: EgressRequest = {},
  ): Promise<EgressResponse> {
    const { origin, path, dispatcher } = targetOf(url);
    return new Promise((resolve, reject) => {
      const exchange = new Exchange(timeoutMs, maxBytes, resolve, reject);
      dispatcher.dispatch(
        {
          origin,
          path,
          method,
          // Nothing is unpacked, so nothing can unfold.
          headers: { ...headers, 'accept-encoding': 'identity' },
          body: body ?? null,
          // The exchange has one deadline for all of it.
          headersTimeout: 0,
          bodyTimeout: 0,
        },
        exchange,
      );
    });
  }

  return {
    fetch: call,
    async fetchJson(url, limits = {}) {
      const { status, body } = await call(url, {
        headers: { accept: 'application/json' },
        timeoutMs: 5_000,
        maxBytes: 512 * 1024,
        ...limits,
      });
      if (status !== 200) throw new EgressError('failed', 'connection', { cause: new Error(`status ${status}`) });
      try {
        return JSON.parse(body.toString('utf8')) as unknown;
      } catch {
        throw new EgressError('failed', 'connection', { cause: new Error('not JSON') });
      }
    },
    async close() {
      await Promise.all([guarded.close(), open.close()]);
    },
  };
}

/** Makes every other way out of the process fail loudly. Called once, by the process that serves. */
export function closeOtherWaysOut(): void {
  globalThis.fetch = () => Promise.reject(new Error('Call other hosts through egress.ts: it checks where a call goes'));
}

function parse(url: string): URL {
  if (!URL.canParse(url)) throw new EgressError('refused', 'url');
  const target = new URL(url);
  if (target.username !== '' || target.password !== '') throw new EgressError('refused', 'credentials');
  return target;
}

function checkTarget(target: URL, ports: readonly number[]): void {
  if (target.protocol !== 'https:') throw new EgressError('refused', 'scheme');
  if (!ports.includes(target.port === '' ? 443 : Number(target.port))) throw new EgressError('refused', 'port');
  // Names are checked when they are resolved; an address never is. `URL` has already undone octal and other disguises.
  const host = target.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) !== 0 && !isPublicAddress(host)) throw new EgressError('refused', 'address');
}

/** Runs inside `connect`: what is checked here is what is connected to, so a second answer of the DNS changes nothing. */
function checkedLookup(resolve: Resolve) {
  return (host: string, options: { all?: boolean | undefined; family?: unknown }, done: LookupDone): void => {
    void addressesOf(host, resolve).then(
      (addresses) => {
        const [first] = addresses as [LookupAddress];
        if (options.all) done(null, addresses);
        else done(null, first.address, first.family);
      },
      (error: Error) => done(error, ''),
    );
  };
}

type Target = { origin: string; path: string; dispatcher: Agent };
const maxTargets = 1_000;

type LookupDone = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

async function addressesOf(host: string, resolve: Resolve): Promise<LookupAddress[]> {
  let addresses: readonly LookupAddress[];
  try {
    addresses = await resolve(host);
  } catch (cause) {
    throw new EgressError('failed', 'name', { cause });
  }
  if (addresses.length === 0) throw new EgressError('failed', 'name');
  if (!addresses.every(({ address }) => isPublicAddress(address))) throw new EgressError('refused', 'address');
  return [...addresses];
}

function resolveName(host: string): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    lookup(host, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });
}

/**
 * One request on its way. It takes what arrives as it arrives: a stream and a signal for each of the short answers of
 * a callback would cost more than the call.
 */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #maxBytes: number;
  readonly #resolve: (response: EgressResponse) => void;
  readonly #reject: (error: EgressError) => void;
  readonly #deadline: NodeJS.Timeout;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: EgressResponse['headers'] = {};
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #failure: EgressError | undefined;

  constructor(
    timeoutMs: number,
    maxBytes: number,
    resolve: (response: EgressResponse) => void,
    reject: (error: EgressError) => void,
  ) {
    this.#maxBytes = maxBytes;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#deadline = setTimeout(() => this.#giveUp(new EgressError('failed', 'timeout')), timeoutMs);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Nobody waits for it any more: it is not sent.
    if (this.#failure) controller.abort(this.#failure);
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: EgressResponse['headers']): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size > this.#maxBytes) this.#giveUp(new EgressError('failed', 'too-large'));
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    clearTimeout(this.#deadline);
    this.#resolve({ status: this.#status, headers: this.#headers, body: Buffer.concat(this.#chunks) });
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: Error): void {
    clearTimeout(this.#deadline);
    this.#reject(this.#failure ?? asEgressError(error));
  }

  /** Ends the request, and with it the connection, whose rest nobody wants to read. */
  #giveUp(failure: EgressError): void {
    clearTimeout(this.#deadline);
    this.#failure ??= failure;
    this.#reject(this.#failure);
    this.#controller?.abort(this.#failure);
  }
}

function asEgressError(error: unknown): EgressError {
  for (let each = error; each instanceof Error; each = each.cause) {
    if (each instanceof EgressError) return each;
    // Several addresses were tried and all failed.
    const inner = each instanceof AggregateError ? each.errors.find((one) => one instanceof EgressError) : undefined;
    if (inner) return inner;
  }
  const { name, code } = error as { name?: string; code?: string };
  const late = name === 'TimeoutError' || /TIMEOUT/.test(code ?? '');
  return new EgressError('failed', late ? 'timeout' : 'connection', { cause: error });
}
