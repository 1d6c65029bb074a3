import { paths, type CallbackBody, type Floor, type TurnResult } from '@parley/contracts';
import type { ApiProcess } from './api-process.ts';
import { ask } from './requests.ts';
import type { Rng } from './rng.ts';
import type { Process } from './scheduler.ts';
import { canaryOf } from './truth.ts';
import type { World } from './world.ts';

/**
 * A bot with its users: says their lines to the desk until they are taken, takes callbacks and drops what it has shown.
 * What it has shown and what it still has to say are on its disk.
 */
export class Bot implements Process {
  readonly name: string;
  readonly client: string;
  alive = true;
  pausedUntil = 0;
  /** How callbacks fail: before it shows anything, and after it with the answer lost. */
  faults = { before: 0, after: 0 };
  readonly talks: Talk[] = [];
  readonly #world: World;
  readonly #nodes: () => readonly ApiProcess[];
  readonly #chance: Rng;

  constructor(world: World, client: string, nodes: () => readonly ApiProcess[], chance: Rng, talks: number) {
    this.name = `${client}-bot`;
    this.client = client;
    this.#world = world;
    this.#nodes = nodes;
    this.#chance = chance;
    for (let n = 0; n < talks; n++) this.talks.push(new Talk(this, n));
    for (const talk of this.talks) this.#later(talk);
  }

  /** Whether everything it had to say has been taken. */
  get idle(): boolean {
    return this.talks.every((talk) => talk.errands.length === 0);
  }

  /** A callback has come. @returns the status, or undefined where no answer leaves */
  receive(body: CallbackBody): number | undefined {
    const world = this.#world;
    const chance = this.#chance;
    if (body.type === 'conversation.typing') return 202;
    const talk = this.talks.find((one) => one.place === body.conversation);
    if (!talk) return 404;
    if (chance.chance(this.faults.before)) {
      world.count('callback failed before the effect');
      return 500;
    }
    talk.id = body.id;
    for (const entry of body.entries) {
      if (entry.seq <= talk.shownSeq) {
        world.count('callback repeated');
        continue;
      }
      talk.shownSeq = entry.seq;
      world.truth.shown(body.id, entry);
      if (entry.kind === 'status' && entry.state === 'accepted' && chance.chance(0.3)) this.#announce(talk, entry.seq);
    }
    if (chance.chance(this.faults.after)) {
      world.count('callback failed after the effect');
      return undefined;
    }
    return 200;
  }

