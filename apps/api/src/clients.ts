import { readFileSync } from 'node:fs';
import type { CannedReply, SignIn } from '@parley/contracts';
import { policyDefaults, type Policy } from '@parley/core';
import { Value } from 'typebox/value';
import { ClientSettings, ClientsFile } from './client-schema.ts';
import { ConfigError, type Config } from './config.ts';

/** A client organisation, or the operator of the desk. Frozen: a change is a new record. */
export type Client = Readonly<{
  kind: 'client' | 'operator';
  id: string;
  name: string;
  tenant: string;
  issuer: string;
  jwksUrl: string;
  cloudInstance: string;
  audience: string;
  consoleAppId: string;
  allowedApps: readonly string[];
  scopes: readonly string[];
  allowGuests: boolean;
  suspended: boolean;
  signIn: Readonly<Omit<SignIn, 'client' | 'appId'>>;
  bots: readonly BotRegistration[];
  people: readonly PersonSettings[];
  policy: Policy;
  replies: readonly CannedReply[];
  embedOrigins: readonly string[];
  chatOrigins: readonly string[];
}>;

export type BotRegistration = Readonly<{
  appId: string;
  id: string;
  name: string;
  callbackUrl: string;
  /** The first signs; all are valid. */
  callbackSecrets: readonly string[];
}>;

/** What the desk knows of a person beyond the token. */
export type PersonSettings = Readonly<{
  id: string;
  queues?: readonly string[];
  capacity?: number;
  disabled?: boolean;
  tokensValidFrom?: number;
}>;

/** Who the desk works for. Everything is looked up by exact value. */
export interface Clients {
  all(): readonly Client[];
  byId(id: string): Client | undefined;
  /** By the pair: tenant and audience are never looked up apart from each other. */
  byAudience(tenant: string, audience: string): Client | undefined;
  bot(client: Client, appId: string): BotRegistration | undefined;
  person(client: Client, id: string): PersonSettings | undefined;
  /** Replaces all records, after checking them against each other. @throws {ConfigError} */
  replace(clients: readonly Client[]): void;
  /** Called after each replacement. @returns a function that ends it */
  onChange(listener: () => void): () => void;
}

/** Reads the clients file the configuration names. @throws {ConfigError} */
export function loadClients(config: Pick<Config, 'clients' | 'production'>): Clients {
  const { file, addresses, secret } = config.clients;
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new ConfigError([`${file} cannot be read: ${(error as Error).message}`]);
  }
  return createClients(parseClients(content, { addresses, secret, production: config.production }));
}

