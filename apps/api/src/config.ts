import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseChaos, type Chaos } from './chaos.ts';
import { failpoints, type Failpoint } from './failpoint.ts';

/**
 * Every setting of the desk process. `.env.example` explains each of them; a test compares the two.
 * Ports, folders and addresses shared with the launcher (`SANDBOX_PORT`, `BOT_PORT`, `PARLEY_DATA`) keep its names.
 */
export const settings = [
  'NODE_ENV',
  'HOST',
  'DESK_PORT',
  'PUBLIC_URL',
  'CLIENTS_FILE',
  'SANDBOX_PORT',
  'SANDBOX_URL',
  'BOT_PORT',
  'BOT_URL',
  'STORE',
  'STORE_CIPHER',
  'PARLEY_DATA',
  'DATA_DIR',
  'STORE_KEY',
  'STORE_KEY_FILE',
  'COSMOS_ENDPOINT',
  'COSMOS_KEY',
  'COSMOS_DATABASE',
  'COSMOS_CA',
  'CONSOLE_DIR',
  'WIDGET_DIR',
  'LOG_LEVEL',
  'METRICS_TOKEN',
  'TRUST_PROXY',
  'ALLOWED_ORIGINS',
  'EGRESS_PORTS',
  'CLOCK_TOLERANCE',
  'MAX_IN_FLIGHT',
  'ADDRESS_RATE',
  'PERSON_RATE',
  'BOT_RATE',
  'REFUSAL_RATE',
  'CHAOS',
  'PARLEY_FAILPOINT',
] as const;

export type Setting = (typeof settings)[number];

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the desk was told. Sizes are bytes, durations seconds, rates per second. */
export type Config = {
  readonly production: boolean;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Origin under which browsers reach the desk, without a trailing slash. */
  readonly publicUrl: string;
  readonly clients: {
    readonly file: string;
    /** What `${SANDBOX_URL}` and `${BOT_URL}` stand for in the file. */
    readonly addresses: { readonly SANDBOX_URL: string; readonly BOT_URL: string };
    /** Value of `{"env": "NAME"}` in the file. */
    readonly secret: (name: string) => string | undefined;
  };
  readonly store: StoreConfig;
  readonly consoleDir: string;
  readonly widgetDir: string;
  readonly logLevel: LogLevel;
  /** Bearer token of `/metrics`; without it only the machine itself may read them. */
  readonly metricsToken: string | undefined;
  /** Addresses and CIDR ranges of reverse proxies whose `X-Forwarded-*` headers count. */
  readonly trustProxy: readonly string[];
  /** Origins other than the public one that may open the hub. */
  readonly allowedOrigins: readonly string[];
  readonly egress: {
    readonly ports: readonly number[];
    /** Origins that may be called although they are local or plain http. Empty in production. */
    readonly developmentOrigins: readonly string[];
  };
  /** Clock difference to the identity provider that is tolerated. */
  readonly clockTolerance: number;
  readonly limits: Limits;
  /** Where the process is to die, for proofs. Never in production. */
  /** Faults on purpose. Absent in production. */
  readonly chaos?: Chaos;
  readonly failpoint?: Failpoint;
};

export type StoreConfig =
  | { readonly kind: 'memory' }
  | {
      readonly kind: 'sqlite';
      readonly directory: string;
      readonly cipher: 'sqlcipher' | 'aegis';
      readonly key: StoreKeySource;
    }
  | {
      readonly kind: 'cosmos';
      readonly endpoint: string;
      /** Absent: the identity of the machine, the workload or the developer. */
      readonly key: string | undefined;
      readonly database: string;
      /** File with a certificate authority besides the usual ones. */
      readonly ca: string | undefined;
    };

/** Where the 32-byte key-encryption key is. `create` makes the file when it is absent: in development only. */
export type StoreKeySource =
  | { readonly from: 'value'; readonly bytes: Buffer }
  | { readonly from: 'file'; readonly path: string; readonly create: boolean };

export type Limits = {
  readonly bodyBytes: number;
  readonly requestSeconds: number;
  readonly maxInFlight: number;
  readonly addressPerSecond: number;
  readonly personPerSecond: number;
  readonly botPerSecond: number;
  /** Tokens refused per address before the desk stops looking at new ones for a moment. */
  readonly refusalsPerSecond: number;
};

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Everything wrong with the settings at once, each with what to do about it. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly complaints: readonly string[];

  constructor(complaints: readonly string[]) {
    super(`The desk cannot start with these settings:\n${complaints.map((line) => `- ${line}`).join('\n')}`);
    this.complaints = complaints;
  }
}

