import { createDesk, memoryStorage, select, viewerOf, type Desk } from '@parley/client';
import type { CommandAnswer, Conversation } from '@parley/contracts';
import type { ApiProcess, Principal } from './api-process.ts';
import { ask } from './requests.ts';
import type { Rng } from './rng.ts';
import type { Process } from './scheduler.ts';
import { canaryOf } from './truth.ts';
import type { HubData } from '@parley/api/parts';
import { dialler } from './wire.ts';
import type { World } from './world.ts';

type Person = Extract<Principal, { kind: 'person' }>;

/** A person in front of a browser: the real client of the desk, and somebody who clicks. */
export class Screen implements Process {
  readonly name: string;
  readonly person: Person;
  alive = true;
  pausedUntil = 0;
  clock = 0;
  desk: Desk;
  /** What was sent through the outbox, by conversation, in order. */
  readonly sent = new Map<string, { id: string; text: string }[]>();
  readonly #world: World;
  readonly #nodes: () => readonly ApiProcess[];
  readonly #storage = memoryStorage();
  readonly #chance: Rng;
  readonly #open = new Map<string, () => void>();
  /** Floors this person saw, to speak under when they have passed. */
  readonly #floors = new Map<string, number>();
  #page: Page;
  #said = 0;
  #salt: number;

