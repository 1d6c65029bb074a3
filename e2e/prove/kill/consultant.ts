import { setTimeout as pause } from 'node:timers/promises';
import { createDesk, select, viewerOf, type Desk } from '@parley/client';
import { entryId, type CommandAnswer, type Conversation } from '@parley/contracts';
import type { Person } from '@parley/sandbox';
import type { Random } from '../shared/random.ts';
import { supervisor, type Rig } from '../shared/rig.ts';
import type { Journal } from './journal.ts';
import { Screens } from './screens.ts';

/** The console's own client of the desk, with a person's token; what it is told is noted where it comes in. */
export function openDesk(rig: Rig, person: Person, journal: Journal): Desk {
  return createDesk({
    url: rig.url,
    token: () => rig.token(person),
    backOff: { first: 20, cap: 200 },
    timeout: 5_000,
    fetch: async (input, init) => {
      const response = await fetch(input, init);
      if (init?.method === 'POST' && response.ok)
        noteAnswer(journal, person.oid, init.body as string, await response.clone().text());
      return response;
    },
  });
}

function noteAnswer(journal: Journal, sender: string, body: string, text: string): void {
  const { id, text: said } = JSON.parse(body) as { id: string; text?: string };
  const { conversation, entries } = JSON.parse(text) as CommandAnswer;
  const mine = entries.find((entry) => entry.id === entryId('person', id));
  if (!mine) return;
  journal.note({
    conversation: conversation.id,
    sender,
    id: mine.id,
    seq: mine.seq,
    ...(said === undefined ? {} : { text: said }),
  });
}

/** Takes what waits, replies, notes, transfers, gives back and closes, with one thing in flight per conversation. */
export class Consultant {
  readonly desk: Desk;
  readonly screens: Screens;
  readonly #person: Person;
  readonly #random: Random;
  #lines = 0;
  #stopping = false;
  #running: Promise<void> | undefined;

  constructor(rig: Rig, person: Person, journal: Journal, random: Random) {
    this.#person = person;
    this.#random = random;
    this.desk = openDesk(rig, person, journal);
    this.screens = new Screens(person.name, this.desk);
  }

  get id(): string {
    return this.#person.oid;
  }

  start(): void {
    this.desk.start();
    this.#running ??= this.#work();
  }

  /** Begins nothing new. @returns once nothing of theirs is under way */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
    while (this.desk.outbox.items.getSnapshot().some(({ state }) => state !== 'failed')) await pause(10);
  }

  async #work(): Promise<void> {
    while (!this.#stopping) {
      await pause(this.#random.whole(1, 15));
      await this.#step().catch(() => undefined);
    }
  }

  /** One thing. @throws DeskError where the desk refuses it, which is all right */
  async #step(): Promise<void> {
    const { session } = this.desk.session.getSnapshot();
    const viewer = viewerOf(session);
    if (!session || !viewer) return;
    if (session.presence.state !== 'available') await this.desk.setPresence('available');
    const { heads } = this.desk.lists.state.getSnapshot();
    const mine = select(heads, 'mine', viewer);
    const waiting = select(heads, 'waiting', viewer).filter(({ holder }) => {
      return holder.state === 'queued' && (holder.offer === undefined || holder.offer.to.id === viewer.id);
    });
    for (const { id } of mine) this.screens.follow(id);
    const next = waiting[0];
    if (next && mine.length < 8) await this.desk.command(next.id, 'claim', {});
    else if (mine.length > 0) await this.#serve(this.#random.pick(mine));
  }

  async #serve({ id }: Conversation): Promise<void> {
    const { log } = this.desk.conversation(id).getSnapshot();
    const busy = this.desk.outbox.items
      .getSnapshot()
      .some((item) => item.conversation === id && item.state !== 'failed');
    if (busy || log?.head.holder.state !== 'assigned' || log.head.holder.consultant.id !== this.#person.oid) return;
    const { epoch } = log.head;
    const say = (kind: 'reply' | 'note') =>
      this.desk.outbox.send({ conversation: id, kind, epoch, text: `${kind} ${this.#person.name} ${++this.#lines}` });
    const chance = this.#random.next();
    if (chance < 0.7) say('reply');
    else if (chance < 0.8) say('note');
    else if (chance < 0.86)
      await this.desk.command(id, 'transfer', { to: { queue: this.#random.pick(['cards', 'payments', 'general']) } });
    else if (chance < 0.92) await this.desk.command(id, 'return', { packet: { comment: 'done' } });
    else await this.desk.command(id, 'close', { outcome: 'resolved' });
  }
}

/** Has the newest conversations on screen, from their first line, and does nothing. */
export class Supervisor {
  readonly desk: Desk;
  readonly screens: Screens;
  readonly open = new Map<string, () => void>();

  constructor(rig: Rig, journal: Journal) {
    this.desk = openDesk(rig, supervisor, journal);
    this.screens = new Screens(supervisor.name, this.desk);
  }

  watch(id: string): void {
    this.screens.follow(id);
    this.open.set(id, this.desk.open(id));
    const [oldest] = this.open;
    if (this.open.size <= most || !oldest) return;
    oldest[1]();
    this.open.delete(oldest[0]);
  }
}

/** The desk lets one connection watch 50. */
const most = 40;
