import type { HubData, MakeHub } from '@parley/api/parts';
import type { Connect, Connection } from '@parley/client';
import type { ApiProcess } from './api-process.ts';
import type { Process } from './scheduler.ts';
import type { World } from './world.ts';

/** One open line between a screen and the hub of a process. Each end learns of the other's end by a packet, or late. */
export type Wire = {
  id: string;
  screen: Process;
  data: HubData;
  groups: Set<string>;
  /** Whether the hub's end is open. */
  open: boolean;
  connected: Promise<void>;
  hear(event: string, payload: unknown): void;
  /** Tells the screen that the line is gone. */
  dropped(): void;
  /** When the last packet to the screen arrives: the next one comes behind it. */
  lastAt: number;
};

/** What can happen to a push on its way; chances. */
export type PushFaults = { drop: number; double: number; late: number };

type Definition = Parameters<MakeHub>[0];
type Context = Parameters<NonNullable<Definition['onConnected']>>[0];

/** The hub of one process over simulated lines: groups and order as SignalR has them, without its protocol. */
export class SimHub {
  readonly make: MakeHub;
  faults: PushFaults = { drop: 0, double: 0, late: 0 };
  readonly #world: World;
  readonly #node: Process;
  readonly #wires = new Map<string, Wire>();
  #definition: Definition = {};

  constructor(world: World, node: Process) {
    this.#world = world;
    this.#node = node;
    this.make = (definition) => {
      this.#definition = definition;
      return this.#hub() as ReturnType<MakeHub>;
    };
  }

  get wires(): Iterable<Wire> {
    return this.#wires.values();
  }

  accept(wire: Wire): void {
    wire.open = true;
    this.#wires.set(wire.id, wire);
    wire.connected = Promise.resolve(this.#definition.onConnected?.(this.#context(wire))).then(
      () => undefined,
      () => {
        this.hangUp(wire);
        this.#world.net.send({ from: this.#node, to: wire.screen, arrive: () => wire.dropped() });
      },
    );
  }

