import type { Conversation } from '@parley/contracts';
import type { DeskWorld } from './desk-world.ts';
import type { Screen } from './screen.ts';
import type { Known } from './truth.ts';

/** @returns what is not as it must be once faults have stopped, or undefined where all is well */
export function unsettled(world: DeskWorld): string | undefined {
  for (const node of world.nodes) if (!node.alive) world.startNode(node.name);
  for (const node of world.nodes) if (!node.serving) return `${node.name} does not serve`;
  for (const bot of world.bots) if (!bot.idle) return `${bot.name} has something left to say`;
  for (const [id, known] of world.truth.known) {
    const wrong = conversation(world, known);
    if (wrong !== undefined) return `${id}: ${wrong}`;
  }
  for (const screen of world.screens) {
    const wrong = screenful(world, screen);
    if (wrong !== undefined) return `${screen.name}: ${wrong}`;
  }
  return undefined;
}

function conversation(world: DeskWorld, known: Known): string | undefined {
  const { holder, delivery } = known.head;
  if (holder.state === 'queued') return `waits in ${holder.queue} still`;
  if (holder.state === 'with-bot' && holder.pending) return 'is given back and not taken';
  if (holder.state === 'assigned') {
    const here = world.screens.some(({ person, desk }) => person.id === holder.consultant.id && isLive(desk));
    if (!here) return `is held by ${holder.consultant.name}, who is gone`;
  }
  if (known.shown < known.outbound.length) return `the user has seen ${known.shown} of ${known.outbound.length}`;
  if (delivery.failed === undefined && delivery.deliveredSeq < delivery.outSeq)
    return `${delivery.outSeq} is not marked as delivered`;
  return undefined;
}

function screenful(world: DeskWorld, screen: Screen): string | undefined {
  const { desk, person } = screen;
  if (!isLive(desk)) return `is ${desk.connection.getSnapshot().state}`;
  const waiting = desk.outbox.items.getSnapshot().find(({ state }) => state !== 'failed');
  if (waiting) return `has ${waiting.id} in its outbox, ${waiting.state}`;
  for (const id of screen.open) {
    const wrong = openConversation(world, screen, id);
    if (wrong !== undefined) return wrong;
  }
  const all = world.truth.of(person.client).map(({ head }) => head);
  const queues = desk.session.getSnapshot().session?.presence.queues ?? [];
  for (const view of ['waiting', 'mine'] as const) {
    const should = all.filter((head) => inView(head, view, person.id, queues));
    const shown = screen.list(view);
    if (listOf(shown) !== listOf(should)) return `lists ${listOf(shown)} as ${view} instead of ${listOf(should)}`;
  }
  return outboxWrong(world, screen);
}

function openConversation(world: DeskWorld, screen: Screen, id: string): string | undefined {
  const known = world.truth.known.get(id);
  const { log, status } = screen.desk.conversation(id).getSnapshot();
  // What is another's now is no longer shown to this person in its newest state.
  if (!known || !readable(screen, known.head)) return undefined;
  if (!log) return `${id} is ${status}`;
  const from = (log.entries[0]?.seq ?? 1) - 1;
  if (JSON.stringify(log.entries) !== JSON.stringify(known.entries.slice(from)))
    return `${id} shows ${log.entries.length} entries from ${from + 1}, and ${known.entries.length} are stored`;
  if (JSON.stringify(sorted(log.head)) !== JSON.stringify(sorted(known.head)))
    return `${id} shows ${JSON.stringify(log.head)} instead of ${JSON.stringify(known.head)}`;
  return undefined;
}

/** What was sent is in the log once, as said or suppressed, in the order of sending; or its refusal is on the screen. */
function outboxWrong(world: DeskWorld, screen: Screen): string | undefined {
  const failed = new Set(screen.desk.outbox.items.getSnapshot().map(({ id }) => id));
  for (const [id, sent] of screen.sent) {
    const known = world.truth.known.get(id);
    let last = 0;
    for (const one of sent) {
      const entry = known?.ids.get(`p:${one.id}`);
      if (!entry) {
        if (!failed.has(one.id)) return `"${one.text}" is neither stored nor shown as refused`;
        continue;
      }
      if (entry.kind === 'suppressed') continue;
      if (entry.seq < last) return `"${one.text}" is stored before what was sent before it`;
      last = entry.seq;
    }
  }
  return undefined;
}

function readable({ person }: Screen, { holder, handoff }: Conversation): boolean {
  if (person.roles.includes('Supervisor')) return true;
  if (holder.state === 'assigned') return holder.consultant.id === person.id;
  return holder.state === 'queued' || handoff?.acceptedBy?.id === person.id;
}

function inView(head: Conversation, view: 'waiting' | 'mine', me: string, queues: readonly string[]): boolean {
  const { holder } = head;
  if (view === 'mine') return holder.state === 'assigned' && holder.consultant.id === me;
  if (holder.state !== 'queued') return false;
  if (holder.reservedFor) return holder.reservedFor.id === me;
  return queues.includes(holder.queue) || holder.offer?.to.id === me;
}

function listOf(heads: readonly Conversation[]): string {
  return heads
    .map(({ id, version }) => `${id.slice(0, 8)} v${version}`)
    .toSorted()
    .join();
}

function isLive(desk: Screen['desk']): boolean {
  return desk.connection.getSnapshot().state === 'live' && desk.session.getSnapshot().status === 'ready';
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, sorted(one)]),
  );
}
