import { mkdirSync, readFileSync } from 'node:fs';
import type { Host, Stores } from '@parley/core';
import { cosmosStores, fileKeys, memoryStores, sqliteStores } from '@parley/stores';
import { mapHub } from '@parley/signalr-server';
import { paths } from '@parley/contracts';
import fp from 'fastify-plugin';
import type { Logger } from 'pino';
import { createKeys } from './auth/keys.ts';
import { createVerifier, type Verifier } from './auth/verifier.ts';
import { createChaos } from './chaos.ts';
import { ClientDesks } from './client-desk.ts';
import type { Clients } from './clients.ts';
import { ConfigError, type Config } from './config.ts';
import type { Callback } from './callback.ts';
import { createEgress } from './egress.ts';
import { createEvents, type Events } from './events.ts';
import { withFailpoint } from './failpoint.ts';
import { realHost } from './host.ts';
import { createDeskHub, type HubData } from './hub.ts';
import { observe } from './observe.ts';
import { botRoutes } from './routes/bots.ts';
import { peopleRoutes } from './routes/people.ts';
import { transcriptRoutes } from './routes/transcripts.ts';
import { buildServer } from './server.ts';
import { thisSystem } from './system.ts';
import { readStoreKey } from './store-key.ts';

export type ApiOptions = {
  config: Config;
  clients: Clients;
  log: Logger;
  /** Where conversations are kept. Default: what the configuration says. */
  stores?: Stores;
  /** Time, waiting and chance. Default: this machine's. */
  host?: Host;
  /** Where signing keys come from. Default: the network, through the egress guard. */
  fetchJson?: (url: string) => Promise<unknown>;
  /** How bots are called back. Default: the network, through the egress guard. */
  callback?: Callback;
};

export type ComposedApi = {
  desks: ClientDesks;
  verifier: Verifier;
  /** @returns the address it listens on */
  listen(options?: { host?: string; port?: number }): Promise<string>;
  close(): Promise<void>;
};

/** Wires the desk process together. Nothing is started before `listen`. */
export async function createApi({ config, clients, log, host = realHost, ...given }: ApiOptions): Promise<ComposedApi> {
  const egress = createEgress({ ports: config.egress.ports, developmentOrigins: config.egress.developmentOrigins });
  const { events, registry } = createEvents(log, { process: true });
  const keys = createKeys({
    fetchJson: given.fetchJson ?? ((url) => egress.fetchJson(url)),
    now: host.now,
    onFailure: (source, error) => log.warn({ tenant: source.tenant, err: error }, 'signing keys cannot be fetched'),
  });
  const verifier = createVerifier({ clients, keys, now: host.now, clockTolerance: config.clockTolerance });
  const called: Callback =
    given.callback ??
    (async ({ url, headers, body, timeoutMs }) => {
      const answer = await egress.fetch(url, { method: 'POST', headers, body, timeoutMs });
      return { status: answer.status, retryAfter: answer.headers['retry-after']?.toString() };
    });

  const hub = createDeskHub(() => desks, host);
  const chaos = config.chaos && createChaos(config.chaos, { hub: hub.hub as never, host });
  if (chaos) log.warn({ chaos: config.chaos }, 'CHAOS is set: pushes and calls fail on purpose');
  const { stores, push, callback } = withFailpoint(config.failpoint, {
    stores: given.stores ?? openStores(config, log, events),
    push: chaos?.push ?? hub.push,
    callback: chaos?.callback(called) ?? called,
  });
  const desks: ClientDesks = new ClientDesks({
    clients,
    stores,
    host,
    push,
    callback,
    system: host === realHost ? thisSystem() : undefined,
    observed: (desk, change) => {
      observe(events, desk.id, change);
      if (change.before.epoch !== change.conversation.epoch) hub.recheck(desk, change.conversation);
    },
    delivered: events.delivered,
    botChanged: events.botChanged,
    failed: (error, what) => {
      events.unexpected();
      log.error({ err: error }, `${what} failed`);
    },
  });

  const app = await buildServer({
    config,
    clients,
    verifier,
    stores,
    log,
    events,
    registry,
    publicRoutes: [],
    peopleRoutes: [...(chaos ? [chaos.routes] : []), peopleRoutes(desks, host.now), transcriptRoutes(desks, host.now)],
    botRoutes: [botRoutes(desks, host)],
    hubPlugin: fp(async (server) => {
      await mapHub<never, HubData>(server as never, paths.hub, hub.hub, {
        allowedOrigins: [new URL(config.publicUrl).origin, ...config.allowedOrigins],
        authenticate: async ({ token }) => {
          const verdict = token === undefined ? undefined : await verifier.verifyPerson(token);
          if (!verdict) return { status: 401 };
          if (!verdict.ok) {
            events.authRefused({ audience: 'hub', status: verdict.status, reason: verdict.reason });
            return { status: verdict.status };
          }
          const { client, id, name, roles, exp } = verdict.principal;
          return {
            user: { id: `${client}/${id}` },
            data: { client, person: { id, name }, roles },
            expiresAt: exp * 1000,
          };
        },
      });
    }),
  });

  return {
    desks,
    verifier,
    async listen({ host = config.host, port = config.port } = {}) {
      await desks.openAll();
      return app.listen({ host, port });
    },
    async close() {
      hub.close();
      await hub.hub.close();
      await app.close();
      await desks.close();
      await stores.close();
      await egress.close();
    },
  };
}

function openStores({ store }: Config, log: Logger, events: Events): Stores {
  if (store.kind === 'memory') return memoryStores();
  if (store.kind === 'cosmos')
    return cosmosStores({
      endpoint: store.endpoint,
      database: store.database,
      ...(store.key !== undefined && { key: store.key }),
      ...(store.ca !== undefined && { ca: readCertificate(store.ca) }),
      onCharge: events.storeCharged,
      onRetry: events.storeRetried,
      log,
    });
  mkdirSync(store.directory, { recursive: true, mode: 0o700 });
  return sqliteStores({
    directory: store.directory,
    cipher: store.cipher,
    keys: fileKeys(`${store.directory}/keys.json`, readStoreKey(store.key)),
    log,
  });
}

/** @throws ConfigError when there is none */
function readCertificate(path: string): string {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  } catch {
    // The complaint says it all.
  }
  throw new ConfigError([`COSMOS_CA names ${path}, where no certificate can be read: give the path of a PEM file.`]);
}