  async call(wire: Wire, method: string, args: unknown[]): Promise<unknown> {
    await wire.connected;
    const run = this.#definition.methods?.[method as 'watch'];
    if (!run || !wire.open) throw new Error('The connection is closed.');
    return run(this.#context(wire), ...(args as [string]));
  }

  /** Ends the hub's end of a line. */
  hangUp(wire: Wire): void {
    if (!this.#wires.delete(wire.id)) return;
    wire.open = false;
    wire.groups.clear();
    void wire.connected.then(() => this.#definition.onDisconnected?.(this.#context(wire)));
  }

  #context(wire: Wire): Context {
    const groups = {
      add: (group: string) => wire.open && wire.groups.add(group) !== undefined,
      remove: (group: string) => wire.groups.delete(group),
      has: (group: string) => wire.groups.has(group),
    };
    return { connectionId: wire.id, user: { id: wire.data.person.id }, data: wire.data, groups } as unknown as Context;
  }

  #hub() {
    const to = (chosen: () => Iterable<Wire>) => ({
      send: (event: string, payload: unknown) => {
        let text: string | undefined;
        for (const wire of chosen()) {
          text ??= isText(payload) ? String(payload) : JSON.stringify(payload);
          this.#push(wire, event, text);
        }
      },
    });
    const group = (names: readonly string[], without: readonly string[] = [], exceptGroups: readonly string[] = []) =>
      to(() =>
        [...this.#wires.values()].filter(
          (wire) =>
            names.some((name) => wire.groups.has(name)) &&
            !without.includes(wire.id) &&
            !exceptGroups.some((name) => wire.groups.has(name)),
        ),
      );
    return {
      clients: {
        client: (id: string) =>
          to(() => {
            const wire = this.#wires.get(id);
            return wire ? [wire] : [];
          }),
        group: (name: string, { except = [] }: { except?: readonly string[] } = {}) => group([name], except),
        groups: (names: readonly string[], { exceptGroup = [] }: { exceptGroup?: string | readonly string[] } = {}) =>
          group(names, [], typeof exceptGroup === 'string' ? [exceptGroup] : exceptGroup),
        get all() {
          return to(() => []);
        },
      },
      groups: {
        add: async (id: string, name: string) => this.#wires.get(id)?.groups.add(name) !== undefined,
        remove: async (id: string, name: string) => this.#wires.get(id)?.groups.delete(name) ?? false,
      },
    };
  }

  #push(wire: Wire, event: string, text: string): void {
    const { truth, chance, net, scheduler } = this.#world;
    truth.crossing(wire.data.client, text, `a push of ${event}`);
    const { drop, double, late } = this.faults;
    if (drop > 0 && chance.chance(drop)) return this.#world.count('push lost');
    const arrive = () => {
      if (!wire.open && !this.#node.alive) return;
      scheduler.note(() => `  ${wire.screen.name} hears ${event} ${text.slice(0, 60)}`);
      wire.hear(event, JSON.parse(text));
    };
    const packet = { from: this.#node, to: wire.screen, arrive };
    if (late > 0 && chance.chance(late)) {
      this.#world.count('push out of order');
      net.send(packet, scheduler.time + chance.below(3_000));
    } else wire.lastAt = net.send(packet, wire.lastAt);
    if (double > 0 && chance.chance(double)) {
      this.#world.count('push doubled');
      net.send(packet, scheduler.time + chance.below(1_000));
    }
  }
}

/** Gives a screen its connections: to any process that is up, and over for good once the line is lost. */
export function dialler(
  world: World,
  screen: Process & { data: HubData },
  nodes: () => readonly ApiProcess[],
): Connect {
  return () => {
    const { net, scheduler, chance } = world;
    const hearers = new Map<string, (payload: never) => void>();
    const closed: (() => void)[] = [];
    const waiting = new Set<(error: Error) => void>();
    let state = 'Disconnected';
    let wire: (Wire & { node: ApiProcess }) | undefined;

    const timer = (ms: number, run: () => void) => scheduler.timer(ms, run, screen);
    const abandon = (left: NonNullable<typeof wire>) => {
      const hangUp = () => left.node.hub.hangUp(left);
      if (net.state(screen.name, left.node.name) === 'up') net.send({ from: screen, to: left.node, arrive: hangUp });
      // The farewell is lost: the hub notices by itself that nothing comes any more.
      else scheduler.plan(30_000, 'timer', hangUp, left.node);
    };
    const failCalls = () => {
      for (const fail of waiting) fail(new Error('The connection was lost.'));
      waiting.clear();
    };

    function dial(): Promise<void> {
      return new Promise((resolve, reject) => {
        const up = nodes().filter((node) => node.serving);
        const node = up.length > 0 && chance.chance(0.95) ? chance.pick(up) : chance.pick(nodes());
        let over = false;
        const fail = (why: string) => {
          if (over) return;
          over = true;
          cancel();
          // The hub may have opened its end all the same, and then notices that nothing comes.
          scheduler.plan(30_000, 'timer', () => node.hub.hangUp(made), node);
          reject(new Error(why));
        };
        const cancel = timer(5_000, () => fail('No answer.'));
        const made: Wire & { node: ApiProcess } = {
          id: `w${world.nextId()}`,
          node,
          screen,
          data: screen.data,
          groups: new Set(),
          open: false,
          connected: Promise.resolve(),
          lastAt: 0,
          hear: (event, payload) => {
            if (wire === made) hearers.get(event)?.(payload as never);
          },
          dropped: () => {
            if (wire === made) lost();
            else fail('Refused.');
          },
        };
        net.send({
          from: screen,
          to: node,
          refused: () => fail('Refused.'),
          arrive: () => {
            if (!screen.alive) return;
            if (!node.serving) return void net.send({ from: node, to: screen, arrive: () => fail('Refused.') });
            node.hub.accept(made);
            made.lastAt = net.send({
              from: node,
              to: screen,
              arrive: () => {
                if (over) return abandon(made);
                over = true;
                cancel();
                wire = made;
                resolve();
              },
            });
          },
        });
      });
    }

    function lost(): void {
      const left = wire;
      wire = undefined;
      if (left) abandon(left);
      failCalls();
      if (state !== 'Connected') return;
      world.count('line lost');
      state = 'Disconnected';
      for (const tell of closed) tell();
    }

    function hangUp(): void {
      const left = wire;
      wire = undefined;
      if (left) abandon(left);
    }

    return {
      get state() {
        return state;
      },
      async start() {
        state = 'Connecting';
        try {
          await dial();
        } catch (error) {
          state = 'Disconnected';
          throw error;
        }
        if (state !== 'Connecting') {
          hangUp();
          throw new Error('Stopped.');
        }
        state = 'Connected';
      },
      async stop() {
        const was = state;
        state = 'Disconnected';
        hangUp();
        failCalls();
        if (was === 'Connected') for (const tell of closed) tell();
      },
      on: (event, hear) => void hearers.set(event, hear),
      invoke<T>(method: string, ...args: unknown[]): Promise<T> {
        return new Promise((resolve, reject) => {
          const mine = wire;
          if (!mine) return reject(new Error('Not connected.'));
          waiting.add(reject);
          const answer = (settle: () => void) => {
            mine.lastAt = net.send(
              { from: mine.node, to: screen, arrive: () => waiting.delete(reject) && settle() },
              mine.lastAt,
            );
          };
          net.send({
            from: screen,
            to: mine.node,
            refused: () => lost(),
            arrive: () =>
              void mine.node.hub.call(mine, method, args).then(
                (result) => answer(() => resolve(result as T)),
                (error: unknown) => answer(() => reject(error)),
              ),
          });
        });
      },
      onclose: (run) => void closed.push(run),
    } satisfies Connection;
  };
}

function isText(payload: unknown): boolean {
  return typeof payload === 'object' && payload !== null && payload.constructor.name === 'JsonText';
}
