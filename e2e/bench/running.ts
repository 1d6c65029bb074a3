import { fork, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { paths, type CommandAnswer, type HandoffAnswer } from '@parley/contracts';
import { contoso, startSandbox } from '@parley/sandbox';
import { prefillStore } from './prefill.ts';
import type { StackName, Target } from './protocol.ts';

const apiMain = fileURLToPath(import.meta.resolve('../../apps/api/src/main.ts'));
const clientsFile = fileURLToPath(import.meta.resolve('../../apps/api/config/clients.sandbox.json'));

export type RunningStacks = {
  pid(name: StackName): number;
  closedLoop(name: StackName, ms: number): Promise<{ messages: number; seconds: number; wrong: number }>;
  openLoop(
    name: StackName,
    ms: number,
    perSecond: number,
  ): Promise<{ p50: number; p99: number; lagP99: number; count: number; skipped: number; wrong: number }>;
  /** Whether servers and generator each have a core of their own. */
  pinned: boolean;
  close(): Promise<void>;
};

/** Starts all stacks and the generator as processes of their own: servers on one core, the generator on another. */
export async function startStacks({
  inFlight,
  prefill,
  cipher,
  log,
}: {
  inFlight: number;
  prefill: number;
  cipher: 'sqlcipher' | 'aegis';
  log: (line: string) => void;
}): Promise<RunningStacks> {
  const pinned = availableParallelism() >= 2 && spawnSync('taskset', ['-V']).status === 0;
  const directory = await mkdtemp(join(tmpdir(), 'parley-bench-'));
  const children: ChildProcess[] = [];
  const sandbox = await startSandbox({ port: 0, dataDirectory: join(directory, 'sandbox') });

  const generator = fork(fileURLToPath(import.meta.resolve('./generator.ts')), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  children.push(generator);
  if (pinned) spawnSync('taskset', ['-cp', '0', String(generator.pid)]);
  const { callbackUrl } = await new Promise<{ callbackUrl: string }>((resolve) =>
    generator.once('message', resolve as never),
  );

  const close = async () => {
    for (const child of children) child.kill('SIGTERM');
    await Promise.all(
      children.map((child) =>
        child.exitCode === null && child.signalCode === null
          ? new Promise((resolve) => child.once('exit', resolve))
          : undefined,
      ),
    );
    await sandbox.close();
    await rm(directory, { recursive: true, force: true });
  };

  try {
    const tokens = await mint(sandbox);
    const pids = new Map<StackName, number>();
    const start = async (name: StackName, file: string, env: Record<string, string>, ready: RegExp) => {
      const command = [...(pinned ? ['taskset', '-c', '1'] : []), process.execPath, file];
      const child = spawn(command[0]!, command.slice(1), {
        env: { PATH: process.env['PATH'], ...env },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      children.push(child);
      pids.set(name, child.pid!);
      const lines = createInterface({ input: child.stdout });
      return new Promise<RegExpExecArray>((resolve, reject) => {
        lines.on('line', (line) => {
          const match = ready.exec(line);
          if (match) resolve(match);
        });
        child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)));
      });
    };
    const order = (message: object) =>
      new Promise<never>((resolve, reject) => {
        generator.once('message', (answer: { result: never; error?: string }) =>
          answer.error ? reject(new Error(answer.error)) : resolve(answer.result),
        );
        generator.send(message);
      });

    const plainPlaces = Array.from({ length: inFlight }, (_, n) => ({
      conversation: `talk-${n}`,
      channelConversation: `talk-${n}`,
      epoch: 2,
      consultant: n % tokens.consultants.length,
    }));
    for (const name of ['floor', 'twin'] as const) {
      const [, port] = await start(
        name,
        stackFile('floor'),
        { CALLBACK_URL: `${callbackUrl}/${name}` },
        /^listening (\d+)/,
      );
      await order({
        do: 'connect',
        target: {
          name,
          url: `http://127.0.0.1:${port}`,
          pid: pids.get(name)!,
          botToken: 'x',
          consultantTokens: tokens.consultants,
          places: plainPlaces,
          push: 'ws',
        } satisfies Target,
      });
    }

    const verified = {
      JWKS: JSON.stringify(await sandbox.identity.jwks(contoso.tid)),
      AUDIENCE: contoso.apiAppId,
      ISSUER: sandbox.identity.issuer(contoso.tid),
    };
    const [, leastPort] = await start(
      'least',
      stackFile('least'),
      {
        CALLBACK_URL: `${callbackUrl}/least`,
        DB_FILE: join(directory, 'least.db'),
        DB_KEY: randomBytes(32).toString('hex'),
        DB_CIPHER: cipher,
        ...verified,
      },
      /^listening (\d+)/,
    );
    await order({
      do: 'connect',
      target: {
        name: 'least',
        url: `http://127.0.0.1:${leastPort}`,
        pid: pids.get('least')!,
        botToken: tokens.bot,
        consultantTokens: tokens.consultants,
        places: plainPlaces,
        push: 'ws',
      } satisfies Target,
    });

    log('filling the stores …');
    const [, usualPort] = await start(
      'usual',
      stackFile('usual'),
      {
        CALLBACK_URL: `${callbackUrl}/usual`,
        DB_FILE: join(directory, 'usual.db'),
        DB_KEY: randomBytes(32).toString('hex'),
        DB_CIPHER: cipher,
        PREFILL: String(prefill),
        ...verified,
      },
      /^listening (\d+)/,
    );
    await order({
      do: 'connect',
      target: {
        name: 'usual',
        url: `http://127.0.0.1:${usualPort}`,
        pid: pids.get('usual')!,
        botToken: tokens.bot,
        consultantTokens: tokens.consultants,
        places: plainPlaces,
        push: 'socket.io',
      } satisfies Target,
    });

    const storeKey = randomBytes(32);
    await prefillStore({
      directory: join(directory, 'desk'),
      storeKey,
      client: 'contoso',
      conversations: prefill,
      cipher,
    });
    const clients = join(directory, 'clients.json');
    await writeFile(clients, clientsText(`${callbackUrl}/parley`));
    const env = {
      DESK_PORT: '0',
      HOST: '127.0.0.1',
      DATA_DIR: join(directory, 'desk'),
      STORE_KEY: storeKey.toString('base64'),
      STORE_CIPHER: cipher,
      CLIENTS_FILE: clients,
      SANDBOX_URL: sandbox.url,
      BOT_URL: callbackUrl,
      ADDRESS_RATE: '1000000',
      PERSON_RATE: '1000000',
      BOT_RATE: '1000000',
      LOG_LEVEL: 'info',
    };
    const [, url] = await start('parley', apiMain, env, /"address":"(http:[^"]+)"/);
    const places = await takeConversations(url!, tokens, inFlight);
    await order({
      do: 'connect',
      target: {
        name: 'parley',
        url: url!,
        pid: pids.get('parley')!,
        botToken: tokens.bot,
        consultantTokens: tokens.consultants,
        places,
        push: 'signalr',
      } satisfies Target,
    });

    return {
      pinned,
      pid: (name) => pids.get(name)!,
      closedLoop: (name, ms) => order({ do: 'closed', name, ms }),
      openLoop: (name, ms, perSecond) => order({ do: 'open', name, ms, perSecond }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

type Tokens = { bot: string; consultants: string[] };

async function mint(sandbox: Awaited<ReturnType<typeof startSandbox>>): Promise<Tokens> {
  const { tid, bot, people } = contoso;
  const consultants = people.filter(({ role }) => role === 'Consultant');
  return {
    bot: await sandbox.identity.mint({ tid, subject: { bot: bot.appId }, lifetimeSeconds: 5_000 }),
    consultants: await Promise.all(
      consultants.map(({ oid }) => sandbox.identity.mint({ tid, subject: oid, lifetimeSeconds: 5_000 })),
    ),
  };
}

/** Opens, escalates and takes the conversations that the load then runs in. */
async function takeConversations(url: string, tokens: Tokens, count: number): Promise<Target['places']> {
  const call = async <T>(token: string, path: string, body: object): Promise<T> => {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  };
  const places: Target['places'] = [];
  for (let n = 0; n < count; n++) {
    const consultant = n % tokens.consultants.length;
    const channelConversation = `talk-${n}`;
    const handoff = await call<HandoffAnswer>(tokens.bot, paths.botHandoffs, {
      channel: 'directline',
      conversation: channelConversation,
      id: randomUUID(),
      user: { id: `dl_${n}`, name: 'Jonas Weber' },
      queue: 'general',
      packet: { reason: 'Asked for a person' },
    });
    const { conversation } = await call<CommandAnswer>(
      tokens.consultants[consultant]!,
      paths.command(handoff.conversation, 'claim'),
      { id: randomUUID() },
    );
    places.push({ conversation: conversation.id, channelConversation, epoch: conversation.epoch, consultant });
  }
  return places;
}

/** The sandbox's clients, with room for as many conversations as the load needs. */
function clientsText(callbackUrl: string): string {
  const file = JSON.parse(readFileSync(clientsFile, 'utf8')) as {
    clients: {
      id: string;
      policy?: { capacity: number };
      people?: { capacity?: number }[];
      bots?: { callbackUrl: string }[];
    }[];
  };
  for (const client of file.clients) {
    if (client.policy) client.policy.capacity = 100;
    for (const one of client.people ?? []) one.capacity = 100;
    if (client.id === 'contoso') for (const bot of client.bots ?? []) bot.callbackUrl = callbackUrl;
  }
  return JSON.stringify(file);
}

function stackFile(name: string): string {
  return fileURLToPath(import.meta.resolve(`./stacks/${name}.ts`));
}