  #later(talk: Talk): void {
    this.#world.scheduler.plan(this.#world.idle(50 + this.#chance.below(1_800)), 'actor', () => {
      if (this.#world.winding) return;
      this.#act(talk);
      this.#later(talk);
    });
  }

  #act(talk: Talk): void {
    const draw = this.#chance.below(100);
    if (draw < 62) this.#turn(talk, 'user');
    else if (draw < 70) this.#turn(talk, 'bot');
    else if (draw < 84) this.#handoff(talk);
    else if (draw < 90 && talk.shownSeq > 0) this.#errand(talk, paths.botReceipts, { seenSeq: talk.shownSeq });
    else if (draw < 93 && talk.id !== undefined)
      this.#errand(talk, paths.botRatings, { id: this.#id('r'), score: 1 + this.#chance.below(5) });
    else if (draw < 96) this.#errand(talk, paths.botEndings, { id: this.#id('e'), reason: 'user-left' });
    else if (talk.id !== undefined) this.#errand(talk, paths.botSignals, { kind: 'typing' });
  }

  #turn(talk: Talk, speaker: 'user' | 'bot'): void {
    const id = this.#id(speaker[0] as string);
    const text = `${canaryOf(this.client)} ${speaker} ${id}`;
    this.#errand(talk, paths.botTurns, { turns: [{ ...talk.at, id, speaker, text, user: talk.user }] }, () => text);
  }

  /** The bot's own words about a status. */
  #announce(talk: Talk, announces: number): void {
    const id = this.#id('b');
    const text = `${canaryOf(this.client)} notice ${id}`;
    this.#errand(
      talk,
      paths.botTurns,
      { turns: [{ ...talk.at, id, speaker: 'bot', text, user: talk.user, announces }] },
      () => text,
    );
  }

  #handoff(talk: Talk): void {
    this.#world.count('handoff asked for');
    this.#errand(talk, paths.botHandoffs, {
      id: this.#id('h'),
      user: talk.user,
      packet: { reason: `${canaryOf(this.client)} asked for` },
      ...(this.#chance.chance(0.4) ? { queue: 'cards' } : {}),
    });
  }

  #errand(talk: Talk, path: string, body: object, text?: () => string): void {
    if (talk.errands.length > 30) return;
    talk.errands.push({ path, body: path === paths.botTurns ? body : { ...talk.at, ...body }, text: text?.() });
    if (!talk.busy) this.#send(talk, 0);
    // The channel hands the same activity over again, and the bot asks once more while the first is under way.
    if (text && this.#chance.chance(0.05)) {
      this.#world.count('activity redelivered');
      this.#world.scheduler.plan(this.#chance.below(3_000), 'actor', () =>
        ask(this.#world, this, this.#nodes(), this.#request(path, body), () => undefined),
      );
    }
  }

  #request(path: string, body: object) {
    const by = { kind: 'bot', client: this.client, id: `${this.client}-bot`, name: `${this.client} bot` } as const;
    return { by, method: 'POST', path, query: {}, body };
  }

  /** One at a time per talk, again and again until the desk has answered. */
  #send(talk: Talk, tries: number): void {
    const errand = talk.errands[0];
    talk.busy = errand !== undefined;
    if (!errand) return;
    const { scheduler, truth } = this.#world;
    let over = false;
    const again = () => {
      if (over) return;
      over = true;
      cancel();
      scheduler.timer(
        Math.min(3_000, 100 * 2 ** tries) * (0.5 + this.#chance.next()),
        () => this.#send(talk, tries + 1),
        this,
      );
    };
    const cancel = scheduler.timer(3_000, again, this);
    ask(this.#world, this, this.#nodes(), this.#request(errand.path, errand.body), (answer) => {
      if (over) return;
      if (answer === undefined || answer.status >= 500 || answer.status === 429 || answer.text.includes('"contention"'))
        return again();
      over = true;
      cancel();
      talk.errands.shift();
      if (answer.status === 200 && errand.path === paths.botTurns) {
        const [result] = (JSON.parse(answer.text) as { results: TurnResult[] }).results;
        const turn = (errand.body as { turns: { id: string; speaker: 'user' | 'bot' }[] }).turns[0];
        if (result && turn) {
          talk.id = result.conversation;
          if (result.outcome !== 'refused')
            truth.acknowledged(result.conversation, `${turn.speaker[0]}:${turn.id}`, errand.text ?? '');
          this.#world.count(`turn ${result.outcome}`);
          this.#floor(talk, result.floor, turn.speaker);
        }
      } else if (answer.status === 200) {
        const heard = JSON.parse(answer.text) as { conversation: string };
        talk.id = heard.conversation;
      }
      this.#send(talk, 0);
    });
  }

  /** The user spoke: the bot answers where it has the floor, and sometimes long after it was taken. */
  #floor(talk: Talk, floor: Floor, speaker: 'user' | 'bot'): void {
    if (speaker !== 'user' || floor === 'human' || this.#world.winding) return;
    const late = this.#chance.chance(0.2);
    this.#world.scheduler.plan(late ? 500 + this.#chance.below(4_000) : 20, 'actor', () => this.#turn(talk, 'bot'));
  }

  #id(prefix: string): string {
    return `${prefix}${this.#world.nextId()}`;
  }
}

/** One user's conversation, as the bot knows it. */
class Talk {
  readonly place: string;
  readonly at: { channel: string; conversation: string };
  readonly user: { id: string; name: string };
  /** Id at the desk, once known. */
  id: string | undefined;
  shownSeq = 0;
  errands: { path: string; body: object; text: string | undefined }[] = [];
  busy = false;

  constructor(bot: Bot, n: number) {
    this.place = `${bot.client}-talk-${n}`;
    this.at = { channel: 'directline', conversation: this.place };
    this.user = { id: `${canaryOf(bot.client)}user-${n % 2}`, name: `${canaryOf(bot.client)} user ${n}` };
  }
}