/** The only place that looks at the process environment. */
export function readEnvironment(): Environment {
  return { ...process.env };
}

/**
 * Builds the configuration from an environment, without touching anything else.
 * @throws {ConfigError} for every contradiction and every security setting that is empty or too weak
 */
export function loadConfig(env: Environment): Config {
  const complaints: string[] = [];
  const read = (name: Setting) => env[name]?.trim() || undefined;
  const complain = (line: string) => complaints.push(line);
  refuseEmpty(env, complain);

  const production = read('NODE_ENV') === 'production';
  const port = integer('DESK_PORT', read('DESK_PORT'), 4300, [0, 65_535], complain);
  const publicUrl = origin('PUBLIC_URL', read('PUBLIC_URL') ?? `http://localhost:${port}`, complain);
  if (production && !publicUrl.startsWith('https://'))
    complain(
      `PUBLIC_URL is ${publicUrl}: tokens travel over it, so in production it must be the https address that browsers use.`,
    );

  const sandboxPort = integer('SANDBOX_PORT', read('SANDBOX_PORT'), 4400, [1, 65_535], complain);
  const botPort = integer('BOT_PORT', read('BOT_PORT'), 4500, [1, 65_535], complain);
  const addresses = {
    SANDBOX_URL: origin('SANDBOX_URL', read('SANDBOX_URL') ?? `http://localhost:${sandboxPort}`, complain),
    BOT_URL: origin('BOT_URL', read('BOT_URL') ?? `http://localhost:${botPort}`, complain),
  };
  if (production && !read('CLIENTS_FILE'))
    complain(
      'CLIENTS_FILE is missing: production needs the file that lists the client organisations; the sandbox ones are for development.',
    );

  const chaos = chaosIn(read('CHAOS'), production, complain);
  const failpoint = failpointIn(read('PARLEY_FAILPOINT'), production, complain);
  const config: Config = {
    production,
    host: read('HOST') ?? (production ? '0.0.0.0' : 'localhost'),
    port,
    publicUrl,
    clients: {
      file: path(read('CLIENTS_FILE')) ?? inApp('config/clients.sandbox.json'),
      addresses,
      secret: (name) => env[name] || undefined,
    },
    store: storeConfig(read, production, complain),
    consoleDir: path(read('CONSOLE_DIR')) ?? inApp('../console/dist'),
    widgetDir: path(read('WIDGET_DIR')) ?? inApp('../widget/dist'),
    logLevel: logLevel(read('LOG_LEVEL'), complain),
    metricsToken: metricsToken(read('METRICS_TOKEN'), complain),
    trustProxy: trustProxy(read('TRUST_PROXY'), complain),
    allowedOrigins: list(read('ALLOWED_ORIGINS')).map((value) => origin('ALLOWED_ORIGINS', value, complain)),
    egress: {
      ports: list(read('EGRESS_PORTS') ?? '443').map((value) =>
        integer('EGRESS_PORTS', value, 443, [1, 65_535], complain),
      ),
      developmentOrigins: production ? [] : [...new Set(Object.values(addresses))],
    },
    clockTolerance: integer('CLOCK_TOLERANCE', read('CLOCK_TOLERANCE'), 60, [0, 300], complain),
    limits: {
      bodyBytes: 256 * 1024,
      requestSeconds: 15,
      maxInFlight: integer('MAX_IN_FLIGHT', read('MAX_IN_FLIGHT'), 2_000, [1, 1_000_000], complain),
      addressPerSecond: integer('ADDRESS_RATE', read('ADDRESS_RATE'), 2_000, [1, 1_000_000], complain),
      personPerSecond: integer('PERSON_RATE', read('PERSON_RATE'), 50, [1, 1_000_000], complain),
      botPerSecond: integer('BOT_RATE', read('BOT_RATE'), 2_000, [1, 1_000_000], complain),
      refusalsPerSecond: integer('REFUSAL_RATE', read('REFUSAL_RATE'), 20, [1, 1_000_000], complain),
    },
    ...(chaos && { chaos }),
    ...(failpoint && { failpoint }),
  };
  if (complaints.length > 0) throw new ConfigError(complaints);
  return config;
}

type Complain = (line: string) => void;
type Read = (name: Setting) => string | undefined;

