import { createClients, type Client } from '@parley/api';
import {
  botRoutes,
  ClientDesks,
  createDeskHub,
  createErrorHandler,
  peopleRoutes,
  type Api,
  type Callback,
} from '@parley/api/parts';
import type { Role } from '@parley/contracts';
import type { Disk } from './disk.ts';
import type { Process } from './scheduler.ts';
import { SimHub } from './wire.ts';
import type { World } from './world.ts';

/** Who asks, as a token would say. */
export type Principal =
  | { kind: 'person'; client: string; id: string; name: string; roles: readonly Role[] }
  | { kind: 'bot'; client: string; id: string; name: string };

export type Request = {
  by: Principal;
  method: string;
  path: string;
  query: Record<string, unknown>;
  body: unknown;
};

export type Answer = { status: number; text: string; retryAfter: string | null };

type Handler = (request: object, reply: object) => Promise<unknown>;

/** One desk process: the real desks, hub, routes and delivery, on simulated time, lines and store. */
export class ApiProcess implements Process {
  readonly name: string;
  readonly hub: SimHub;
  alive = true;
  pausedUntil = 0;
  /** Ms that its wall clock is off. */
  clock: number;
  /** Takes requests: its desks are open. */
  serving = false;
  /** Errors that the desk itself did not expect. */
  readonly unexpected: string[] = [];
  /** Who waits for an answer of this process. */
  readonly asked = new Set<() => void>();
  readonly #routes = new Map<string, Handler>();
  readonly #world: World;

  constructor(
    world: World,
    {
      name,
      salt,
      clock,
      disk,
      clients,
      callback,
    }: {
      name: string;
      salt: number;
      clock: number;
      disk: Disk;
      clients: readonly Client[];
      callback: (node: ApiProcess) => Callback;
    },
  ) {
    this.name = name;
    this.clock = clock;
    this.#world = world;
    const host = world.hostOf(this, salt);
    this.hub = new SimHub(world, this);
    const hub = createDeskHub(() => desks, host, this.hub.make);
    const desks: ClientDesks = new ClientDesks({
      clients: createClients(clients),
      stores: disk.storesFor(this),
      host,
      push: hub.push,
      callback: callback(this),
      observed: (desk, change) => {
        if (change.before.epoch !== change.conversation.epoch) hub.recheck(desk, change.conversation);
      },
      delivered: () => undefined,
      failed: (error, what) => this.#failed(error, what),
    });
    const collector = Object.fromEntries(
      ['get', 'put', 'post', 'delete'].map((method) => [
        method,
        (path: string, _: unknown, handler: Handler) => this.#routes.set(`${method.toUpperCase()} ${path}`, handler),
      ]),
    ) as unknown as Api;
    peopleRoutes(desks, host.now)(collector);
    botRoutes(desks, host)(collector);
    desks.openAll().then(
      () => (this.serving = true),
      (error: unknown) => {
        // Without its store a process does not start; whoever watches over processes starts it again.
        this.#failed(error, 'start');
        this.alive = false;
      },
    );
  }

  async handle(request: Request): Promise<Answer> {
    const { by, method, path, query, body } = request;
    const id = /c_[0-9a-v]{26}/.exec(path)?.[0];
    const handler = this.#routes.get(`${method} ${id === undefined ? path : path.replace(id, ':id')}`);
    if (!handler) throw new Error(`There is no route ${method} ${path}.`);
    const params = id === undefined ? {} : { id };
    const reply = new Reply();
    const asking = by.kind === 'person' ? { caller: by } : { bot: by };
    try {
      const answer = await handler({ ...asking, params, query, body }, reply);
      return {
        status: reply.statusCode,
        text: answer == null || answer === reply ? '' : JSON.stringify(answer),
        retryAfter: null,
      };
    } catch (error) {
      createErrorHandler((thrown) => this.#failed(thrown, path))(error as Error, {} as never, reply as never);
      return { status: reply.statusCode, text: reply.text, retryAfter: reply.retryAfter };
    }
  }

  #failed(error: unknown, what: string): void {
    const name = error instanceof Error ? error.name : 'unknown';
    if (name === 'StoreUnavailable') return this.#world.count('desk was told that the store is away');
    this.#world.truth.fail(
      'internal',
      `${this.name}, ${what}: ${error instanceof Error ? error.stack : String(error)}`,
    );
  }
}

/** As much of a reply as the routes and the error handler use. */
class Reply {
  statusCode = 200;
  text = '';
  retryAfter: string | null = null;
  header(name: string, value: string): this {
    if (name === 'retry-after') this.retryAfter = value;
    return this;
  }
  code(status: number): this {
    this.statusCode = status;
    return this;
  }
  status(status: number): this {
    return this.code(status);
  }
  type(): this {
    return this;
  }
  serializer(): this {
    return this;
  }
  send(body: unknown): this {
    this.text = body == null ? '' : JSON.stringify(body);
    return this;
  }
}
