import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createApi,
  createClients,
  createEgress,
  createLogger,
  loadConfig,
  parseClients,
  realHost,
  type ComposedApi,
} from '@parley/api';
import { createIdentity, contoso, type Identity } from '@parley/sandbox';
import type { Seeded } from '../disk/seeded.ts';
import { FaultProxy } from './proxy.ts';
import { Receiver } from './receiver.ts';

/** A desk with a fault proxy on each of its lines. */
export type Rig = {
  /** Past all proxies. */
  direct: string;
  /** Browsers to the desk. */
  browser: FaultProxy;
  /** The bot's calls to the desk. */
  calls: FaultProxy;
  /** The desk's callbacks to the bot. */
  callbacks: FaultProxy;
  receiver: Receiver;
  /** What the desk itself logged as unexpected. */
  complaints: string[];
  token(email: string): Promise<string>;
  botToken(): Promise<string>;
  /** Reads past all faults, as a page that is loaded again would in the end. @returns undefined where there is no such thing for them */
  read<T>(email: string, path: string): Promise<T | undefined>;
  close(): Promise<void>;
};

/** How much faster than in life the desk's own timers run here: keep-alives every 1.5 s, callbacks given up after 2 s. */
export const pace = 10;

/**
 * The real desk in this process, over real sockets, with an encrypted store of its own.
 *
 * @param settings of the desk, beyond what the rig needs
 */
export async function startRig(random: Seeded, settings: Record<string, string> = {}): Promise<Rig> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-net-'));
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const receiver = await Receiver.start(secret, random);
  const callbacks = await FaultProxy.start(receiver.port, random);
  const config = loadConfig({
    DESK_PORT: '0',
    HOST: '127.0.0.1',
    STORE: 'sqlite',
    DATA_DIR: directory,
    STORE_KEY: randomBytes(32).toString('base64'),
    BOT_URL: callbacks.url,
    LOG_LEVEL: 'error',
    ADDRESS_RATE: '100000',
    PERSON_RATE: '100000',
    BOT_RATE: '100000',
    REFUSAL_RATE: '100000',
    ...settings,
  });
  const clients = createClients(
    parseClients(clientsFile(config.clients.file, secret), { ...config.clients, production: false }),
  );
  const complaints: string[] = [];
  const log = createLogger({
    level: 'error',
    production: false,
    destination: { write: (line: string) => void complaints.push(line.slice(0, 1_000)) },
  });
  const egress = createEgress({ developmentOrigins: config.egress.developmentOrigins });
  identity ??= createIdentity();
  const issuer = identity;
  const api: ComposedApi = await createApi({
    config,
    clients,
    log,
    host: {
      ...realHost,
      steady: () => realHost.steady() * pace,
      after: (ms, run) => realHost.after(ms / pace, run),
    },
    callback: async ({ url, headers, body, timeoutMs }) => ({
      status: (await egress.fetch(url, { method: 'POST', headers, body, timeoutMs: timeoutMs / pace })).status,
    }),
    fetchJson: async (url) => issuer.jwks(new URL(url).pathname.split('/')[1]!),
  });
  const direct = await api.listen();
  const port = Number(new URL(direct).port);
  const [browser, calls] = [await FaultProxy.start(port, random), await FaultProxy.start(port, random)];
  const token = (email: string) => remembered(email, () => issuer.mint({ tid: contoso.tid, subject: email }));
  return {
    direct,
    browser,
    calls,
    callbacks,
    receiver,
    complaints,
    token,
    botToken: () => remembered('bot', () => issuer.mint({ tid: contoso.tid, subject: { bot: contoso.bot.appId } })),
    async read<T>(email: string, path: string) {
      for (let tries = 0; ; tries++) {
        const headers = { authorization: `Bearer ${await token(email)}` };
        const answer = await fetch(direct + path, { headers, signal: AbortSignal.timeout(5_000) }).catch(
          () => undefined,
        );
        if (answer?.ok) return (await answer.json()) as T;
        if (answer?.status === 404) return undefined;
        // A desk with faults on purpose fails this too.
        if (tries >= 20) throw new Error(`${path} cannot be read: ${answer?.status ?? 'no answer'}`);
      }
    },
    async close() {
      // First, so that nobody waits for connections that nobody ends.
      await Promise.all([browser.close(), calls.close(), callbacks.close()]);
      await api.close();
      await Promise.all([receiver.close(), egress.close()]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Making keys takes longer than a scenario. */
let identity: Identity | undefined;
const tokens = new Map<string, Promise<string>>();

function remembered(whose: string, mint: () => Promise<string>): Promise<string> {
  const known = tokens.get(whose) ?? mint();
  tokens.set(whose, known);
  return known;
}

function clientsFile(path: string, secret: string): unknown {
  const file = JSON.parse(readFileSync(path, 'utf8')) as { clients: { bots?: { callbackSecrets: string[] }[] }[] };
  for (const { bots = [] } of file.clients) for (const bot of bots) bot.callbackSecrets = [secret];
  return file;
}