/** An empty security setting is a check that somebody believes in and that does not happen. */
function refuseEmpty(env: Environment, complain: Complain): void {
  const guarded: Setting[] = [
    'STORE_KEY',
    'STORE_KEY_FILE',
    'COSMOS_KEY',
    'COSMOS_CA',
    'CLIENTS_FILE',
    'METRICS_TOKEN',
    'TRUST_PROXY',
    'ALLOWED_ORIGINS',
    'EGRESS_PORTS',
    'PUBLIC_URL',
  ];
  for (const name of guarded) {
    if (env[name] !== undefined && env[name].trim() === '')
      complain(`${name} is set but empty: give it a value, or remove it to get the default.`);
  }
}

function storeConfig(read: Read, production: boolean, complain: Complain): StoreConfig {
  const kind = read('STORE') ?? 'sqlite';
  if (kind !== 'sqlite' && kind !== 'memory' && kind !== 'cosmos')
    complain(
      `STORE is "${kind}": choose sqlite (files on this machine), cosmos (Azure Cosmos DB) or memory (for trying out).`,
    );
  if (kind === 'cosmos') return cosmosConfig(read, production, complain);
  for (const name of ['COSMOS_ENDPOINT', 'COSMOS_KEY', 'COSMOS_DATABASE', 'COSMOS_CA'] as const)
    if (read(name)) complain(`${name} is set although STORE is ${kind}: set STORE=cosmos, or remove it.`);
  if (kind === 'memory') {
    if (production) complain('STORE is memory: a restart would lose every conversation. Use sqlite in production.');
    if (read('STORE_KEY') || read('STORE_KEY_FILE'))
      complain(
        'STORE_KEY or STORE_KEY_FILE is set although STORE is memory, which encrypts nothing: remove one of them.',
      );
    return { kind: 'memory' };
  }
  const data = path(read('PARLEY_DATA')) ?? inApp('../../.parley');
  if (production && !read('DATA_DIR') && !read('PARLEY_DATA'))
    complain('DATA_DIR is missing: in production, name the folder where conversations are kept.');
  const directory = path(read('DATA_DIR')) ?? resolve(data, 'desk');
  const cipher = read('STORE_CIPHER') ?? 'sqlcipher';
  if (cipher !== 'sqlcipher' && cipher !== 'aegis')
    complain(
      `STORE_CIPHER is "${cipher}": choose sqlcipher or aegis; both encrypt with 256 bits and detect changed bytes.`,
    );
  return {
    kind: 'sqlite',
    directory,
    cipher: cipher === 'aegis' ? 'aegis' : 'sqlcipher',
    key: storeKeySource(read, production, directory, complain),
  };
}

function cosmosConfig(read: Read, production: boolean, complain: Complain): StoreConfig {
  const endpoint = read('COSMOS_ENDPOINT');
  if (!endpoint)
    complain(
      'COSMOS_ENDPOINT is missing: STORE is cosmos, so name the account, for example https://<account>.documents.azure.com. (`npm start` without it starts an emulator.)',
    );
  const address = origin('COSMOS_ENDPOINT', (endpoint ?? 'https://missing.example').replace(/\/$/, ''), complain);
  if (!address.startsWith('https://')) complain(`COSMOS_ENDPOINT is ${address}: Cosmos is spoken to over https only.`);
  const key = read('COSMOS_KEY');
  if (key !== undefined && Buffer.from(key, 'base64').toString('base64') !== key)
    complain(
      'COSMOS_KEY is no key of an account, which is base64: copy it from the account’s Keys page, or remove it to sign in without a key.',
    );
  const ca = path(read('COSMOS_CA'));
  const { hostname } = new URL(address);
  if (production && (hostname === 'localhost' || hostname === '127.0.0.1'))
    complain(
      `COSMOS_ENDPOINT is ${address}: an emulator forgets everything. In production, name the account in Azure.`,
    );
  if (read('STORE_KEY') || read('STORE_KEY_FILE'))
    complain(
      'STORE_KEY or STORE_KEY_FILE is set although STORE is cosmos, where Azure encrypts what is stored: remove one of them.',
    );
  return { kind: 'cosmos', endpoint: address, key, database: read('COSMOS_DATABASE') ?? 'parley', ca };
}

