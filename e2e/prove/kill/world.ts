import { setTimeout as pause } from 'node:timers/promises';
import { paths, type EntryPage } from '@parley/contracts';
import type { Person } from '@parley/sandbox';
import type { Random } from '../shared/random.ts';
import { consultants, supervisor, type Rig } from '../shared/rig.ts';
import { Consultant, Supervisor } from './consultant.ts';
import { Journal } from './journal.ts';
import type { Transcript } from './judge.ts';
import { User } from './user.ts';

/** Everybody who talks through one desk, each with a log of their own. */
export class World {
  readonly journal = new Journal();
  readonly #rig: Rig;
  readonly #users: User[];
  readonly #consultants: Consultant[];
  readonly #supervisor: Supervisor;

  constructor(rig: Rig, random: Random, users: number) {
    this.#rig = rig;
    this.#users = Array.from({ length: users }, (_, n) => new User(rig, this.journal, random.split(), `talk-${n}`));
    this.#consultants = consultants.map((person) => new Consultant(rig, person, this.journal, random.split()));
    this.#supervisor = new Supervisor(rig, this.journal);
    this.journal.onPlace = (id) => this.#supervisor.watch(id);
    const faults = random.split();
    // Now and then the bot's side cannot take a reply, so that lanes wait while the desk dies.
    rig.receiver.failing = () => faults.next() < 0.01;
  }

  start(): void {
    this.#supervisor.desk.start();
    for (const one of this.#consultants) one.start();
    for (const user of this.#users) user.start();
  }

  /** Nobody says anything new. @returns once everything said is acknowledged */
  async quiet(): Promise<void> {
    this.#rig.receiver.failing = () => false;
    await Promise.all(this.#users.map((user) => user.stop()));
    await Promise.all(this.#consultants.map((one) => one.stop()));
  }

  /** Waits until everything has reached everybody. @returns what has not */
  async settled(patienceMs: number): Promise<{ transcripts: Map<string, Transcript>; late: string[] }> {
    const end = performance.now() + patienceMs;
    for (;;) {
      const transcripts = await this.#transcripts();
      const late = this.#late(transcripts);
      if (late.length === 0 || performance.now() > end) return { transcripts, late };
      await pause(100);
    }
  }

  get screens() {
    return [this.#supervisor.screens, ...this.#consultants.map(({ screens }) => screens)];
  }

  async stop(): Promise<void> {
    await Promise.all([this.#supervisor, ...this.#consultants].map(({ desk }) => desk.stop()));
  }

  /** What is delivered, marked and shown too late, or not at all. */
  #late(transcripts: ReadonlyMap<string, Transcript>): string[] {
    const late: string[] = [];
    for (const [id, { conversation, entries }] of transcripts) {
      const { outSeq, deliveredSeq } = conversation.delivery;
      if (deliveredSeq < outSeq) late.push(`${id} is delivered up to ${deliveredSeq} of ${outSeq}`);
      if (this.#supervisor.open.has(id) && this.#supervisor.screens.now(id).length !== entries.length)
        late.push(
          `The supervisor's screen has ${this.#supervisor.screens.now(id).length} of ${entries.length} entries of ${id}`,
        );
      if (conversation.holder.state !== 'assigned') continue;
      const { id: who } = conversation.holder.consultant;
      const holder = this.#consultants.find((one) => one.id === who)!;
      const last = holder.screens.now(id).at(-1)?.seq ?? 0;
      if (last < entries.length) late.push(`The holder's screen of ${id} ends at ${last} of ${entries.length}`);
    }
    return late;
  }

  async #transcripts(): Promise<Map<string, Transcript>> {
    const found = new Map<string, Transcript>();
    for (const id of this.journal.places.keys()) {
      const entries: Transcript['entries'][number][] = [];
      for (;;) {
        const page = await this.#get<EntryPage>(supervisor, `${paths.entries(id)}?after=${entries.length}&limit=200`);
        entries.push(...page.entries);
        if (page.entries.length > 0 && entries.length < page.conversation.seq) continue;
        found.set(id, { conversation: page.conversation, entries });
        break;
      }
    }
    return found;
  }

  async #get<T>(person: Person, path: string): Promise<T> {
    const response = await fetch(this.#rig.url + path, {
      headers: { authorization: `Bearer ${await this.#rig.token(person)}` },
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }
}
