import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CallbackServer } from './callback-server.ts';

export type RunningDesk = {
  url: string;
  sandbox: string;
  /** Where the consoles of this sandbox may be sent back to; one of them is. */
  redirectUris: readonly string[];
  /** Where the replies arrive; only a desk of our own sends them to us. */
  callbacks?: CallbackServer;
  /** Resolves when a process ends by itself, with what it said last. */
  died?: Promise<string>;
  /** The last lines the processes wrote: warnings and errors. */
  lastWords(): string[];
  close(): Promise<void>;
};

/**
 * Starts a sandbox and a desk as processes of their own, on free ports, with a store that is removed by `close`.
 * Rates and capacities are out of the way: a replay asks for more than people do.
 */
export async function startOwnDesk(store: 'sqlite' | 'memory'): Promise<RunningDesk> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-replay-'));
  const services: Service[] = [];
  let callbacks: CallbackServer | undefined;
  const close = async () => {
    await Promise.all(services.map((service) => service.stop()));
    await callbacks?.close();
    await rm(directory, { recursive: true, force: true });
  };

  try {
    const { text, secrets } = await clientsFile();
    const clientsPath = join(directory, 'clients.json');
    await writeFile(clientsPath, text);
    callbacks = await CallbackServer.start(secrets);
    const [deskPort, sandboxPort] = [await freePort(), await freePort()];
    const desk = `http://localhost:${deskPort}`;
    const sandbox = `http://localhost:${sandboxPort}`;
    const redirectUri = `${desk}/auth.html`;

    services.push(startService('sandbox', { SANDBOX_PORT: String(sandboxPort), SANDBOX_REDIRECT_URIS: redirectUri }));
    services.push(
      startService('api', {
        DESK_PORT: String(deskPort),
        HOST: '127.0.0.1',
        SANDBOX_URL: sandbox,
        BOT_URL: callbacks.url,
        CLIENTS_FILE: clientsPath,
        STORE: store,
        ...(store === 'sqlite'
          ? { DATA_DIR: join(directory, 'desk'), STORE_KEY: randomBytes(32).toString('base64') }
          : {}),
        LOG_LEVEL: 'warn',
        ADDRESS_RATE: '1000000',
        PERSON_RATE: '1000000',
        BOT_RATE: '1000000',
      }),
    );
    await Promise.all([healthy(sandbox, services[0] as Service), healthy(desk, services[1] as Service)]);
    return {
      url: desk,
      sandbox,
      redirectUris: [redirectUri],
      callbacks,
      died: Promise.race(services.map((service) => service.ended)),
      lastWords: () => services.flatMap((service) => service.last),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The sandbox's clients, with room for many conversations a consultant, and our own callbacks and secrets. */
async function clientsFile(): Promise<{ text: string; secrets: Map<string, string> }> {
  const file = JSON.parse(await readFile(join(root, 'apps/api/config/clients.sandbox.json'), 'utf8')) as ClientsFile;
  const secrets = new Map<string, string>();
  for (const client of file.clients) {
    if (!client.policy || !client.bots) continue;
    client.policy.capacity = 100;
    for (const person of client.people) delete person.capacity;
    const secret = `whsec_${randomBytes(32).toString('base64')}`;
    secrets.set(client.id, secret);
    for (const bot of client.bots)
      Object.assign(bot, { callbackUrl: `\${BOT_URL}/${client.id}/callback`, callbackSecrets: [secret] });
  }
  return { text: JSON.stringify(file), secrets };
}

function startService(name: string, variables: Record<string, string>): Service {
  const child = spawn(
    process.execPath,
    ['--import', join(root, 'scripts/lib/follow-parent.mjs'), join(root, 'apps', name, 'src/main.ts')],
    {
      // Nothing of the developer's own settings: a replay is the same everywhere.
      env: { ...inherited(), ...variables },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Ctrl-C is ours to pass on, after the robots have hung up.
      detached: process.platform !== 'win32',
    },
  );
  const last: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', (line) => {
      last.push(`${name}: ${line}`);
      if (last.length > 20) last.shift();
    });
  }
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(`The ${name} process could not start: ${error.message}`));
    child.on('close', (code, signal) =>
      resolve([`The ${name} process ended by itself (${signal ?? code}).`, ...last].join('\n')),
    );
  });
  return { name, last, ended, stop: () => stop(child, ended) };
}

async function stop(child: ChildProcess, ended: Promise<string>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await ended;
  clearTimeout(late);
}

async function healthy(url: string, { name, ended, last }: Service): Promise<void> {
  let dead: string | undefined;
  void ended.then((why) => (dead = why));
  const end = performance.now() + 60_000;
  for (;;) {
    if (dead !== undefined) throw new Error(dead);
    const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    if (answer?.ok) return;
    if (performance.now() > end)
      throw new Error([`The ${name} process did not become healthy within a minute.`, ...last].join('\n'));
    await pause(50);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'LANG'];
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

const root = fileURLToPath(new URL('../..', import.meta.url));

type Service = { name: string; last: string[]; ended: Promise<string>; stop(): Promise<void> };

type ClientsFile = {
  clients: {
    id: string;
    policy?: { capacity: number };
    bots?: object[];
    people: { capacity?: number }[];
  }[];
};