function storeKeySource(read: Read, production: boolean, directory: string, complain: Complain): StoreKeySource {
  const value = read('STORE_KEY');
  const file = read('STORE_KEY_FILE');
  if (value && file)
    complain(
      'STORE_KEY and STORE_KEY_FILE are both set: keep one, so that there is no doubt which key opens the store.',
    );
  if (value) {
    const bytes = Buffer.from(value, 'base64');
    if (bytes.length !== 32 || bytes.toString('base64') !== value)
      complain(
        'STORE_KEY must be 32 bytes in base64. Make one with: node -p "crypto.randomBytes(32).toString(\'base64\')"',
      );
    else if (new Set(bytes).size < 8)
      complain(
        'STORE_KEY repeats itself too much to be random: make one with node -p "crypto.randomBytes(32).toString(\'base64\')"',
      );
    return { from: 'value', bytes };
  }
  if (production && !file)
    complain(
      'STORE_KEY is missing: production needs the key that encrypts the store, as STORE_KEY (base64) or in a file named by STORE_KEY_FILE.',
    );
  return { from: 'file', path: path(file) ?? resolve(directory, 'store.key'), create: !production };
}

function logLevel(value: string | undefined, complain: Complain): LogLevel {
  const known = logLevels.find((level) => level === (value ?? 'info'));
  if (!known) complain(`LOG_LEVEL is "${value}": choose one of ${logLevels.join(', ')}.`);
  return known ?? 'info';
}

function metricsToken(value: string | undefined, complain: Complain): string | undefined {
  if (value !== undefined && value.length < 24)
    complain('METRICS_TOKEN is shorter than 24 characters: choose a longer random one.');
  return value;
}

/** Hop counts and "trust everybody" let a client choose its own address, so only named proxies are accepted. */
function trustProxy(value: string | undefined, complain: Complain): string[] {
  const ranges = list(value);
  for (const range of ranges) {
    if (/^(true|false|\*|\d+|0\.0\.0\.0\/0|::\/0)$/.test(range))
      complain(
        `TRUST_PROXY contains "${range}": list the addresses or CIDR ranges of your reverse proxies, for example 10.0.0.0/8 or loopback.`,
      );
    else if (!/^(loopback|linklocal|uniquelocal|[\da-fA-F.:]+(\/\d{1,3})?)$/.test(range))
      complain(
        `TRUST_PROXY contains "${range}", which is no address, CIDR range or one of loopback, linklocal, uniquelocal.`,
      );
  }
  return ranges;
}

function chaosIn(value: string | undefined, production: boolean, complain: Complain): Chaos | undefined {
  if (value === undefined) return undefined;
  if (production) complain('CHAOS is set: it breaks pushes and calls on purpose, so production refuses it. Remove it.');
  const chaos = parseChaos(value);
  if (!chaos)
    complain(
      `CHAOS is "${value}": give shares and pauses in ms such as drop=0.1,double=0.1,delay=0-2000,fail=0.05, or 5 for 5 %.`,
    );
  return chaos;
}

/** `after-commit` or `after-commit:7`: the seventh time. */
function failpointIn(value: string | undefined, production: boolean, complain: Complain): Failpoint | undefined {
  if (value === undefined) return undefined;
  if (production)
    complain('PARLEY_FAILPOINT is set: it kills the desk on purpose, so production refuses it. Remove it.');
  const [name, times = '1'] = value.split(':');
  const at = failpoints.find((one) => one === name);
  if (!at) {
    complain(`PARLEY_FAILPOINT is "${value}": give one of ${failpoints.join(', ')}, and :N for the Nth time.`);
    return undefined;
  }
  return { at, nth: integer('PARLEY_FAILPOINT', times, 1, [1, 1_000_000], complain) };
}

function integer(
  name: Setting,
  value: string | undefined,
  fallback: number,
  [least, most]: readonly [number, number],
  complain: Complain,
): number {
  if (value === undefined) return fallback;
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (number >= least && number <= most) return number;
  complain(`${name} is "${value}": give a whole number from ${least} to ${most}.`);
  return fallback;
}

function origin(name: Setting, value: string, complain: Complain): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url && /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href) return url.origin;
  complain(`${name} contains "${value}": give only scheme, host and port, for example https://desk.example.`);
  return value;
}

function list(value: string | undefined): string[] {
  return (value ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function path(value: string | undefined): string | undefined {
  return value === undefined || isAbsolute(value) ? value : resolve(value);
}

function inApp(relative: string): string {
  return fileURLToPath(new URL(`../${relative}`, import.meta.url));
}
