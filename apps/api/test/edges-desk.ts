import { Writable } from 'node:stream';
import { createIdentity, type Identity } from '@parley/sandbox';
import { memoryStores } from '@parley/stores';
import { Type } from 'typebox';
import { createKeys } from '../src/auth/keys.ts';
import { createVerifier, type Verifier, type VerifierOptions } from '../src/auth/verifier.ts';
import { loadClients, type Clients } from '../src/clients.ts';
import { loadConfig, type Config, type Environment } from '../src/config.ts';
import { createEvents } from '../src/events.ts';
import { createLogger } from '../src/logging.ts';
import { buildServer, type Api, type ServerDeps } from '../src/server.ts';

/** The server with real keys and two routes that tell whom it let in. */
export type EdgeDesk = {
  app: Api;
  clients: Clients;
  identity: Identity;
  config: Config;
  /** What was logged. */
  lines: string[];
  /** How often each key document was asked for. */
  fetches: Map<string, number>;
  /** The key endpoint: replace it to break it. */
  endpoint: { answer: (tid: string) => Promise<unknown> };
  verifier: Verifier;
  /** `advance` lets time pass; setting `now` alone is somebody changing the host's clock. */
  clock: { now: number; monotonic: number; advance(ms: number): void };
  close(): Promise<void>;
};

export type EdgeOptions = {
  env?: Environment;
  deps?: Partial<ServerDeps>;
  verifier?: Partial<VerifierOptions>;
  limits?: Partial<Config['limits']>;
};

const Who = Type.Object(
  { client: Type.String(), id: Type.String(), name: Type.String(), roles: Type.Optional(Type.Array(Type.String())) },
  { additionalProperties: false },
);

/** Rate limits so wide that only the tests about them meet them. */
const wide = { addressPerSecond: 1e6, personPerSecond: 1e6, botPerSecond: 1e6, refusalsPerSecond: 1e6 };

export async function startEdgeDesk({
  env = {},
  deps = {},
  verifier: verifierOptions = {},
  limits = {},
}: EdgeOptions = {}): Promise<EdgeDesk> {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  // What happens to be built on this machine is no part of these tests.
  const loaded = loadConfig({ STORE: 'memory', CONSOLE_DIR: '/nonexistent', WIDGET_DIR: '/nonexistent', ...env });
  const config = { ...loaded, limits: { ...loaded.limits, ...wide, ...limits } };
  const clients = loadClients(config);
  const clock = {
    now: Date.now(),
    monotonic: 0,
    advance(ms: number) {
      clock.now += ms;
      clock.monotonic += ms;
    },
  };
  const identity = createIdentity({ now: () => clock.now });
  const fetches = new Map<string, number>();
  const endpoint = { answer: (tid: string): Promise<unknown> => identity.jwks(tid) };
  const monotonic = () => clock.monotonic;
  const keys = createKeys({
    now: () => clock.now,
    monotonic,
    async fetchJson(url) {
      const tid = url.split('/')[3] ?? '';
      fetches.set(tid, (fetches.get(tid) ?? 0) + 1);
      return endpoint.answer(tid);
    },
  });
  const verifier = createVerifier({ clients, keys, now: () => clock.now, monotonic, ...verifierOptions });
  const log = createLogger({ level: 'debug', production: true, destination });
  const { events, registry } = createEvents(log);
  const who = { schema: { operationId: 'who', response: { 200: Who } } };
  const app = await buildServer({
    config,
    clients,
    verifier,
    stores: memoryStores(),
    events,
    registry,
    log,
    peopleRoutes: [
      (scope) => void scope.get('/v1/who', who, ({ caller }) => ({ ...caller, roles: [...caller.roles] })),
    ],
    botRoutes: [(scope) => void scope.get('/v1/bot/who', who, ({ bot }) => bot)],
    ...deps,
  });
  await app.ready();
  return { app, clients, identity, config, lines, fetches, endpoint, verifier, clock, close: () => app.close() };
}
