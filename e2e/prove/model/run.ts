import { isOutbound, paths, type EntryPage } from '@parley/contracts';
import { until } from '../cache/screen.ts';
import { Place } from './model.ts';
import { names, people, type ClientName, type Name, type World } from './world.ts';

/** Something that was asked for and done, to be asked for again. */
export type Asked =
  | { place: Place; id: string; speaker: 'user' | 'bot'; text: string; outcome: 'stored' | 'suppressed' }
  | { place: Place; id: string; by: Name; command: string; body: object };

/** One run of commands: the model of it, in places nobody has spoken in before. */
export class Run {
  readonly world: World;
  readonly counts: Map<string, number>;
  readonly places: readonly Place[];
  readonly asked: Asked[] = [];
  /** Model time in ms: what was let pass. */
  now = 0;
  /** People whose absence the desk may have noticed, since time has passed. */
  gone = new Set<Name>();
  #n = 0;

  constructor(world: World, counts: Map<string, number>, name: string) {
    this.world = world;
    this.counts = counts;
    // The first two have one name: two clients, one channel conversation, and nothing in common.
    this.places = [
      new Place('contoso', `${name}-a`),
      new Place('fabrikam', `${name}-a`),
      new Place('contoso', `${name}-b`),
    ];
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  place(n: number): Place {
    return this.places[n % this.places.length]!;
  }

  /** Words that nobody else says, and that must not be found with another client. */
  words({ client }: Place): string {
    return `${canary(client)} ${(this.#n += 1)}`;
  }

  load(name: Name): number {
    return this.places.filter(({ holder }) => holder === name).length;
  }

  /** Waits until the desk has done what follows from the last command, and holds its logs against the model. */
  async settle(): Promise<void> {
    await this.world.desk.api.desks.idle();
    for (const place of this.places) if (place.id !== undefined) await this.#compare(place, place.id);
  }

  async #compare(place: Place, id: string): Promise<void> {
    const reader = this.world.as(supervisor(place.client));
    for (let tries = 0; ; tries += 1) {
      const page = await reader.get<EntryPage>(`${paths.entries(id)}?after=${place.log.length}&limit=200`);
      if (page.status !== 200) throw new Error(`the log of ${place.channel} answers ${page.status}`);
      const { entries, conversation } = page.body;
      const wrong = place.take(entries, this.world.refs, this.now, this.gone);
      for (const entry of entries) this.count(`entry ${entry.kind}`);
      if (wrong.length > 0) throw new Error(wrong.join('\n'));
      const { holder, epoch, seq } = conversation;
      // The head is read before the entries, and the desk may act by itself in between.
      if (seq !== place.log.length && tries < 20) continue;
      const at = holder.state === 'assigned' ? this.world.refs.get(place.holder!)?.id === holder.consultant.id : true;
      if (holder.state !== place.state || epoch !== place.epoch || seq !== place.log.length || !at)
        throw new Error(`the head says ${JSON.stringify({ holder, epoch, seq })}, the log makes it ${place.state}`);
      break;
    }
    const where = place.said.map(({ id: said, text }) => {
      const at = place.log.findIndex((entry) => own(entry.id) === said);
      if (at < 0) throw new Error(`"${text}" was acknowledged and is not there`);
      const entry = place.log[at]!;
      if (!('text' in entry) || entry.text !== text) throw new Error(`"${text}" is there in other words`);
      return at;
    });
    if (where.some((at, index) => index > 0 && at <= where[index - 1]!))
      throw new Error('what was said one after the other is there in another order');
  }

  /** What must hold at the end: nobody waits for ever, bots heard everything in order, and nobody heard another's. */
  async end(abandon: boolean): Promise<void> {
    if (abandon) {
      this.count('abandoned');
      await this.everybodyAway();
      for (const ms of [613_000, 911_000, 911_000]) await this.passes(ms);
      const limbo = this.places.find(({ state }) => state === 'queued');
      if (limbo) throw new Error(`nobody came to ${limbo.channel}, and it waits still`);
    }
    for (const place of this.places) {
      if (place.id === undefined) continue;
      const expected = place.log.filter(isOutbound).map(({ seq }) => seq);
      const heard = () => (this.world.heard.get(place.id!) ?? []).map(({ seq }) => seq);
      await until(
        () => heard().length >= expected.length,
        () => `the bot heard ${heard().join()} of ${expected.join()}`,
        10_000,
      );
      if (heard().join() !== expected.join())
        throw new Error(`the bot heard ${heard().join()}, not ${expected.join()}`);
      for (const how of place.endings) this.count(`ended ${how}`);
    }
    this.#lookForCanaries();
  }

  /** Lets time pass; what is overdue must be done then. */
  async passes(ms: number): Promise<void> {
    this.now += ms;
    this.gone = new Set(names);
    await this.world.desk.advance(ms);
    await this.settle();
    for (const place of this.places) {
      if (place.state === 'queued' && this.now > place.deadline() + 5_000)
        throw new Error(`${place.channel} waits beyond its deadline`);
      if (place.offeredTo !== undefined && this.now - place.offeredAt > 50_000)
        throw new Error(`${place.offeredTo} has had the offer for too long`);
    }
  }

  async everybodyAway(): Promise<void> {
    for (const name of names) await this.world.as(name).call('PUT', paths.presence, { state: 'away' });
  }

  /** Leaves nothing behind that the next run could meet. */
  async tidy(): Promise<void> {
    await this.everybodyAway();
    for (const { id, client } of this.places)
      if (id !== undefined) await this.world.as(supervisor(client)).command(id, 'close', { outcome: 'resolved' });
    this.world.bodies.contoso.length = 0;
    this.world.bodies.fabrikam.length = 0;
  }

  #lookForCanaries(): void {
    for (const client of ['contoso', 'fabrikam'] as const) {
      const foreign = canary(client === 'contoso' ? 'fabrikam' : 'contoso');
      if (this.world.bodies[client].some((body) => body.includes(foreign)))
        throw new Error(`the bot of ${client} heard a word of the other client`);
      for (const [name, { screen }] of this.world.screens) {
        if (people[name].client !== client) continue;
        const seen = [
          ...screen.desk.lists.state.getSnapshot().heads.values(),
          ...this.places.flatMap(({ id }) => (id === undefined ? [] : [screen.desk.conversation(id).getSnapshot()])),
        ];
        if (JSON.stringify(seen).includes(foreign)) throw new Error(`${name} sees a word of the other client`);
        this.count('canary looked for');
      }
    }
  }
}

export function supervisor(client: ClientName): Name {
  return client === 'contoso' ? 'marta' : 'ines';
}

/** The id of an entry without who gave it. */
export function own(id: string): string {
  return id.slice(id.indexOf(':') + 1);
}

function canary(client: ClientName): string {
  return `canary-of-${client}`;
}
