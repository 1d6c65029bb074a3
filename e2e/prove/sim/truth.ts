import { isOutbound, type Conversation, type Entry, type OutboundEntry } from '@parley/contracts';
import { evolve } from '@parley/core';
import type { World } from './world.ts';

/** What is stored of one conversation, as an onlooker noted it, and what others may have of it. */
export type Known = {
  client: string;
  head: Conversation;
  entries: Entry[];
  ids: Map<string, Entry>;
  outbound: Entry[];
  /** How many of `outbound` the user has seen. */
  shown: number;
  /** Acknowledged to whoever made it, by entry id. */
  acked: Map<string, string>;
  /** Callbacks under way, by the process that waits for their answer. */
  flying: { node: string; seq: number }[];
  /** Who set each lane, by its process's own name. */
  owners: Map<string, string>;
};

/**
 * Looks on and remembers. Everything that is stored, pushed, shown and acknowledged passes here, and the first thing that
 * breaks a promise is kept as the violation.
 */
export class Truth {
  violation: string | undefined;
  readonly known = new Map<string, Known>();
  readonly #world: World;
  readonly #screens = new Map<string, readonly Entry[]>();

  constructor(world: World) {
    this.#world = world;
  }

  fail(promise: string, what: string): void {
    if (this.violation !== undefined) return;
    this.violation = `${promise}: ${what}`;
    this.#world.scheduler.note(() => `VIOLATION ${this.violation}`);
  }

  of(client: string): Known[] {
    return [...this.known.values()].filter((one) => one.client === client);
  }

  /** A commit is in the store. @param by the process that made it */
  committed(client: string, by: string, expected: number, next: Conversation, entries: readonly Entry[]): void {
    const { scheduler } = this.#world;
    scheduler.mix(next.seq);
    scheduler.mix(next.version);
    scheduler.note(
      () =>
        `  stored ${next.id.slice(0, 6)} v${next.version} by ${by}: ${entries.map(brief).join(', ') || marksOf(next)}`,
    );
    const known = this.known.get(next.id) ?? begin(client, next);
    if (known.client !== client) this.fail('P8', `${next.id} is stored with two clients`);
    const before = known.head;
    if (before.version !== expected || next.version !== expected + 1)
      this.fail('P1', `${next.id}: version ${next.version} on ${expected} was committed over ${before.version}`);
    let fold = before;
    for (const entry of entries) {
      if (entry.seq !== known.entries.length + 1)
        this.fail('P3', `${next.id}: entry ${entry.seq} follows ${known.entries.length}`);
      if (known.ids.has(entry.id)) this.fail('P2', `${next.id}: the id ${entry.id} is stored twice`);
      this.#floor(fold, entry, next.id, by);
      known.entries.push(entry);
      known.ids.set(entry.id, entry);
      if (isOutbound(entry)) known.outbound.push(entry);
      fold = evolve(fold, entry);
    }
    if (entries.length > 0 && foldOf(fold) !== foldOf(next))
      this.fail('P3', `${next.id}: the head is not the fold of its log: ${foldOf(next)} instead of ${foldOf(fold)}`);
    this.#marks(known, before, next, by);
    known.head = next;
    this.known.set(next.id, known);
    for (const entry of entries) this.#world.count(`entry ${entry.kind}`);
  }

  /** Somebody was told that their entry is stored. */
  acknowledged(id: string, entry: string, text: string): void {
    const known = this.known.get(id);
    const stored = known?.ids.get(entry);
    if (!known || !stored) return this.fail('P1', `${id}: ${entry} was acknowledged and is not stored`);
    if ('text' in stored && stored.text !== text)
      this.fail('P1', `${id}: ${entry} was acknowledged and other words are stored`);
    known.acked.set(entry, text);
  }

  /** A claim was answered with yes. */
  claimed(id: string, person: string, entry: Entry | undefined): void {
    const stored = entry && this.known.get(id)?.ids.get(entry.id);
    if (stored?.kind !== 'accepted' || stored.consultant.id !== person)
      this.fail('P4', `${id}: ${person} was told to have it, and the log says ${stored ? brief(stored) : 'nothing'}`);
  }

