import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One organisation the bot serves, each with its own registration, desk and page. */
export interface ClientConfig {
  /** Slug: the first part of its paths. */
  readonly id: string;
  readonly name: string;
  readonly appId: string;
  readonly appSecret: string;
  /** Where the bot gets its tokens for the Connector, and the keys of its channels. */
  readonly connector: { readonly tokenUrl: string; readonly metadataUrl: string; readonly channels: readonly string[] };
  readonly desk: {
    readonly url: string;
    readonly tokenUrl: string;
    readonly scope: string;
    readonly callbackSecrets: readonly string[];
  };
  /** `origins`: pages that may ask for a web chat token. */
  readonly directLine: { readonly url: string; readonly secret: string; readonly origins: readonly string[] };
  /** Queue of the desk for each matter. */
  readonly queues: Readonly<Record<Matter, string>>;
}

export type Matter = 'cards' | 'payments' | 'other';

export interface BotConfig {
  /** 0 takes a free one. */
  readonly port: number;
  readonly host: string;
  readonly clients: readonly ClientConfig[];
  /** Address of the desk for browsers: the demonstration pages take the web chat from there. */
  readonly deskUrl: string;
  /** What must survive a restart is kept here. */
  readonly dataDirectory: string;
  readonly logLevel: string;
  /** Web chat tokens one address may ask for in a minute. */
  readonly tokensPerMinute: number;
  /** Whether a proxy in front says who asks. */
  readonly trustProxy: boolean;
}

/**
 * Reads the environment and the file it names. `${NAME}` in the file stands for a variable of the environment, so that no secret
 * need be written into it.
 *
 * | Variable | Default |
 * |---|---|
 * | `BOT_PORT`, `BOT_HOST` | 4500, 127.0.0.1 |
 * | `BOT_CONFIG` | `config/sandbox.json` |
 * | `BOT_URL`, `DESK_URL`, `SANDBOX_URL` | `http://localhost` with `BOT_PORT`, `DESK_PORT` (4300), `SANDBOX_PORT` (4400) |
 * | `PARLEY_DATA` | `.parley` |
 * | `BOT_LOG` | `info` |
 * | `BOT_TOKENS_PER_MINUTE` | 30 |
 * | `BOT_TRUST_PROXY` | `false` |
 *
 * @throws with what is wrong and where.
 */
export function readConfig(environment: NodeJS.ProcessEnv): BotConfig {
  const local = (name: string, port: number) => `http://localhost:${environment[name] ?? port}`;
  const addresses = {
    BOT_URL: local('BOT_PORT', 4500),
    DESK_URL: local('DESK_PORT', 4300),
    SANDBOX_URL: local('SANDBOX_PORT', 4400),
  };
  const variables: Record<string, string | undefined> = { ...addresses, ...environment };
  const file = environment['BOT_CONFIG'] ?? join(import.meta.dirname, '..', 'config', 'sandbox.json');
  return {
    port: number('BOT_PORT', environment['BOT_PORT'], 4500),
    host: environment['BOT_HOST'] ?? '127.0.0.1',
    clients: readClients(file, variables),
    deskUrl: (variables['DESK_URL'] ?? addresses.DESK_URL).replace(/\/$/, ''),
    dataDirectory: join(environment['PARLEY_DATA'] ?? '.parley', 'bot'),
    logLevel: environment['BOT_LOG'] ?? 'info',
    tokensPerMinute: number('BOT_TOKENS_PER_MINUTE', environment['BOT_TOKENS_PER_MINUTE'], 30),
    trustProxy: environment['BOT_TRUST_PROXY'] === 'true',
  };
}

/** @throws with the file and the member that is wrong. */
export function readClients(file: string, variables: Readonly<Record<string, string | undefined>>): ClientConfig[] {
  const fail = (what: string): never => {
    throw new Error(`${file}: ${what}`);
  };
  const fill = (value: unknown): unknown => {
    if (typeof value === 'string')
      return value.replaceAll(
        /\$\{(\w+)\}/g,
        (_match, name: string) => variables[name] ?? fail(`the variable ${name} is not set`),
      );
    if (Array.isArray(value)) return value.map(fill);
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, fill(member)]));
    return value;
  };
  const { clients } = fill(JSON.parse(readFileSync(file, 'utf8'))) as { clients?: ClientConfig[] };
  if (!Array.isArray(clients) || clients.length === 0) return fail('"clients" must list at least one client');
  for (const [index, client] of clients.entries()) {
    for (const path of required) {
      const value = path
        .split('.')
        .reduce<unknown>((object, key) => (object as Record<string, unknown> | undefined)?.[key], client);
      if (typeof value === 'string' ? value === '' : !Array.isArray(value) || value.length === 0)
        fail(`clients[${index}].${path} is missing`);
    }
    if (!/^[a-z][a-z0-9-]{1,30}$/.test(client.id)) fail(`clients[${index}].id must be a slug`);
  }
  if (new Set(clients.map((client) => client.id)).size < clients.length) fail('two clients have the same id');
  return clients;
}

const required = [
  'id',
  'name',
  'appId',
  'appSecret',
  'connector.tokenUrl',
  'connector.metadataUrl',
  'connector.channels',
  'desk.url',
  'desk.tokenUrl',
  'desk.scope',
  'desk.callbackSecrets',
  'directLine.url',
  'directLine.secret',
  'directLine.origins',
  'queues.cards',
  'queues.payments',
  'queues.other',
];

function number(name: string, text: string | undefined, usual: number): number {
  if (text === undefined || text === '') return usual;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535)
    throw new Error(`${name} must be a whole number up to 65535, and is "${text}".`);
  return value;
}
