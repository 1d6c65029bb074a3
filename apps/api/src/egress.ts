import { lookup, type LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { Agent, request, type Dispatcher } from 'undici';
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

  async function call(
    url: string,
    { method = 'GET', headers = {}, body, timeoutMs = 15_000, maxBytes = 64 * 1024 }: EgressRequest = {},
  ): Promise<EgressResponse> {
    const target = parse(url);
    const isDevelopment = development.has(target.origin);
    if (!isDevelopment) checkTarget(target, ports);
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const answer = await request(target, {
        dispatcher: isDevelopment ? open : guarded,
        method,
        // Nothing is unpacked, so nothing can unfold.
        headers: { ...headers, 'accept-encoding': 'identity' },
        body: body ?? null,
        signal,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
      });
      return { status: answer.statusCode, headers: answer.headers, body: await readBody(answer.body, maxBytes) };
    } catch (error) {
      throw asEgressError(error, signal);
    }
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

async function readBody(body: Dispatcher.ResponseData['body'], maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the body and with it the connection.
    if (size > maxBytes) throw new EgressError('failed', 'too-large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function asEgressError(error: unknown, signal: AbortSignal): EgressError {
  for (let each = error; each instanceof Error; each = each.cause) {
    if (each instanceof EgressError) return each;
    // Several addresses were tried and all failed.
    const inner = each instanceof AggregateError ? each.errors.find((one) => one instanceof EgressError) : undefined;
    if (inner) return inner;
  }
  const { name, code } = error as { name?: string; code?: string };
  const late = signal.aborted || name === 'TimeoutError' || /TIMEOUT/.test(code ?? '');
  return new EgressError('failed', late ? 'timeout' : 'connection', { cause: error });
}
