import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CallbackBody } from '@parley/contracts';
import { Webhook } from 'standardwebhooks';
import type { Seeded } from '../disk/seeded.ts';

/** The bot's side: takes callbacks slowly, and notes what no lane that sends one request after the other would send. */
export class Receiver {
  /** Numbers and ids of the entries in the order in which they were new, by conversation. */
  readonly taken = new Map<string, { seq: number; id: string }[]>();
  readonly violations: string[] = [];
  /** Entries that came again. */
  repeated = 0;
  readonly #webhook: Webhook;
  readonly #random: Seeded;
  readonly #server: Server;
  /** By conversation, the last entry whose request was answered with 2xx. */
  readonly #answered = new Map<string, number>();

  private constructor(secret: string, random: Seeded) {
    this.#webhook = new Webhook(secret);
    this.#random = random;
    this.#server = createServer(
      (request, response) => void this.#take(request, response).catch(() => request.destroy()),
    );
  }

  static async start(secret: string, random: Seeded): Promise<Receiver> {
    const receiver = new Receiver(secret, random);
    // Connections that end between two callbacks are part of life.
    receiver.#server.keepAliveTimeout = 150;
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    // A body that is cut off ends with an error here, and nothing of it counts.
    for await (const chunk of request) chunks.push(chunk as Buffer);
    let body: CallbackBody;
    try {
      body = this.#webhook.verify(Buffer.concat(chunks).toString('utf8'), request.headers as never) as CallbackBody;
    } catch {
      this.violations.push('a callback with a wrong signature');
      response.writeHead(401).end();
      return;
    }
    if (body.type === 'conversation.entries') await this.#takeEntries(body);
    response.writeHead(204).end();
  }

  async #takeEntries({ id, entries }: CallbackBody & { type: 'conversation.entries' }): Promise<void> {
    const taken = this.taken.get(id) ?? [];
    this.taken.set(id, taken);
    const before = taken.at(-1)?.seq ?? 0;
    for (const [i, { seq }] of entries.entries())
      if (i > 0 && seq <= entries[i - 1]!.seq)
        this.violations.push(`${id}: ${seq} after ${entries[i - 1]!.seq} in a callback`);
    const fresh = entries.filter(({ seq }) => seq > before);
    this.repeated += entries.length - fresh.length;
    const first = entries[0]!.seq;
    if (first > before && before > (this.#answered.get(id) ?? 0))
      this.violations.push(`${id}: ${first} was sent before ${before} was answered`);
    taken.push(...fresh.map(({ seq, id: entry }) => ({ seq, id: entry })));
    await new Promise((resolve) => setTimeout(resolve, this.#random.below(40)));
    this.#answered.set(id, Math.max(this.#answered.get(id) ?? 0, entries.at(-1)!.seq));
  }
}