/** @throws {ConfigError} when two records contradict each other */
export function createClients(initial: readonly Client[]): Clients {
  const listeners = new Set<() => void>();
  let index = indexed(initial);
  return {
    all: () => index.all,
    byId: (id) => index.byId.get(id),
    byAudience: (tenant, audience) => index.byAudience.get(pair(tenant, audience)),
    bot: (client, appId) => client.bots.find((bot) => bot.appId === appId),
    person: (client, id) => client.people.find((person) => person.id === id),
    replace(clients) {
      index = indexed(clients);
      for (const listener of listeners) listener();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export type ParseOptions = {
  addresses: Readonly<Record<'SANDBOX_URL' | 'BOT_URL', string>>;
  secret: (name: string) => string | undefined;
  production: boolean;
};

/**
 * Builds records from the content of a clients file.
 * @throws {ConfigError} with everything that is wrong, by client
 */
export function parseClients(content: unknown, options: ParseOptions): Client[] {
  if (!Value.Check(ClientsFile, content))
    throw new ConfigError(['The clients file must be an object with a list "clients" of at least one client.']);
  const complaints: string[] = [];
  const clients = content.clients.flatMap((item, position) => {
    const settings = withAddresses(item, options.addresses);
    if (!Value.Check(ClientSettings, settings)) {
      complaints.push(...shapeComplaints(settings, position));
      return [];
    }
    const complain = (line: string) => complaints.push(`client ${settings.id}: ${line}`);
    const client = build(settings, options, complain);
    inspect(client, options.production, complain);
    return [client];
  });
  if (complaints.length > 0) throw new ConfigError(complaints);
  return clients;
}

function build(settings: ClientSettings, { secret }: ParseOptions, complain: (line: string) => void): Client {
  const desk = settings.kind === 'client' ? settings : emptyDesk;
  const { authorityMetadata, scopes, authority, knownAuthorities } = settings.signIn;
  return deepFreeze({
    ...desk,
    ...settings,
    signIn: {
      authority,
      scopes: scopes ?? settings.scopes.map((scope) => `api://${settings.audience}/${scope}`),
      ...(knownAuthorities && { knownAuthorities }),
      ...(authorityMetadata && { authorityMetadata: JSON.stringify(authorityMetadata) }),
    },
    policy: { ...policyDefaults, ...desk.policy },
    bots: desk.bots.map((bot) => ({
      ...bot,
      callbackSecrets: bot.callbackSecrets.map((value) => resolveSecret(value, secret, complain)),
    })),
  });
}

/** The operator has no desk of its own: no queue, no bot, nothing to embed. */
const emptyDesk = {
  bots: [],
  policy: { queues: [], defaultQueue: 'none', outcomes: [], offerSeconds: 60, uninvited: false, capacity: 0 },
  replies: [],
  embedOrigins: [],
  chatOrigins: [],
} satisfies Partial<ClientSettings>;

function resolveSecret(
  value: string | { env: string },
  secret: ParseOptions['secret'],
  complain: (line: string) => void,
): string {
  const text = typeof value === 'string' ? value : secret(value.env);
  if (text === undefined)
    complain(`${(value as { env: string }).env} is named as the place of a callback secret, but it is not set.`);
  else if (!/^whsec_[A-Za-z0-9+/]+={0,2}$/.test(text) || Buffer.from(text.slice(6), 'base64').length < 24)
    complain('a callback secret must be whsec_ followed by at least 24 random bytes in base64.');
  return text ?? '';
}

/** First segments of the desk's own addresses: a client of that name would have no door. */
const reservedIds = new Set([
  'assets',
  'auth',
  'docs',
  'healthz',
  'hub',
  'metrics',
  'openapi',
  'readyz',
  'v1',
  'widget',
]);
const consumerTenant = '9188040d-6c67-4c5b-b112-36a304b66dad';

function inspect(client: Client, production: boolean, complain: (line: string) => void): void {
  const { policy } = client;
  if (reservedIds.has(client.id)) complain('its id is the name of one of the desk’s own addresses.');
  if (client.tenant === consumerTenant)
    complain('its tenant is the one of personal Microsoft accounts, which anybody can sign in to.');
  if (!client.issuer.includes(client.tenant)) complain('its issuer does not contain its tenant id.');
  if (!client.allowedApps.includes(client.consoleAppId))
    complain('consoleAppId is not among allowedApps, so nobody could use the console.');
  if (client.allowedApps.some((app) => client.bots.some((bot) => bot.appId === app)))
    complain('the app of a bot is also among the apps for people.');
  if (production) refuseSandbox(client, complain);

  const queues = new Set(policy.queues.map((queue) => queue.id));
  const outcomes = new Set(policy.outcomes.map((outcome) => outcome.id));
  if (client.kind === 'client' && !queues.has(policy.defaultQueue))
    complain(`defaultQueue "${policy.defaultQueue}" is not among its queues.`);
  for (const { id, fallback, warnAfter, dueAfter } of policy.queues) {
    if (fallback.to === 'queue' && !queues.has(fallback.queue))
      complain(`queue ${id} falls back to the unknown queue "${fallback.queue}".`);
    if (fallback.to === 'close' && !outcomes.has(fallback.outcome))
      complain(`queue ${id} closes with the unknown outcome "${fallback.outcome}".`);
    if (warnAfter >= dueAfter)
      complain(`queue ${id} warns after ${warnAfter} s, which is not before it is due (${dueAfter} s).`);
  }
  for (const person of client.people) {
    for (const queue of person.queues ?? [])
      if (!queues.has(queue)) complain(`person ${person.id} serves the unknown queue "${queue}".`);
  }
  for (const [what, ids] of [
    ['queue', policy.queues.map((each) => each.id)],
    ['outcome', policy.outcomes.map((each) => each.id)],
    ['reply', client.replies.map((each) => each.id)],
    ['bot', client.bots.map((each) => each.id)],
    ['bot app', client.bots.map((each) => each.appId)],
    ['person', client.people.map((each) => each.id)],
  ] as const) {
    for (const id of repeated(ids)) complain(`${what} ${id} is listed twice.`);
  }
}

function refuseSandbox(client: Client, complain: (line: string) => void): void {
  for (const url of [
    client.issuer,
    client.jwksUrl,
    client.signIn.authority,
    ...client.bots.map((bot) => bot.callbackUrl),
    ...client.embedOrigins,
  ]) {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (parsed?.protocol !== 'https:') complain(`${url} is not https, which production requires.`);
    else if (/(^|\.)(localhost|test|example|invalid)$/.test(parsed.hostname))
      complain(`${url} belongs to a sandbox, which production must not trust.`);
  }
}

type Index = { all: readonly Client[]; byId: ReadonlyMap<string, Client>; byAudience: ReadonlyMap<string, Client> };

function indexed(clients: readonly Client[]): Index {
  const complaints = [
    ...repeated(clients.map((client) => client.id)).map((id) => `Two clients are called ${id}.`),
    ...repeated(clients.map((client) => client.audience)).map((id) => `Two clients share the audience ${id}.`),
    ...repeated(clients.map((client) => client.tenant)).map((id) => `Two clients share the tenant ${id}.`),
    ...repeated(clients.flatMap((client) => client.bots.map((bot) => bot.appId))).map(
      (id) => `Two bots share the app ${id}.`,
    ),
  ];
  if (complaints.length > 0) throw new ConfigError(complaints);
  return {
    all: Object.freeze([...clients]),
    byId: new Map(clients.map((client) => [client.id, client])),
    byAudience: new Map(clients.map((client) => [pair(client.tenant, client.audience), client])),
  };
}

function pair(tenant: string, audience: string): string {
  return JSON.stringify([tenant, audience]);
}

function repeated(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, position) => values.indexOf(value) !== position))];
}

/** Puts addresses in place of `${SANDBOX_URL}` and `${BOT_URL}`, wherever a text has them. */
function withAddresses(value: unknown, addresses: ParseOptions['addresses']): unknown {
  if (typeof value === 'string')
    return value.replaceAll(/\$\{(SANDBOX_URL|BOT_URL)\}/g, (_, name: 'SANDBOX_URL' | 'BOT_URL') => addresses[name]);
  if (Array.isArray(value)) return value.map((item) => withAddresses(item, addresses));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withAddresses(member, addresses)]));
}

function shapeComplaints(settings: unknown, position: number): string[] {
  const { id, kind } = (settings ?? {}) as { id?: unknown; kind?: unknown };
  const name = typeof id === 'string' ? id : `number ${position + 1}`;
  const member = ClientSettings.anyOf.find((each) => each.properties.kind.const === kind);
  if (!member) return [`client ${name}: "kind" must be "client" or "operator".`];
  return Value.Errors(member, settings)
    .slice(0, 10)
    .map(
      ({ instancePath, message, params }) =>
        `client ${name}: ${instancePath || 'the record'} ${message} ${JSON.stringify(params)}`,
    );
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}
