import { randomUUID } from 'node:crypto';
import { setImmediate as arrival } from 'node:timers/promises';
import type { Command, By } from '@parley/core';
import { seeded, type Random } from '../shared/random.ts';
import { openDesk, queue } from './desk.ts';
import type { Call } from './register.ts';

/** One of the processes that race: many consultants at once, each with one call under way. Forked by `race.ts`. */
export type Orders = {
  directory: string;
  key: string;
  seed: number;
  /** Claims, returns and transfers to be made. */
  calls: number;
  conversations: readonly string[];
  /** Those of this process, and all there are. */
  people: readonly string[];
  everybody: readonly string[];
};
export type Report = { calls: (Call & { conversation: string })[] };

if (process.send)
  process.once('message', (orders: Orders) => {
    race(orders).then(
      (report) => process.send!(report, () => process.disconnect()),
      (error: unknown) => {
        process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
        process.exit(1);
      },
    );
  });

async function race(orders: Orders): Promise<Report> {
  const { desk, stores } = await openDesk(orders.directory, orders.key);
  const report: Report = { calls: [] };
  const random = seeded(orders.seed);
  let left = orders.calls;

  async function call(conversation: string, who: string, op: Call['op'], command: Command, to?: string): Promise<Call> {
    if (counted.has(op)) left -= 1;
    const by: By = who === 'bot' ? { type: 'bot', name: 'Assistant' } : person(who);
    const from = clock();
    // As a request does, it comes with a turn of the event loop: what the store sees is no older than that.
    await arrival();
    const outcome = await desk.execute(conversation, command, by).catch((error: Error) => error);
    const until = clock();
    if (outcome instanceof Error) {
      // No register answers so, and the checker says it.
      const failed: Call = { who, op, from, until, answer: `with ${outcome.message}`, saw: Number.MAX_SAFE_INTEGER };
      report.calls.push({ ...failed, conversation });
      return failed;
    }
    const [entry] = outcome.ok ? outcome.entries : [];
    const made: Call = {
      who,
      op,
      from,
      until,
      answer: outcome.ok ? (entry ? 'done' : 'nothing') : outcome.code,
      saw: outcome.conversation.epoch,
      ...(to === undefined ? {} : { to }),
      ...(entry ? { seq: entry.seq, epoch: entry.epoch } : {}),
    };
    report.calls.push({ ...made, conversation });
    return made;
  }

  async function work(who: string, chance: Random): Promise<void> {
    // What this person believes to hold, with the epoch it was taken under.
    const held = new Map<string, number>();
    while (left > 0) {
      const dice = chance.next();
      // Mostly what makes sense, and now and then what does not: claims of what is theirs, releases of what is not.
      if (held.size > 0 && dice < 0.6) {
        const [conversation, epoch] = chance.pick([...held]);
        if (dice < 0.4) {
          held.delete(conversation);
          await release(conversation, who, chance);
        } else await reply(conversation, who, epoch);
        continue;
      }
      const conversation = chance.pick(orders.conversations);
      if (dice < 0.93) {
        const { answer, epoch } = await call(conversation, who, 'claim', { type: 'claim', id: randomUUID() });
        if (answer === 'done') held.set(conversation, epoch!);
      } else if (dice < 0.97) {
        held.delete(conversation);
        await release(conversation, who, chance);
      } else await reply(conversation, who, held.get(conversation) ?? 2);
    }
  }

  async function reply(conversation: string, who: string, epoch: number): Promise<void> {
    await call(conversation, who, 'reply', { type: 'reply', id: randomUUID(), text: who, epoch });
  }

  async function release(conversation: string, who: string, chance: Random): Promise<void> {
    const dice = chance.next();
    if (dice < 0.5) {
      await call(conversation, who, 'transfer', { type: 'transfer', id: randomUUID(), to: { queue } });
    } else if (dice < 0.55) {
      const to = chance.pick(orders.everybody);
      const command: Command = { type: 'transfer', id: randomUUID(), to: { person: { id: to, name: to } } };
      await call(conversation, who, 'transfer', command, to);
    } else {
      await call(conversation, who, 'return', { type: 'return', id: randomUUID(), packet: {} });
      await call(conversation, 'bot', 'handoff', {
        type: 'request-handoff',
        id: randomUUID(),
        packet: { reason: 'again' },
        user: { id: 'u' },
      });
    }
  }

  await Promise.all(orders.people.map((who) => work(who, random.split())));
  await stores.close();
  return report;
}

const counted = new Set<Call['op']>(['claim', 'transfer', 'return']);

function person(id: string): By {
  return { type: 'person', id, name: id, roles: ['Consultant'], queues: [queue], load: 0, capacity: 1_000_000 };
}

/** Nanoseconds of a clock that is the same in all processes of the machine. */
function clock(): number {
  return Number(process.hrtime.bigint());
}
