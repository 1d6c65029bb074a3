import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { entryId, paths, type Floor, type HandoffAnswer, type TurnResult, type TurnsAnswer } from '@parley/contracts';
import type { Random } from '../shared/random.ts';
import type { Rig } from '../shared/rig.ts';
import type { Journal } from './journal.ts';

const channel = 'directline';

/**
 * An end user and their bot, as the bot's side sees them: one line after the other, each sent again under its id until the
 * desk has it. Asks for a person, talks until the bot's side hears that it is over, and begins anew.
 */
export class User {
  readonly #rig: Rig;
  readonly #journal: Journal;
  readonly #random: Random;
  readonly #name: string;
  #talks = 0;
  #lines = 0;
  #stopping = false;
  #running: Promise<void> | undefined;

  constructor(rig: Rig, journal: Journal, random: Random, name: string) {
    this.#rig = rig;
    this.#journal = journal;
    this.#random = random;
    this.#name = name;
  }

  start(): void {
    this.#running ??= this.#live();
  }

  /** Says nothing new. @returns once the last line is acknowledged */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  async #live(): Promise<void> {
    while (!this.#stopping) await this.#talk(`${this.#name}-${++this.#talks}`);
  }

  async #talk(place: string): Promise<void> {
    let floor: Floor = 'bot';
    for (let line = this.#random.whole(1, 2); line > 0 && !this.#stopping; line--) {
      const said = await this.#say(place, ['user', 'bot']);
      floor = said.floor;
    }
    if (this.#stopping) return;
    const { conversation } = await this.#handOff(place);
    floor = 'human';
    while (!this.#stopping && floor === 'human') {
      await pause(this.#random.whole(0, 40));
      if (this.#stopping) return;
      // A bot that does not know that a person has the floor: the desk has to keep it from the user.
      const speakers = this.#random.next() < 0.1 ? (['bot'] as const) : (['user'] as const);
      floor = (await this.#say(place, speakers)).floor;
      if (this.#over(conversation)) break;
    }
  }

  /** Whether the bot's side was told that the person is done. */
  #over(conversation: string): boolean {
    const last = this.#rig.receiver.of(conversation).at(-1)?.entry;
    return last?.kind === 'status' && last.state === 'completed';
  }

  async #say(place: string, speakers: readonly ('user' | 'bot')[]): Promise<TurnResult> {
    const turns = speakers.map((speaker) => ({
      channel,
      conversation: place,
      id: randomUUID(),
      speaker,
      text: `${speaker} ${place} ${++this.#lines}`,
      user: { id: `dl_${place}`, name: 'Jonas Weber' },
    }));
    const { results } = await this.#post<TurnsAnswer>(paths.botTurns, { turns });
    for (const [n, { id, conversation, outcome, seq }] of results.entries()) {
      const { speaker, text } = turns[n]!;
      this.#journal.place(conversation, place);
      if (outcome === 'refused' || seq === undefined) throw new Error(`A line of ${place} was refused`);
      if (outcome === 'suppressed') this.#journal.suppressed += 1;
      this.#journal.note({ conversation, sender: speaker, id: entryId(speaker, id), seq, text });
    }
    return results.at(-1)!;
  }

  #handOff(place: string): Promise<HandoffAnswer> {
    return this.#post<HandoffAnswer>(paths.botHandoffs, {
      channel,
      conversation: place,
      id: randomUUID(),
      user: { id: `dl_${place}`, name: 'Jonas Weber' },
      queue: this.#random.pick(['cards', 'payments', 'general']),
      packet: { reason: 'Asked for a person' },
    });
  }

  /** Tries until there is an answer. */
  async #post<T>(path: string, body: object): Promise<T> {
    for (;;) {
      const answer = await fetch(this.#rig.url + path, {
        method: 'POST',
        headers: { authorization: `Bearer ${await this.#rig.botToken()}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(5_000),
      })
        .then(
          async (response) => ({ status: response.status, text: await response.text() }),
          () => undefined,
        )
        .catch(() => undefined);
      if (answer?.status === 200) return JSON.parse(answer.text) as T;
      if (answer && answer.status < 500 && answer.status !== 429)
        throw new Error(`${path} answered ${answer.status} ${answer.text.slice(0, 300)}`);
      this.#journal.repeated += 1;
      await pause(this.#random.whole(30, 90));
    }
  }
}
