import { randomBytes } from 'node:crypto';
import { readFile, writeFile, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contoso, startSandbox, type MintRequest, type Person } from '@parley/sandbox';
import { DeskProcess } from './desk-process.ts';
import { Receiver } from './receiver.ts';

export type Rig = {
  /** Where the desk listens, in all of its lives. */
  url: string;
  /** Where its encrypted files are. */
  data: string;
  storeKey: Buffer;
  receiver: Receiver;
  /** Starts the desk on the same files. Only one of them at a time. */
  start(settings?: Record<string, string>): Promise<DeskProcess>;
  /** Also for consultants whom the sandbox does not know. */
  token(person: Person): Promise<string>;
  botToken(): Promise<string>;
  close(): Promise<void>;
};

/** Contoso's consultants, of whom the sandbox knows. */
export const consultants = contoso.people.filter(({ role }) => role === 'Consultant');
export const supervisor = contoso.people.find(({ role }) => role === 'Supervisor')!;

/**
 * Everything around a desk that is to be killed or flooded: an issuer with real keys, the bot's side with a log of its
 * own, encrypted SQLite files, and the settings to start the desk with. Rates are out of the way unless they are set.
 */
export async function startRig({ capacity = 100 }: { capacity?: number } = {}): Promise<Rig> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-prove-'));
  const sandbox = await startSandbox({ port: 0 });
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const receiver = await Receiver.start(secret);
  const clients = join(directory, 'clients.json');
  await writeFile(clients, await clientsFile(secret, capacity));
  const storeKey = randomBytes(32);
  const port = await freePort();
  const data = join(directory, 'desk');
  const url = `http://127.0.0.1:${port}`;
  const tokens = new Map<string, Promise<string>>();
  let current: DeskProcess | undefined;

  const minted = (whose: string, request: Omit<MintRequest, 'tid' | 'lifetimeSeconds'>) => {
    const token = tokens.get(whose) ?? sandbox.identity.mint({ tid: contoso.tid, lifetimeSeconds: 5_000, ...request });
    tokens.set(whose, token);
    return token;
  };

  return {
    url,
    data,
    storeKey,
    receiver,
    async start(settings = {}) {
      if (current && !current.over) throw new Error('The desk is running already');
      // What the last process had sent is accepted as its own before the next one speaks.
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      receiver.life += 1;
      current = DeskProcess.start(url, {
        NODE_COMPILE_CACHE: join(directory, 'compiled'),
        DESK_PORT: String(port),
        HOST: '127.0.0.1',
        DATA_DIR: data,
        STORE_KEY: storeKey.toString('base64'),
        CLIENTS_FILE: clients,
        SANDBOX_URL: sandbox.url,
        BOT_URL: receiver.url,
        LOG_LEVEL: 'warn',
        ADDRESS_RATE: '1000000',
        PERSON_RATE: '1000000',
        BOT_RATE: '1000000',
        ...settings,
      });
      return current;
    },
    token: ({ oid, name, email }) =>
      minted(
        oid,
        contoso.people.some((one) => one.oid === oid)
          ? { subject: oid }
          : { subject: consultants[0]!.oid, claims: { oid, name, preferred_username: email, sub: oid } },
      ),
    botToken: () => minted('bot', { subject: { bot: contoso.bot.appId } }),
    async close() {
      if (current && !current.over) await current.kill();
      await receiver.close();
      await sandbox.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The sandbox's clients, with room for many conversations a consultant, and the callbacks here. */
async function clientsFile(secret: string, capacity: number): Promise<string> {
  const source = new URL('../../../apps/api/config/clients.sandbox.json', import.meta.url);
  const file = JSON.parse(await readFile(source, 'utf8')) as {
    clients: { policy?: { capacity: number }; people?: { capacity?: number }[]; bots?: object[] }[];
  };
  for (const client of file.clients) {
    if (client.policy) client.policy.capacity = capacity;
    for (const person of client.people ?? []) delete person.capacity;
    for (const bot of client.bots ?? [])
      Object.assign(bot, { callbackUrl: '${BOT_URL}/callback', callbackSecrets: [secret] });
  }
  return JSON.stringify(file);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
