import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CallbackBody } from '@parley/contracts';
import { Webhook } from 'standardwebhooks';
import { Waiters } from './waiters.ts';

/** What the bot's side of one conversation has been told, in the order in which it came. */
export class Inbox extends Waiters {
  readonly replies: { seq: number; text: string }[] = [];
  /** The conversation was closed, and the bot's side knows. */
  completed = false;
  #shown = 0;

  /** @returns entries that had come before and were dropped, as the contract asks */
  take(body: CallbackBody & { type: 'conversation.entries' }): number {
    const fresh = body.entries.filter(({ seq }) => seq > this.#shown);
    for (const entry of fresh) {
      this.#shown = entry.seq;
      if (entry.kind === 'message') this.replies.push({ seq: entry.seq, text: entry.text });
      else if (entry.state === 'completed') this.completed = true;
    }
    this.wake();
    return body.entries.length - fresh.length;
  }
}

/** The bots' side of the desk: takes the signed callbacks of all clients and keeps what they say. */
export class CallbackServer {
  readonly #secrets: ReadonlyMap<string, Webhook>;
  readonly #server: Server;
  readonly #inboxes = new Map<string, Inbox>();
  /** Callbacks whose signature is wrong. */
  refused = 0;
  /** Entries that came again. */
  repeated = 0;

  private constructor(secrets: ReadonlyMap<string, string>) {
    this.#secrets = new Map([...secrets].map(([client, secret]) => [client, new Webhook(secret)]));
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  /** @param secrets `whsec_…` by client */
  static async start(secrets: ReadonlyMap<string, string>): Promise<CallbackServer> {
    const callbacks = new CallbackServer(secrets);
    await new Promise<void>((resolve) => callbacks.#server.listen(0, '127.0.0.1', resolve));
    return callbacks;
  }

  /** Origin under which the desk reaches it; the path is `/{client}/callback`. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** @param conversation the channel's own id */
  inbox(client: string, conversation: string): Inbox {
    const key = `${client}/${conversation}`;
    let inbox = this.#inboxes.get(key);
    if (!inbox) this.#inboxes.set(key, (inbox = new Inbox()));
    return inbox;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const client = request.url?.split('/')[1] ?? '';
    response.statusCode = await this.#take(client, request);
    response.end();
  }

  async #take(client: string, request: IncomingMessage): Promise<number> {
    const raw = await text(request);
    const webhook = this.#secrets.get(client);
    if (!webhook) return 404;
    let body: CallbackBody;
    try {
      body = webhook.verify(raw, request.headers as Record<string, string>) as CallbackBody;
    } catch {
      this.refused += 1;
      return 401;
    }
    if (body.type === 'conversation.entries') this.repeated += this.inbox(client, body.conversation).take(body);
    return 204;
  }
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
