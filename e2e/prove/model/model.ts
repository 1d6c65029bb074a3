import type { Entry, PersonRef } from '@parley/contracts';
import { people, type ClientName, type Name } from './world.ts';

/** Deadlines of the sandbox's queues in ms, and where each falls back to; written down once more, so that they are checked. */
const queues: Record<ClientName, Record<string, { deadline: number; fallback: string }>> = {
  contoso: {
    cards: { deadline: 600_000, fallback: 'general' },
    payments: { deadline: 600_000, fallback: 'general' },
    general: { deadline: 900_000, fallback: 'bot' },
  },
  fabrikam: { claims: { deadline: 900_000, fallback: 'general' }, general: { deadline: 900_000, fallback: 'closed' } },
};
export const queuesOf = (client: ClientName) => Object.keys(queues[client]);

/** What the desk must have done of what is asked of it: the whole of handoff as one would tell it to a colleague. */
export class Place {
  readonly client: ClientName;
  readonly channel: string;
  id: string | undefined;
  state: 'with-bot' | 'queued' | 'assigned' | 'closed' = 'with-bot';
  queue = '';
  holder: Name | undefined;
  /** Who alone may take it. */
  reservedFor: Name | undefined;
  offeredTo: Name | undefined;
  offeredAt = 0;
  /** Model time at which it came into its queue. */
  since = 0;
  epoch = 0;
  /** Who held it last, and may still read it. */
  last: Name | undefined;
  /** Who held it in this episode. */
  held = new Set<Name>();
  /** Number of the entry that asked for a person. */
  requested = 0;
  passed = new Set<Name>();
  /** What was acknowledged, in that order: the id of the entry, and its words. */
  readonly said: { id: string; text: string }[] = [];
  readonly log: Entry[] = [];
  /** Handoffs asked for, and how each ended. */
  readonly endings: string[] = [];
  open = false;

  constructor(client: ClientName, channel: string) {
    this.client = client;
    this.channel = channel;
  }

  serves(name: Name): boolean {
    return (people[name].queues as readonly string[]).includes(this.queue);
  }

  reads(name: Name): boolean {
    const { client, supervises } = people[name];
    if (this.id === undefined || client !== this.client) return false;
    if (supervises) return true;
    if (this.state === 'assigned') return this.holder === name;
    if (this.state === 'queued') return this.serves(name) || this.offeredTo === name || this.reservedFor === name;
    return this.last === name;
  }

  /** @param load how many conversations the person holds */
  mayClaim(name: Name, load: number): boolean {
    if (!this.reads(name) || load >= 4) return false;
    const { supervises } = people[name];
    if (this.state === 'with-bot') return supervises && this.client === 'contoso';
    return this.state === 'queued' && (supervises || this.reservedFor === undefined || this.reservedFor === name);
  }

  /** Transfer, return and close; of these only closing is for what the bot has. */
  mayMove(name: Name, closing: boolean): boolean {
    if (!this.reads(name) || this.state === 'closed') return false;
    if (this.state === 'with-bot') return closing && people[name].supervises;
    return people[name].supervises || this.holder === name || (this.state === 'queued' && this.serves(name));
  }

  /** The time at which the queue's deadline passes. */
  deadline(): number {
    return this.since + queues[this.client][this.queue]!.deadline;
  }

  fallback(): string {
    return queues[this.client][this.queue]!.fallback;
  }

  /**
   * Takes in what the log has more, and says what of it must not be.
   * @param refs who is who
   * @param now model time in ms
   * @param gone people whose absence the desk may have noticed
   */
  take(entries: readonly Entry[], refs: ReadonlyMap<Name, PersonRef>, now: number, gone: ReadonlySet<Name>): string[] {
    const wrong: string[] = [];
    for (const entry of entries) {
      const complain = (what: string) =>
        wrong.push(`${this.client}/${this.channel} #${entry.seq} ${entry.kind} by ${entry.by.type}: ${what}`);
      if (entry.seq !== this.log.length + 1) complain(`number ${this.log.length + 1} was expected`);
      if (this.log.some(({ id }) => id === entry.id)) complain(`the id ${entry.id} is there twice`);
      const by = nameOf(refs, entry.by.type === 'person' ? entry.by.id : undefined);
      if (by && people[by].client !== this.client) complain(`${by} is of another client`);
      this.#step(entry, by, { refs, now, gone, complain });
      if (entry.epoch !== this.epoch) complain(`epoch ${entry.epoch} where ${this.epoch} was expected`);
      this.log.push(entry);
    }
    return wrong;
  }