  constructor(world: World, person: Person, nodes: () => readonly ApiProcess[], salt: number, chance: Rng) {
    this.name = `${person.client}-${person.name}-${salt}`;
    this.person = person;
    this.#world = world;
    this.#nodes = nodes;
    this.#chance = chance;
    this.#salt = salt;
    [this.#page, this.desk] = this.#load();
    this.#later();
  }

  get data(): HubData {
    return {
      client: this.person.client,
      person: { id: this.person.id, name: this.person.name },
      roles: this.person.roles,
    };
  }

  get open(): Iterable<string> {
    return this.#open.keys();
  }

  /** Ids in one of the lists on screen. */
  list(view: 'waiting' | 'mine'): Conversation[] {
    const viewer = viewerOf(this.desk.session.getSnapshot().session);
    return viewer === undefined ? [] : select(this.desk.lists.state.getSnapshot().heads, view, viewer);
  }

  /** The page goes without a farewell and comes again with what was on the disk of the browser. */
  reload(): void {
    this.#world.count('page reloaded');
    this.leave();
    [this.#page, this.desk] = this.#load();
  }

  /** The page is gone, without a farewell. */
  leave(): void {
    const left = this.#page;
    left.alive = false;
    this.#open.clear();
    for (const node of this.#nodes())
      for (const wire of node.hub.wires)
        if (wire.screen === left) {
          const arrive = () => node.hub.hangUp(wire);
          this.#world.net.send({ from: left, to: node, arrive });
          // Where that is lost, the hub notices by itself that nothing comes any more.
          this.#world.scheduler.plan(30_000, 'timer', arrive, node);
        }
  }

  sleep(ms: number): void {
    this.#page.pausedUntil = this.#world.scheduler.time + ms;
    this.#world.scheduler.plan(ms + 1, 'actor', () => this.desk.wake(), this.#page);
  }

  step(ms: number): void {
    this.#page.clock += ms;
  }

  #load(): [Page, Desk] {
    const world = this.#world;
    const page = new Page(this.name, this.data, this.#page?.clock ?? 0);
    const desk = createDesk({
      url: '',
      token: async () => 't',
      host: world.hostOf(page, 1_000 * this.#salt + this.#said),
      connect: dialler(world, page, this.#nodes),
      fetch: ((url: string, init: RequestInit) => this.#fetch(page, url, init)) as unknown as typeof fetch,
      storage: this.#storage,
      backOff: { first: 200, cap: 3_000 },
      timeout: 4_000,
      silence: 20_000,
    });
    desk.start();
    return [page, desk];
  }

  #fetch(page: Page, url: string, init: RequestInit): Promise<Response> {
    const [path = '', search = ''] = url.split('?');
    const query: Record<string, unknown> = {};
    for (const [name, value] of search === '' ? [] : new URLSearchParams(search))
      query[name] = name === 'limit' || name === 'after' || name === 'before' ? Number(value) : value;
    const body = init.body == null ? undefined : JSON.parse(init.body as string);
    return new Promise((resolve, reject) => {
      let over = false;
      const fail = () => {
        if (over) return;
        over = true;
        reject(new Error('The connection broke.'));
      };
      init.signal?.addEventListener('abort', fail);
      ask(
        this.#world,
        page,
        this.#nodes(),
        { by: this.person, method: init.method ?? 'GET', path, query, body },
        (it) => {
          if (it === undefined) return fail();
          if (over) return;
          over = true;
          init.signal?.removeEventListener('abort', fail);
          if (it.status === 200 && init.method === 'POST') this.#acknowledged(path, body, JSON.parse(it.text));
          resolve({
            ok: it.status < 300,
            status: it.status,
            headers: { get: (name: string) => (name === 'retry-after' ? it.retryAfter : null) },
            text: async () => it.text,
          } as unknown as Response);
        },
      );
    });
  }

  #acknowledged(path: string, body: { id: string; text?: string }, answer: CommandAnswer): void {
    const { truth } = this.#world;
    const [, , , id = '', command] = path.split('/');
    if (answer.repeated) this.#world.count('answered as repeated');
    if (command === 'claim') {
      this.#world.count('claim won');
      truth.claimed(
        id,
        this.person.id,
        answer.entries.find((entry) => entry.kind === 'accepted'),
      );
    }
    truth.acknowledged(id, `p:${body.id}`, body.text ?? '');
  }

  #later(): void {
    const chance = this.#chance;
    this.#world.scheduler.plan(this.#world.idle(100 + chance.below(1_000)), 'actor', () => {
      if (!this.#world.winding) {
        this.#act();
        this.#later();
      }
    });
  }

  #act(): void {
    const chance = this.#chance;
    const { desk } = this;
    const session = desk.session.getSnapshot().session;
    if (session === undefined || this.#page.pausedUntil > this.#world.scheduler.time) return;
    if (session.presence.state !== 'available' && chance.chance(0.6)) return this.#choose('available');
    const mine = this.list('mine');
    const waiting = this.list('waiting');
    const offered = waiting.find(({ holder }) => holder.state === 'queued' && holder.offer?.to.id === this.person.id);
    if (offered && chance.chance(0.7)) {
      if (chance.chance(0.2)) return this.#do(offered.id, 'decline', { reason: 'busy' });
      return this.#do(offered.id, 'claim', {});
    }
    const draw = chance.below(100);
    if (draw < 12 && waiting.length > 0) return this.#do(chance.pick(waiting).id, 'claim', {});
    if (draw < 15) return this.#choose(chance.pick(['available', 'available', 'away']));
    if (draw < 19 && this.#floors.size > 0) return this.#sayLate();
    if (draw < 22 && this.#open.size > 0) return this.#shut(chance.pick([...this.#open.keys()]));
    if (draw < 30 && waiting.length > 0) return this.#look(chance.pick(waiting).id);
    const one = mine.length > 0 ? chance.pick(mine) : undefined;
    if (!one) return;
    this.#look(one.id);
    const { log } = desk.conversation(one.id).getSnapshot();
    if (!log) return;
    this.#floors.set(one.id, log.head.epoch);
    if (draw < 68) {
      for (let n = chance.chance(0.3) ? 3 : 1; n > 0; n--) this.#say(one.id, 'reply', log.head.epoch);
    } else if (draw < 74) this.#say(one.id, 'note', log.head.epoch);
    else if (draw < 78) desk.drafts.set(one.id, { text: `${canaryOf(this.person.client)} half a`, mode: 'reply' });
    else if (draw < 82) this.#transfer(one.id);
    else if (draw < 90) this.#do(one.id, 'return', { packet: { outcome: 'resolved' } });
    else if (draw < 94) this.#do(one.id, 'close', { outcome: 'resolved' });
    else desk.typing(one.id);
  }

  #transfer(id: string): void {
    const people = [...this.desk.people.getSnapshot().values()].filter(({ person }) => person.id !== this.person.id);
    const to =
      people.length > 0 && this.#chance.chance(0.5)
        ? { person: this.#chance.pick(people).person.id }
        : { queue: this.#chance.pick(['general', 'cards']) };
    this.#do(id, 'transfer', { to, comment: `${canaryOf(this.person.client)} please` });
  }

  #choose(state: 'available' | 'away'): void {
    void this.desk.setPresence(state).catch(() => undefined);
  }

  #do(id: string, name: 'claim' | 'decline' | 'transfer' | 'return' | 'close', body: object): void {
    this.#look(id);
    this.desk.command(id, name, body as never).catch((error: { code?: string }) => {
      this.#world.count(error.code === 'already-held' ? 'claim lost' : 'command refused');
    });
  }

  #sayLate(): void {
    const [id, epoch] = this.#chance.pick([...this.#floors]);
    this.#say(id, 'reply', epoch);
  }

  #say(conversation: string, kind: 'reply' | 'note', epoch: number): void {
    const text = `under ${epoch} ${canaryOf(this.person.client)} ${this.name} ${this.#said++}`;
    const said = kind === 'reply' ? text : text.replace(/^under \d+/, 'noted');
    const id = this.desk.outbox.send({ conversation, kind, text: said, epoch });
    const before = this.sent.get(conversation) ?? [];
    this.sent.set(conversation, [...before, { id, text: said }]);
  }

  #look(id: string): void {
    if (this.#open.has(id)) return;
    if (this.#open.size >= 4) this.#shut([...this.#open.keys()][0] as string);
    const page = this.#page;
    const shown = this.desk.conversation(id);
    const look = () => {
      const { log } = shown.getSnapshot();
      if (page.alive && log) this.#world.truth.screen(this.name, this.person.client, id, log.entries, log.head);
    };
    const forget = shown.subscribe(look);
    const release = this.desk.open(id);
    look();
    this.#open.set(id, () => {
      forget();
      release();
    });
  }

  #shut(id: string): void {
    this.#open.get(id)?.();
    this.#open.delete(id);
  }
}

/** One life of a page. */
class Page implements Process {
  readonly name: string;
  readonly data: HubData;
  alive = true;
  pausedUntil = 0;
  clock: number;

  constructor(name: string, data: HubData, clock: number) {
    this.name = name;
    this.data = data;
    this.clock = clock;
  }
}
