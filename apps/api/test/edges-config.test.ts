import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTenant, msalConfig, tenants } from '@parley/sandbox';
import { afterAll, describe, expect, test } from 'vitest';
import { createClients, loadClients, parseClients } from '../src/clients.ts';
import { ConfigError, loadConfig, settings, type Environment } from '../src/config.ts';
import { readStoreKey } from '../src/store-key.ts';

const folder = mkdtempSync(join(tmpdir(), 'parley-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const key = Buffer.from(Array.from({ length: 32 }, (_, n) => (n * 37) % 256)).toString('base64');
const production = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://desk.example.com',
  CLIENTS_FILE: '/etc/parley/clients.json',
  DATA_DIR: '/var/lib/parley',
  STORE_KEY: key,
};
const cosmos = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://desk.example.com',
  CLIENTS_FILE: '/etc/parley/clients.json',
  STORE: 'cosmos',
  COSMOS_ENDPOINT: 'https://desk.documents.azure.com',
};

function complaints(env: Environment): string {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return '';
}

describe('the configuration', () => {
  test('needs no setting on a developer’s machine', () => {
    const config = loadConfig({});
    expect(config).toMatchObject({
      production: false,
      host: 'localhost',
      port: 4300,
      publicUrl: 'http://localhost:4300',
      trustProxy: [],
    });
    expect(config.store).toMatchObject({ kind: 'sqlite', key: { from: 'file', create: true } });
    expect(config.egress.developmentOrigins).toEqual(['http://localhost:4400', 'http://localhost:4500']);
  });

  test('follows the ports of the launcher', () => {
    const config = loadConfig({ DESK_PORT: '5300', SANDBOX_PORT: '5400', BOT_PORT: '5500', PARLEY_DATA: '/tmp/p' });
    expect(config.publicUrl).toBe('http://localhost:5300');
    expect(config.clients.addresses).toEqual({
      SANDBOX_URL: 'http://localhost:5400',
      BOT_URL: 'http://localhost:5500',
    });
    expect(config.store).toMatchObject({ directory: '/tmp/p/desk' });
  });

  test('is accepted for production when everything is given', () => {
    const config = loadConfig(production);
    expect(config).toMatchObject({ production: true, host: '0.0.0.0' });
    expect(config.egress.developmentOrigins).toEqual([]);
  });

  test('keeps conversations in Cosmos, with a key or without one', () => {
    expect(loadConfig(cosmos).store).toEqual({
      kind: 'cosmos',
      endpoint: 'https://desk.documents.azure.com',
      key: undefined,
      database: 'parley',
      ca: undefined,
    });
    const COSMOS_KEY = Buffer.alloc(64, 7).toString('base64');
    const other = { ...cosmos, COSMOS_KEY, COSMOS_DATABASE: 'desk', COSMOS_CA: '/etc/ca.pem' };
    expect(loadConfig(other).store).toMatchObject({ key: COSMOS_KEY, database: 'desk', ca: '/etc/ca.pem' });
  });

  test.each<[string, Environment, RegExp]>([
    ['http in production', { ...production, PUBLIC_URL: 'http://desk.example.com' }, /PUBLIC_URL.*https/],
    ['no public URL in production', { ...production, PUBLIC_URL: undefined }, /PUBLIC_URL.*https/],
    ['the memory store in production', { ...production, STORE: 'memory', STORE_KEY: undefined }, /STORE is memory/],
    ['no clients file in production', { ...production, CLIENTS_FILE: undefined }, /CLIENTS_FILE/],
    ['no store key in production', { ...production, STORE_KEY: undefined }, /STORE_KEY is missing/],
    ['no data folder in production', { ...production, DATA_DIR: undefined }, /DATA_DIR/],
    ['two store keys', { STORE_KEY: key, STORE_KEY_FILE: 'x' }, /both set/],
    ['a key for a store that has none', { STORE: 'memory', STORE_KEY: key }, /STORE is memory/],
    ['a short store key', { STORE_KEY: 'c2hvcnQ=' }, /32 bytes/],
    ['a store key in another encoding', { STORE_KEY: 'a'.repeat(64) }, /32 bytes/],
    ['a store key of zeros', { STORE_KEY: Buffer.alloc(32).toString('base64') }, /random/],
    ['an unknown store', { STORE: 'postgres' }, /sqlite/],
    ['Cosmos without an account', { STORE: 'cosmos' }, /COSMOS_ENDPOINT is missing.*documents\.azure\.com/],
    ['Cosmos over http', { STORE: 'cosmos', COSMOS_ENDPOINT: 'http://a.documents.azure.com' }, /https only/],
    ['a path in the account', { STORE: 'cosmos', COSMOS_ENDPOINT: 'https://a.example/x' }, /COSMOS_ENDPOINT/],
    ['an emulator in production', { ...cosmos, COSMOS_ENDPOINT: 'https://localhost:8081' }, /forgets everything/],
    ['a connection string for a key', { ...cosmos, COSMOS_KEY: 'AccountEndpoint=https://a;' }, /COSMOS_KEY is no key/],
    ['a store key beside Cosmos', { ...cosmos, STORE_KEY: key }, /Azure encrypts/],
    ['an account for another store', { COSMOS_ENDPOINT: 'https://a.documents.azure.com' }, /although STORE is sqlite/],
    ['a port that is none', { DESK_PORT: '70000' }, /DESK_PORT/],
    ['a port with a sign', { DESK_PORT: '-1' }, /DESK_PORT/],
    ['a public URL with a path', { PUBLIC_URL: 'https://desk.example/desk' }, /PUBLIC_URL/],
    ['a public URL with a user', { PUBLIC_URL: 'https://a@desk.example' }, /PUBLIC_URL/],
    ['trust in everybody', { TRUST_PROXY: 'true' }, /TRUST_PROXY/],
    ['trust in a number of hops', { TRUST_PROXY: '1' }, /TRUST_PROXY/],
    ['trust in the whole internet', { TRUST_PROXY: '0.0.0.0/0' }, /TRUST_PROXY/],
    ['trust in a name', { TRUST_PROXY: 'proxy.example' }, /TRUST_PROXY/],
    ['a short metrics token', { METRICS_TOKEN: 'secret' }, /METRICS_TOKEN/],
    ['a wildcard origin', { ALLOWED_ORIGINS: '*' }, /ALLOWED_ORIGINS/],
    ['a log level nobody knows', { LOG_LEVEL: 'loud' }, /LOG_LEVEL/],
    ['a wide clock tolerance', { CLOCK_TOLERANCE: '301' }, /CLOCK_TOLERANCE/],
    ['no rate limit', { PERSON_RATE: '0' }, /PERSON_RATE/],
  ])('refuses %s and says what to do', (_name, env, message) => {
    expect(complaints(env)).toMatch(message);
  });

  test.each([
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
  ])('A15 refuses an empty %s', (name) => {
    expect(complaints({ [name]: ' ' })).toContain(`${name} is set but empty`);
  });

  test('tells everything that is wrong at once', () => {
    expect(complaints({ DESK_PORT: 'x', STORE: 'x', LOG_LEVEL: 'x' }).split('\n')).toHaveLength(4);
  });

  test('never shows a secret in a complaint', () => {
    expect(complaints({ STORE_KEY: 'my-secret-value', METRICS_TOKEN: 'my-secret-value' })).not.toContain(
      'my-secret-value',
    );
  });

  test('.env.example explains every setting, and no other', () => {
    const text = readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8');
    const named = [...text.matchAll(/^# ([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name);
    expect(new Set(named)).toEqual(new Set(settings));
    expect(named).toHaveLength(settings.length);
  });
});

describe('the store key', () => {
  test('is made on a developer’s machine, readable by its owner only, and stays', () => {
    const path = join(folder, 'made', 'store.key');
    const made = readStoreKey({ from: 'file', path, create: true });
    expect(made).toHaveLength(32);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readStoreKey({ from: 'file', path, create: true })).toEqual(made);
  });

  test('is never made in production', () => {
    expect(() => readStoreKey({ from: 'file', path: join(folder, 'absent'), create: false })).toThrow(ConfigError);
  });

  test('that is damaged is not replaced', () => {
    const path = join(folder, 'damaged');
    writeFileSync(path, 'half a ke');
    expect(() => readStoreKey({ from: 'file', path, create: true })).toThrow(/backup/);
  });
});

describe('the clients file', () => {
  const sandbox = loadConfig({ SANDBOX_URL: 'http://localhost:5400', BOT_URL: 'http://localhost:5500' });
  const content = () => JSON.parse(readFileSync(sandbox.clients.file, 'utf8')) as { clients: Record<string, any>[] };
  const options = { ...sandbox.clients, production: false };
  const edited = (edit: (client: Record<string, any>) => void) => {
    const file = content();
    edit(file.clients[0]!);
    return () => parseClients(file, options);
  };

  test('of the sandbox names the tenants, apps and addresses of the sandbox', () => {
    const clients = loadClients(sandbox);
    expect(clients.all().map(({ id }) => id)).toEqual(tenants.map(({ slug }) => slug));
    for (const { tenant, audience, consoleAppId, id, signIn, jwksUrl, bots } of clients.all()) {
      const seed = findTenant(tenant)!;
      expect({ audience, consoleAppId, id }).toEqual({
        audience: seed.apiAppId,
        consoleAppId: seed.spaAppId,
        id: seed.slug,
      });
      expect(bots.map(({ appId }) => appId)).toEqual(seed.bot ? [seed.bot.appId] : []);
      const { authority, knownAuthorities, scopes, authorityMetadata } = msalConfig(tenant, 'http://localhost:5400');
      expect(signIn).toMatchObject({ authority, knownAuthorities, scopes });
      const metadata = JSON.parse(signIn.authorityMetadata!) as object;
      expect(JSON.parse(authorityMetadata)).toMatchObject(metadata);
      expect(jwksUrl).toBe((metadata as { jwks_uri: string }).jwks_uri);
    }
    expect(clients.byId('contoso')?.bots[0]).toMatchObject({
      callbackUrl: 'http://localhost:5500/contoso/parley/callback',
    });
  });

  test('is looked up by tenant and audience together', () => {
    const clients = loadClients(sandbox);
    const [one, two] = clients.all();
    expect(clients.byAudience(one!.tenant, one!.audience)).toBe(one);
    expect(clients.byAudience(one!.tenant, two!.audience)).toBeUndefined();
    expect(clients.byAudience(`${one!.tenant}","`, one!.audience)).toBeUndefined();
    expect(clients.byId('__proto__')).toBeUndefined();
  });

  test('cannot be changed once it is read', () => {
    const client = loadClients(sandbox).byId('contoso')!;
    expect(() => ((client as { suspended: boolean }).suspended = true)).toThrow();
    expect(() => (client.policy.queues as unknown[]).push({})).toThrow();
  });

  test.each<[string, (client: Record<string, any>) => void, RegExp]>([
    ['an unknown member', (client) => (client.admin = true), /contoso.*additional/],
    ['a missing member', (client) => delete client.issuer, /contoso.*issuer|contoso.*required/],
    ['an unknown kind', (client) => (client.kind = 'god'), /kind/],
    ['the name of an address of the desk', (client) => (client.id = 'widget'), /own addresses/],
    ['a tenant in upper case', (client) => (client.tenant = client.tenant.toUpperCase()), /tenant/],
    [
      'an issuer of another tenant',
      (client) => (client.issuer = 'https://login.sandbox.test/other/v2.0'),
      /issuer does not contain/,
    ],
    [
      'the tenant of personal accounts',
      (client) => (client.tenant = '9188040d-6c67-4c5b-b112-36a304b66dad'),
      /personal Microsoft accounts/,
    ],
    ['no allowed app', (client) => (client.allowedApps = []), /allowedApps/],
    ['no scope', (client) => (client.scopes = []), /scopes/],
    ['a console that is not allowed', (client) => (client.allowedApps = [client.audience]), /consoleAppId/],
    ['a bot among the apps for people', (client) => client.allowedApps.push(client.bots[0].appId), /app of a bot/],
    ['a default queue that is not there', (client) => (client.policy.defaultQueue = 'none'), /defaultQueue/],
    [
      'a fallback that is not there',
      (client) => (client.policy.queues[0].fallback = { to: 'queue', queue: 'none' }),
      /falls back/,
    ],
    ['a warning after the promise is broken', (client) => (client.policy.queues[0].warnAfter = 999), /warns after/],
    ['the same queue twice', (client) => client.policy.queues.push(client.policy.queues[0]), /listed twice/],
    ['a person with a queue that is not there', (client) => client.people[0].queues.push('none'), /unknown queue/],
    ['a weak callback secret', (client) => (client.bots[0].callbackSecrets = ['whsec_c2hvcnQ=']), /callback secret/],
    ['no callback secret', (client) => (client.bots[0].callbackSecrets = []), /callbackSecrets/],
    ['a secret that is not set', (client) => (client.bots[0].callbackSecrets = [{ env: 'NOT_SET' }]), /NOT_SET/],
    ['a callback that is no URL', (client) => (client.bots[0].callbackUrl = 'javascript:alert(1)'), /callbackUrl/],
    [
      'an origin that would break the page’s policy',
      (client) => (client.embedOrigins = ["https://a.example; script-src 'unsafe-inline'"]),
      /embedOrigins/,
    ],
  ])('with %s is refused', (_name, edit, message) => {
    expect(edited(edit)).toThrow(message);
  });

  test('takes secrets from the environment', () => {
    const file = content();
    file.clients[0]!['bots'][0].callbackSecrets = [{ env: 'CONTOSO_SECRET' }];
    const value = `whsec_${key}`;
    const [client] = parseClients(file, { ...options, secret: (name) => ({ CONTOSO_SECRET: value })[name] });
    expect(client!.bots[0]!.callbackSecrets).toEqual([value]);
  });

  test('of the sandbox is refused in production', () => {
    expect(() => loadClients({ ...sandbox, production: true })).toThrow(/sandbox|https/);
  });

  test('with two clients of one tenant or audience is refused', () => {
    const [one, two] = loadClients(sandbox).all();
    expect(() => createClients([one!, { ...two!, tenant: one!.tenant }])).toThrow(/share the tenant/);
    expect(() => createClients([one!, { ...two!, audience: one!.audience }])).toThrow(/share the audience/);
    expect(() => createClients([one!, one!])).toThrow(/called contoso/);
  });

  test('that cannot be read is named', () => {
    expect(() =>
      loadClients({ clients: { ...sandbox.clients, file: join(folder, 'none.json') }, production: false }),
    ).toThrow(/none\.json/);
  });
});