  /** A callback leaves a process. @returns what to call when its answer is there, or is no longer waited for */
  sending(id: string, node: string, seqs: readonly number[]): () => void {
    const known = this.known.get(id);
    if (!known) return () => undefined;
    const flight = { node, seq: seqs[0] ?? 0 };
    if (known.flying.some((one) => one.node === node))
      this.fail('P7', `${id}: ${node} sends ${seqs.join()} while an earlier callback is under way`);
    const lane = known.head.delivery.lane;
    if (lane && known.owners.get(lane.by) !== node) {
      this.#world.count('sent under an old lane');
      if (![...known.owners.values()].includes(node))
        this.fail('P7', `${id}: ${node} sends ${seqs.join()} and never had the lane`);
    }
    if (known.flying.length > 0) {
      this.#world.count('sent while an old lane sends');
      const { disturbed, scheduler } = this.#world;
      const calm = known.flying.find((one) => one.node !== node && !((disturbed.get(one.node) ?? 0) > scheduler.time));
      if (calm)
        this.fail('P7', `${id}: ${node} sends ${seqs.join()} while ${calm.node}, which is well, sends ${calm.seq}`);
    }
    known.flying.push(flight);
    return () => {
      const at = known.flying.indexOf(flight);
      if (at >= 0) known.flying.splice(at, 1);
    };
  }

  /** The user sees something of the desk for the first time. */
  shown(id: string, entry: OutboundEntry): void {
    const known = this.known.get(id);
    const next = known?.outbound[known.shown];
    if (!known || !next || next.seq !== entry.seq || next.id !== entry.id)
      return this.fail('P7', `${id}: the user was shown ${entry.seq} where ${next?.seq ?? 'nothing'} was next`);
    if (next.kind === 'message' && (entry.kind !== 'message' || entry.text !== next.text))
      this.fail('P7', `${id}: the user was shown other words than ${next.id}`);
    known.shown++;
  }

  /** A screen shows a log. */
  screen(name: string, client: string, id: string, entries: readonly Entry[], head: Conversation): void {
    const known = this.known.get(id);
    if (!known || known.client !== client) return this.fail('P8', `${name} shows ${id}, which is not of ${client}`);
    if (head.version > known.head.version)
      this.fail('P2', `${name} shows version ${head.version} of ${id}, and ${known.head.version} is stored`);
    const key = `${name} ${id}`;
    const before = this.#screens.get(key);
    if (before === entries) return;
    const grown = before !== undefined && before.length > 0 && entries[before.length - 1] === before.at(-1);
    const first = entries[0]?.seq ?? 1;
    for (let i = grown ? before.length : 0; i < entries.length; i++) {
      const entry = entries[i] as Entry;
      if (entry.seq !== first + i || known.entries[entry.seq - 1]?.id !== entry.id) {
        this.fail('P3', `${name} shows ${entries.map(({ seq }) => seq).join()} of ${id}, wrong at ${entry.seq}`);
        break;
      }
    }
    this.#screens.set(key, entries);
  }

  /** Nothing of one client in what another gets. */
  crossing(client: string, text: string, where: string): void {
    const other = canaries.find((one) => one !== canaryOf(client) && text.includes(one));
    if (other !== undefined) this.fail('P8', `${where} of ${client} has ${other}`);
  }

  /** Everything that must hold in the end, and held all the time. */
  audit(): void {
    for (const [id, known] of this.known) {
      for (const [entry, text] of known.acked) {
        const stored = known.ids.get(entry);
        if (!stored || ('text' in stored && stored.text !== text))
          this.fail('P1', `${id}: ${entry} was acknowledged and is gone`);
      }
    }
  }

