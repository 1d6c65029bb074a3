import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { CallbackBody, OutboundEntry } from '@parley/contracts';
import { Webhook } from 'standardwebhooks';

/** An entry as the bot's side took it. `life` counts the desk's processes, so that two of one life came from one process. */
export type Taken = { entry: OutboundEntry; life: number };

/** The bot's side of a desk, with a log of its own: everything it has answered with 2xx, in order of arrival. */
export class Receiver {
  /** By conversation. */
  readonly taken = new Map<string, Taken[]>();
  /** Callbacks with a wrong signature. */
  forged = 0;
  /** Callbacks answered with 503. */
  refused = 0;
  /** To be raised between two processes of the desk. */
  life = 0;
  /** Whether it cannot take a callback now. */
  failing: () => boolean = () => false;
  /** Told of each entry that is new. */
  onEntry: (conversation: string, entry: OutboundEntry) => void = () => undefined;
  readonly #webhook: Webhook;
  readonly #server: Server;
  readonly #lives = new WeakMap<Socket, number>();

  private constructor(secret: string) {
    this.#webhook = new Webhook(secret);
    this.#server = createServer((request, response) => void this.#answer(request, response));
    // A connection belongs to one process of the desk, whenever what came over it is read.
    this.#server.on('connection', (socket) => this.#lives.set(socket, this.life));
  }

  static async start(secret: string): Promise<Receiver> {
    const receiver = new Receiver(secret);
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  of(conversation: string): readonly Taken[] {
    return this.taken.get(conversation) ?? [];
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return; // The desk died while it spoke.
    }
    response.statusCode = this.#take(Buffer.concat(chunks).toString('utf8'), request);
    response.end();
  }

  #take(raw: string, request: IncomingMessage): number {
    let body: CallbackBody;
    try {
      body = this.#webhook.verify(raw, request.headers as Record<string, string>) as CallbackBody;
    } catch {
      this.forged += 1;
      return 401;
    }
    if (body.type !== 'conversation.entries') return 204;
    if (this.failing()) {
      this.refused += 1;
      return 503;
    }
    const log = this.taken.get(body.id) ?? [];
    this.taken.set(body.id, log);
    const life = this.#lives.get(request.socket) ?? this.life;
    for (const entry of body.entries) {
      const known = log.some(({ entry: { seq } }) => seq === entry.seq);
      log.push({ entry, life });
      if (!known) this.onEntry(body.id, entry);
    }
    return 204;
  }
}
