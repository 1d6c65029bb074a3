import type { Callback } from '@parley/api/parts';
import type { CallbackBody } from '@parley/contracts';
import { ApiProcess } from './api-process.ts';
import { Bot } from './bot.ts';
import { clients, personId } from './clients.ts';
import { Disk } from './disk.ts';
import { Rng } from './rng.ts';
import { Screen } from './screen.ts';
import { clientIds } from './truth.ts';
import type { PushFaults } from './wire.ts';
import { World } from './world.ts';

/** A desk with all around it: processes, their store, screens, bots and users. */
export class DeskWorld extends World {
  readonly disk: Disk;
  readonly nodes: ApiProcess[] = [];
  readonly bots: Bot[];
  readonly screens: Screen[] = [];
  pushFaults: PushFaults = { drop: 0, double: 0, late: 0 };
  readonly #clocks = new Map<string, number>();
  #lives = 0;

  constructor(seed: number) {
    super(seed);
    const { plan } = this;
    this.disk = new Disk(this, plan.chance(0.25));
    this.net.slowest = plan.pick([5, 20, 20, 80, 400]);
    this.disk.slowest = plan.pick([2, 4, 30]);
    const nodes = () => this.nodes;
    const count = plan.pick([1, 2, 2, 3]);
    this.oneRouter = count === 1;
    this.count(count === 1 ? 'one process' : 'several processes');
    for (let n = 0; n < count; n++) this.#names.push(`api-${n}`);
    this.bots = clientIds.map(
      (id, n) => new Bot(this, id, nodes, new Rng(seed, 20 + n), n === 0 ? plan.between(1, 4) : 1),
    );
  }

  readonly #names: string[] = [];

  /** Processes start, people sign in. */
  async open(): Promise<void> {
    await this.disk.start(clientIds);
    for (const name of this.#names) this.startNode(name);
    const { plan } = this;
    const people = [plan.between(1, 3), 1];
    for (const [c, client] of clientIds.entries()) {
      for (let n = 0; n < (people[c] ?? 1); n++) this.#signIn(c, client, n, ['Consultant']);
      if (c === 0 && plan.chance(0.3)) this.#signIn(c, client, 9, ['Supervisor']);
      // The same person once more, on another machine.
      if (c === 0 && plan.chance(0.2)) this.#signIn(c, client, 0, ['Consultant']);
    }
  }

  startNode(name: string): void {
    const salt = 100 + this.#lives++;
    const node = new ApiProcess(this, {
      name,
      salt,
      clock: this.#clocks.get(name) ?? 0,
      disk: this.disk,
      clients,
      callback: (from) => this.#callback(from),
    });
    node.hub.faults = this.pushFaults;
    const at = this.nodes.findIndex((one) => one.name === name);
    if (at < 0) this.nodes.push(node);
    else this.nodes[at] = node;
    this.scheduler.note(() => `  ${name} starts`);
  }

  /** Dies as by kill -9: what it waited for never comes, and most of those who wait for it learn it soon. */
  kill(node: ApiProcess): void {
    if (!node.alive) return;
    this.scheduler.note(() => `  ${node.name} dies`);
    node.alive = false;
    node.serving = false;
    for (const broken of node.asked) if (this.plan.chance(0.7)) this.scheduler.plan(this.net.delay(), 'net', broken);
    for (const wire of node.hub.wires)
      if (this.plan.chance(0.8)) this.scheduler.plan(this.net.delay(), 'net', () => wire.dropped(), wire.screen);
    for (const known of this.truth.known.values()) known.flying = known.flying.filter((one) => one.node !== node.name);
  }

  /** What keeps a process from its beat until then lets others take it for dead, also a while later. */
  disturb(nodes: readonly ApiProcess[], until: number): void {
    for (const { name } of nodes) this.disturbed.set(name, Math.max(this.disturbed.get(name) ?? 0, until + 60_000));
  }

  stepClock(node: ApiProcess, ms: number): void {
    node.clock += ms;
    this.#clocks.set(node.name, node.clock);
  }

  #signIn(c: number, client: string, n: number, roles: ('Consultant' | 'Supervisor')[]): void {
    const name = n === 9 ? 'boss' : (['ana', 'lukas', 'mei'][n] ?? `p${n}`);
    const salt = this.screens.length + 1;
    this.screens.push(
      new Screen(
        this,
        { kind: 'person', client, id: personId(c, n), name: `${client}-${name}`, roles },
        () => this.nodes,
        salt,
        new Rng(this.seed, 40 + salt),
      ),
    );
  }

  /** The way of callbacks from one process to the bots. */
  #callback(node: ApiProcess): Callback {
    return ({ url, body: text, timeoutMs }) => {
      const client = url.slice(url.lastIndexOf('/') + 1);
      const bot = this.bots.find((one) => one.client === client);
      if (!bot) return Promise.reject(new Error('no such bot'));
      const { net, scheduler, truth } = this;
      truth.crossing(client, text, 'a callback');
      const body = JSON.parse(text) as CallbackBody;
      const landed =
        body.type === 'conversation.entries'
          ? truth.sending(
              body.id,
              node.name,
              body.entries.map(({ seq }) => seq),
            )
          : () => undefined;
      return new Promise((resolve, reject) => {
        let over = false;
        const finish = (settle: () => void) => {
          if (over) return;
          over = true;
          cancel();
          landed();
          settle();
        };
        const broken = () => finish(() => reject(new Error('the connection broke')));
        const cancel = scheduler.timer(timeoutMs, () => finish(() => reject(new Error('no answer in time'))), node);
        const arrive = () => {
          scheduler.note(() => `  ${bot.name} gets ${text.slice(0, 200)} of ${node.name}`);
          const status = bot.receive(body);
          if (status === undefined) net.send({ from: bot, to: node, arrive: broken });
          else net.send({ from: bot, to: node, arrive: () => finish(() => resolve({ status })) });
        };
        net.send({ from: node, to: bot, arrive, refused: broken });
        if (this.callbackDouble > 0 && this.chance.chance(this.callbackDouble)) {
          this.count('callback doubled');
          net.send(
            { from: node, to: bot, arrive: () => void bot.receive(body) },
            scheduler.time + this.chance.below(5_000),
          );
        }
      });
    };
  }

  /** Chance that a callback comes twice, the second time later. */
  callbackDouble = 0;
}
