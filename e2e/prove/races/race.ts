import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Entry } from '@parley/contracts';
import { seeded } from '../shared/random.ts';
import { againstLog, type Findings } from './against-log.ts';
import { openDesk, queue } from './desk.ts';
import { unexplained } from './linearisable.ts';
import type { Orders, Report } from './racer.ts';
import type { Call } from './register.ts';

export type Result = Findings & {
  /** Conversations whose answers no order explains. */
  unlinear: string[];
  calls: number;
  answers: Record<string, number>;
  /** Ways in which the run shows nothing. */
  empty: string[];
};

/** @param n claims, returns and transfers in all, from four processes on one file */
export async function race({ n, seed }: { n: number; seed: number }): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-races-'));
  const key = randomBytes(32).toString('hex');
  const random = seeded(seed);
  const everybody = Array.from({ length: processes * peopleEach }, (_, i) => `person-${i}`);
  const conversations = Array.from({ length: Math.min(40, Math.max(4, Math.floor(n / 250))) }, (_, i) => `c_${i}`);
  try {
    await queueAll(directory, key, conversations);
    const reports = await Promise.all(
      Array.from({ length: processes }, (_, i) =>
        inProcess({
          directory,
          key,
          seed: random.whole(0, 2 ** 31),
          calls: Math.ceil(n / processes),
          conversations,
          people: everybody.slice(i * peopleEach, (i + 1) * peopleEach),
          everybody,
        }),
      ),
    );
    const calls = reports.flatMap((report) => report.calls);
    return await inspect(directory, key, conversations, calls);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const processes = 4;
const peopleEach = 16;

async function queueAll(directory: string, key: string, conversations: readonly string[]): Promise<void> {
  const { desk, stores } = await openDesk(directory, key);
  for (const id of conversations)
    await desk.execute(
      {
        id,
        channel: 'directline',
        channelConversation: id,
        bot: { id: 'assistant', name: 'Assistant' },
        user: { id: 'u' },
      },
      { type: 'request-handoff', id: 'first', packet: { reason: 'race' }, user: { id: 'u' }, queue },
      { type: 'bot', name: 'Assistant' },
    );
  await stores.close();
}

function inProcess(orders: Orders): Promise<Report> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('racer.ts', import.meta.url)), { serialization: 'advanced' });
    child.once('message', (report) => resolve(report as Report));
    child.once('exit', (code) => reject(new Error(`A racer ended with ${code}`)));
    child.send(orders);
  });
}

async function inspect(
  directory: string,
  key: string,
  conversations: readonly string[],
  calls: Report['calls'],
): Promise<Result> {
  const result: Result = {
    doubleHolders: [],
    unlogged: [],
    backwards: [],
    unlinear: [],
    calls: calls.length,
    answers: {},
    empty: [],
  };
  for (const { op, answer } of calls) {
    const name = `${op}:${answer.startsWith('with ') ? 'failed' : answer}`;
    result.answers[name] = (result.answers[name] ?? 0) + 1;
  }
  const { store, stores } = await openDesk(directory, key);
  for (const id of conversations) {
    const mine = calls.filter(({ conversation }) => conversation === id);
    const findings = againstLog(id, await entriesOf(store, id), mine);
    result.doubleHolders.push(...findings.doubleHolders);
    result.unlogged.push(...findings.unlogged);
    result.backwards.push(...findings.backwards);
    const stray = unexplained(mine);
    if (stray) result.unlinear.push(`No order explains what ${id} answered: at ${describe(stray)}`);
  }
  await stores.close();
  for (const answer of expected) if (!result.answers[answer]) result.empty.push(`No call was answered ${answer}`);
  return result;
}

async function entriesOf(store: Awaited<ReturnType<typeof openDesk>>['store'], id: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (;;) {
    const page = await store.entries(id, { after: entries.length, limit: 1_000 });
    if (page.length === 0) return entries;
    entries.push(...page);
  }
}

function describe({ who, op, answer, from, until }: Call): string {
  return `${who}'s ${op}, answered ${answer} after ${((until - from) / 1e6).toFixed(1)} ms`;
}

/** What has to happen for a run to show anything. */
const expected = [
  'claim:done',
  'claim:already-held',
  'claim:already-yours',
  'claim:reserved',
  'transfer:done',
  'transfer:not-found',
  'return:done',
  'handoff:done',
  'reply:done',
  'reply:not-holder',
  'reply:not-found',
];