  #floor(head: Conversation, entry: Entry, id: string, by: string): void {
    const { holder } = head;
    const held = holder.state === 'queued' || holder.state === 'assigned';
    if (entry.kind === 'message' && entry.by.type === 'bot' && held && !entry.notice)
      this.fail('P5', `${id}: the bot spoke (${entry.seq}) while ${holder.state}`);
    if (entry.kind === 'message' && entry.by.type === 'person') {
      if (holder.state !== 'assigned' || holder.consultant.id !== entry.by.id)
        this.fail('P5', `${id}: ${entry.by.name} spoke (${entry.seq}) while ${holder.state}`);
      const said = /^under (\d+) /.exec(entry.text)?.[1];
      if (said !== undefined && Number(said) !== head.epoch)
        this.fail('P5', `${id}: a reply written under floor ${said} was stored under ${head.epoch}`);
    }
    if (entry.kind === 'accepted' && (holder.state === 'assigned' || entry.epoch !== head.epoch + 1))
      this.fail('P4', `${id}: accepted (${entry.seq}, epoch ${entry.epoch}) on ${holder.state}, epoch ${head.epoch}`);
    if (entry.kind === 'offered') this.#offered(head, entry, id, by);
    if (entry.kind === 'suppressed') this.#world.count(`suppressed line of ${entry.by.type}`);
    if (entry.kind === 'requeued' || entry.kind === 'returned' || entry.kind === 'closed') {
      const why = entry.kind === 'requeued' ? entry.reason : entry.fallback;
      if (why !== undefined) this.#world.count(`ended by ${why}`);
    }
  }

  #offered(head: Conversation, entry: Extract<Entry, { kind: 'offered' }>, id: string, by: string): void {
    if (head.holder.state !== 'queued' || head.holder.offer)
      this.fail('P4', `${id}: offered (${entry.seq}) on top of another offer`);
    const client = this.known.get(id)?.client;
    const asked = [...this.known.values()].filter(
      (one) =>
        one.client === client && one.head.holder.state === 'queued' && one.head.holder.offer?.to.id === entry.to.id,
    );
    if (asked.length === 0) return;
    // Two processes may each ask the same person; one never does.
    this.#world.count('one person asked twice');
    if (this.#world.oneRouter)
      this.fail('R2', `${entry.to.name} is asked for ${id} and for ${asked[0]?.head.id} by ${by}`);
  }

  #marks(known: Known, before: Conversation, next: Conversation, by: string): void {
    const { delivery } = next;
    const { lane } = delivery;
    const was = before.delivery;
    if (lane && lane.by !== was.lane?.by) {
      known.owners.set(lane.by, by);
      if (was.lane) this.#world.count('lane taken over');
    }
    if ((lane?.n ?? 0) < (was.lane?.n ?? 0)) this.fail('P7', `${next.id}: the lane fell to ${lane?.n ?? 0}`);
    if (delivery.deliveredSeq < was.deliveredSeq || delivery.seenSeq < was.seenSeq)
      this.fail('P7', `${next.id}: a mark fell from ${JSON.stringify(was)} to ${JSON.stringify(delivery)}`);
    if (delivery.deliveredSeq === was.deliveredSeq) return;
    const next_ = known.outbound[known.shown];
    if (next_ && next_.seq <= delivery.deliveredSeq)
      this.fail('P7', `${next.id}: ${next_.seq} is marked as delivered (${delivery.deliveredSeq}) and was never shown`);
    if (was.lane && known.owners.get(was.lane.by) !== by)
      this.fail('P7', `${next.id}: ${by} marked ${delivery.deliveredSeq} without having the lane`);
  }
}

/** What only texts of this client have in them. */
export function canaryOf(client: string): string {
  return `~${client}~`;
}

export const clientIds = ['contoso', 'fabrikam'] as const;
const canaries = clientIds.map(canaryOf);

export function brief(entry: Entry): string {
  const text = 'text' in entry ? ` "${entry.text.slice(0, 24)}"` : '';
  return `${entry.seq} ${entry.kind} by ${entry.by.type === 'person' ? entry.by.name : entry.by.type}${text}`;
}

function marksOf({ delivery }: Conversation): string {
  return `marks ${JSON.stringify(delivery)}`;
}

function begin(client: string, next: Conversation): Known {
  const head: Conversation = {
    ...next,
    version: 0,
    seq: 0,
    epoch: 0,
    holder: { state: 'with-bot', since: next.openedAt },
    userLines: [],
    delivery: { outSeq: 0, deliveredSeq: 0, seenSeq: 0 },
  };
  for (const name of ['handoff', 'last', 'rating', 'dueAt', 'unansweredSince'] as const) delete head[name];
  return {
    client,
    head,
    entries: [],
    ids: new Map(),
    outbound: [],
    shown: 0,
    acked: new Map(),
    flying: [],
    owners: new Map(),
  };
}

/** What of a head comes from the log alone. */
function foldOf({ seq, epoch, holder, handoff, last, userLines, rating, delivery }: Conversation): string {
  const floor = holder.state === 'with-bot' ? holder.state : holder;
  return JSON.stringify([seq, epoch, floor, handoff, last, userLines, rating, delivery.outSeq, delivery.failed?.seq]);
}
