import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApi, createClients, createLogger, loadConfig, parseClients, realHost } from '@parley/api';
import type { CallbackBody, ConversationView } from '@parley/contracts';
import { contoso, startSandbox } from '@parley/sandbox';
import { BotCaller, Caller } from '@parley/testkit';
import { startLine, type Line } from './line.ts';

/** A sandbox, a desk and a bot in this process, and the line that a browser reaches the desk over. */
export interface World {
  /** Where the browser finds the desk. */
  readonly url: string;
  readonly line: Line;
  readonly bot: BotCaller;
  readonly ana: Caller;
  /** Moves the clocks of the desk and of the sign-in, and does what is due. Nothing sleeps. */
  advance(ms: number): Promise<void>;
  /** A conversation that waits in the queue, begun by a user. @returns its id at the desk */
  escalated(channel: string): Promise<string>;
  /** The same, taken by Ana. */
  held(channel: string): Promise<string>;
  /** What is said in a conversation after the handoff, as the desk has it now. */
  said(conversation: string): Promise<string[]>;
  /** The consultants' lines that have reached the user, in order of arrival. */
  received(channel: string): string[];
  close(): Promise<void>;
}

const ana = 'ana@contoso.example';

export async function startWorld(): Promise<World> {
  const clock = { offset: 0 };
  const now = () => Date.now() + clock.offset;
  let desk = 0;
  const line = await startLine(() => desk);
  const sandbox = await startSandbox({ port: 0, now, redirectUris: [] });
  for (const path of ['/', '/auth.html', '/signed-out']) sandbox.allowRedirect(line.url + path);
  const callbacks: CallbackBody[] = [];
  const botServer = await startBot((body) => callbacks.push(body));

  const config = loadConfig({
    DESK_PORT: '0',
    HOST: '127.0.0.1',
    PUBLIC_URL: line.url,
    STORE: 'memory',
    SANDBOX_URL: sandbox.url,
    BOT_URL: botServer.url,
    LOG_LEVEL: 'warn',
    ...(process.env['CONSOLE_DIR'] ? { CONSOLE_DIR: process.env['CONSOLE_DIR'] } : {}),
    ADDRESS_RATE: '100000',
    PERSON_RATE: '100000',
    BOT_RATE: '100000',
    REFUSAL_RATE: '100000',
  });
  const file = patient(JSON.parse(readFileSync(config.clients.file, 'utf8')));
  const api = await createApi({
    config,
    clients: createClients(
      parseClients(file, { addresses: config.clients.addresses, secret: config.clients.secret, production: false }),
    ),
    log: createLogger({ level: 'silent', production: false }),
    host: { ...realHost, now },
  });
  desk = Number(new URL(await api.listen()).port);

  // Straight to the desk: what others see does not depend on Ana's line.
  const direct = `http://127.0.0.1:${desk}`;
  const caller = new Caller(direct, () => sandbox.identity.mint({ tid: contoso.tid, subject: ana }));
  const bot = new BotCaller(direct, () =>
    sandbox.identity.mint({ tid: contoso.tid, subject: { bot: contoso.bot.appId } }),
  );
  const escalated = async (channel: string) => {
    await bot.say('user', channel, 'my card is gone');
    await bot.say('bot', channel, 'I am getting a colleague for you');
    return (await bot.escalate(channel)).conversation;
  };
  return {
    url: line.url,
    line,
    bot,
    ana: caller,
    async advance(ms) {
      clock.offset += ms;
      await api.desks.sweep();
    },
    escalated,
    async held(channel) {
      const id = await escalated(channel);
      const { status, body } = await caller.command(id, 'claim');
      if (status !== 200) throw new Error(`Ana cannot take ${channel}: ${body.code ?? status}`);
      return id;
    },
    async said(id) {
      const { body } = await caller.get<ConversationView>(`/v1/conversations/${id}`);
      const from = body.entries.findIndex(({ kind }) => kind === 'handoff-requested');
      return body.entries.slice(from).flatMap((entry) => (entry.kind === 'message' ? [entry.text] : []));
    },
    received: (channel) => [
      ...new Map(
        callbacks
          .flatMap((body) =>
            body.conversation === channel && body.type === 'conversation.entries' ? body.entries : [],
          )
          .flatMap((entry) => (entry.kind === 'message' && entry.from.name === 'Ana Ruiz' ? [entry] : []))
          // An answer lost on the way repeats an entry under its id; whoever receives it drops the second.
          .map((entry) => [entry.id, entry.text]),
      ).values(),
    ],
    async close() {
      await line.close();
      await api.close();
      await sandbox.close();
      botServer.server.closeAllConnections();
      await new Promise((resolve) => botServer.server.close(resolve));
    },
  };
}

/** Hours pass within seconds here; nobody is taken out of a queue or off a conversation for it. */
function patient(file: { clients: { policy?: Record<string, unknown> & { queues: Record<string, unknown>[] } }[] }) {
  for (const { policy } of file.clients) {
    if (policy === undefined) continue;
    policy['goneSeconds'] = 3_600;
    for (const queue of policy.queues) queue['deadlineSeconds'] = 12 * 3_600;
  }
  return file;
}

async function startBot(take: (body: CallbackBody) => void): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      take(JSON.parse(Buffer.concat(chunks).toString('utf8')) as CallbackBody);
      response.statusCode = 204;
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://localhost:${(server.address() as AddressInfo).port}`, server };
}