  #step(entry: Entry, by: Name | undefined, around: Around): void {
    const { refs, now, complain } = around;
    switch (entry.kind) {
      case 'message':
        if (entry.by.type === 'bot' && !entry.notice && (this.state === 'queued' || this.state === 'assigned'))
          complain('the bot speaks while a person holds the floor');
        if (by && (this.state !== 'assigned' || this.holder !== by)) complain(`${by} speaks without holding it`);
        if (this.state === 'closed' && !entry.notice) {
          this.state = 'with-bot';
          this.epoch += 1;
        }
        return;
      case 'handoff-requested':
        if (this.state === 'queued' || this.state === 'assigned') complain('a person was asked for already');
        this.#queued(entry.queue, now);
        this.requested = entry.seq;
        this.held.clear();
        this.open = true;
        return;
      case 'offered': {
        const to = nameOf(refs, entry.to.id);
        if (this.state !== 'queued' || this.offeredTo !== undefined) complain('nothing was to be offered');
        if (!to || people[to].client !== this.client) complain('offered to a stranger');
        else if (this.reservedFor === undefined ? !this.serves(to) || this.passed.has(to) : this.reservedFor !== to)
          complain(`${to} was not to be asked`);
        this.offeredTo = to;
        this.offeredAt = now;
        return;
      }
      case 'offer-declined':
        if (by === undefined || this.offeredTo !== by) complain('it was not offered to who declined');
        this.#pass(by);
        return;
      case 'offer-expired':
        if (this.offeredTo === undefined || now - this.offeredAt < 44_000) complain('the offer had time left');
        this.#pass(this.offeredTo);
        return;
      case 'accepted':
        if (this.state === 'assigned') complain(`${this.holder} held it`);
        if (by === undefined || (this.reservedFor !== undefined && this.reservedFor !== by && !people[by].supervises))
          complain('it was not theirs to take');
        if (this.state === 'with-bot') {
          this.held.clear();
          this.requested = entry.seq;
          this.open = true;
        }
        this.#become('assigned');
        this.holder = by;
        this.last = by;
        if (by) this.held.add(by);
        return;
      case 'transferred':
        if (this.state !== 'queued' && this.state !== 'assigned') complain('there was nothing to transfer');
        this.#queued(entry.queue, now);
        this.reservedFor = 'person' in entry.to ? nameOf(refs, entry.to.person.id) : undefined;
        return;
      case 'requeued':
        if (entry.reason === 'queue-deadline') this.#overdue(entry.queue, around);
        else if (entry.reason === 'consultant-gone') {
          if (this.state !== 'assigned' || !this.holder || !around.gone.has(this.holder)) complain('nobody was gone');
        } else complain(`requeued for ${entry.reason}`);
        this.#queued(entry.queue, now);
        return;
      case 'returned':
        if (entry.fallback) this.#overdue('bot', around);
        this.#ended(entry.fallback ? 'fallback' : 'returned');
        this.#become('with-bot');
        return;
      case 'closed':
        if (this.state === 'closed') complain('it was closed already');
        if (entry.fallback === 'queue-deadline') this.#overdue('closed', around);
        this.#ended(entry.fallback ?? 'closed');
        this.#become('closed');
        return;
      case 'suppressed':
        if (entry.by.type === 'bot' && this.state !== 'queued' && this.state !== 'assigned')
          complain('the bot had the floor');
        return;
      default:
        return;
    }
  }

  #overdue(to: string, { now, complain }: Around): void {
    if (this.state !== 'queued') complain('it was not waiting');
    else if (now < this.deadline() - 5_000) complain('its deadline had not passed');
    else if (this.fallback() !== to) complain(`its queue falls back to ${this.fallback()}`);
  }

  #queued(queue: string, now: number): void {
    this.#become('queued');
    this.queue = queue;
    this.since = now;
    this.passed.clear();
  }

  #pass(name: Name | undefined): void {
    this.offeredTo = undefined;
    if (name === undefined) return;
    this.passed.add(name);
    if (this.reservedFor === name) this.reservedFor = undefined;
  }

  #become(state: Place['state']): void {
    this.state = state;
    this.epoch += 1;
    this.holder = undefined;
    this.offeredTo = undefined;
    this.reservedFor = undefined;
  }

  #ended(how: string): void {
    if (this.open) this.endings.push(how);
    this.open = false;
  }
}

function nameOf(refs: ReadonlyMap<Name, PersonRef>, id: string | undefined): Name | undefined {
  return [...refs].find(([, ref]) => ref.id === id)?.[0];
}

type Around = {
  refs: ReadonlyMap<Name, PersonRef>;
  now: number;
  gone: ReadonlySet<Name>;
  complain: (what: string) => void;
};
