import { execFileSync, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { paths, type Conversation, type ConversationView, type Entry, type HandoffAnswer } from '@parley/contracts';
import { Seeded, seedOf } from './seeded.ts';
import type { Part } from './tally.ts';
import { has } from './writer.ts';

/**
 * The disk of a whole desk is full for a while: every change is refused with 503 and `storage-unavailable`, nothing is acknowledged, reading
 * goes on, readiness says so, and once there is room everything succeeds without a restart.
 */
export async function fillUnderADesk(part: Part, { seed, times }: { seed: number; times: number }): Promise<void> {
  if (!has('prlimit')) return part.add('skipped: no prlimit');
  const random = new Seeded(seedOf(seed, 'desk'));
  const directory = await mkdtemp(join(tmpdir(), 'parley-full-desk-'));
  const child = spawn(process.execPath, [script, directory, randomBytes(32).toString('base64')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  try {
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const desk = new Callers(JSON.parse(line) as Access);
    const limit = (bytes: number | 'unlimited') =>
      execFileSync('prlimit', ['--pid', String(child.pid), `--fsize=${bytes}:`]);

    await desk.turn('before');
    const { conversation: id } = await desk.escalates();
    desk.must(await desk.command(id, 'claim', {}), 200);
    for (let n = 0; n < times; n++) {
      const { conversation } = await desk.view(id);
      await part.expect('a turn with room', desk.turn(`user ${n}`), 'stored');
      // Smaller than the first page of SQLite's log: whatever is written fails, wherever the log begins anew.
      limit(random.below(2_000));
      const during = { id: randomUUID(), text: `reply ${n}`, epoch: conversation.epoch };
      const turn = randomUUID();
      const answers = [
        await desk.command(id, 'reply', during),
        await desk.command(id, 'note', { text: `note ${n}` }),
        await desk.raw('POST', paths.botTurns, desk.bot, desk.turnBody(`late ${n}`, turn)),
        await desk.raw('PUT', paths.draft(id), desk.ana, { text: `draft ${n}`, mode: 'reply' }),
      ];
      for (const { status, body, retryAfter } of answers) {
        if (status === 503 && body['code'] === 'storage-unavailable' && retryAfter !== null) part.add('refused');
        else part.violation(`a full disk answers ${status} ${JSON.stringify(body).slice(0, 200)}`);
      }
      // Lists go on. What was said may not be read without a record of it, and the record cannot be taken.
      const list = await desk.raw('GET', `${paths.conversations}?view=mine`, desk.ana);
      const [head] = (list.body['items'] ?? []) as Conversation[];
      if (head?.seq === conversation.seq + 1) part.add('read on');
      else part.violation(`a full disk lists ${list.status} with seq ${head?.seq} instead of ${conversation.seq + 1}`);
      const unrecorded = await desk.raw('GET', paths.conversation(id), desk.ana);
      if (unrecorded.status !== 503) part.violation(`a reading without a record answers ${unrecorded.status}`);
      // The answer of a moment ago may still be given.
      await pause(1_050);
      const full = await desk.raw('GET', paths.ready, '');
      if (full.status === 503 && full.body['store'] === 'failing') part.add('said not ready');
      else part.violation(`a full disk is ready: ${full.status} ${JSON.stringify(full.body)}`);

      limit('unlimited');
      desk.must(await desk.command(id, 'reply', during), 200);
      await part.expect('the same turn with room again', desk.turn(`late ${n}`, turn), 'stored');
      await pause(1_050);
      const ready = await desk.raw('GET', paths.ready, '');
      if (ready.status === 200) part.add('recovered');
      else part.violation(`with room again it is not ready: ${JSON.stringify(ready.body)}`);
      const after = (await desk.view(id)).entries.map((entry: Entry) => ('text' in entry ? entry.text : ''));
      for (const text of [`user ${n}`, `reply ${n}`, `late ${n}`])
        if (after.filter((one) => one === text).length !== 1) part.violation(`"${text}" is there other than once`);
      if (after.includes(`note ${n}`)) part.violation(`"note ${n}" was refused and is there`);
    }
  } finally {
    child.stdin.end();
    await exited;
    await rm(directory, { recursive: true, force: true });
  }
}

type Access = { url: string; ana: string; bot: string };
type Answer = { status: number; body: Record<string, unknown>; retryAfter: string | null };

class Callers {
  readonly #url: string;
  readonly ana: string;
  readonly bot: string;

  constructor({ url, ana, bot }: Access) {
    this.#url = url;
    this.ana = ana;
    this.bot = bot;
  }

  async raw(method: string, path: string, token: string, body?: object): Promise<Answer> {
    const response = await fetch(this.#url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(20_000),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
      retryAfter: response.headers.get('retry-after'),
    };
  }

  command(id: string, name: string, body: object): Promise<Answer> {
    return this.raw('POST', paths.command(id, name), this.ana, { id: randomUUID(), ...body });
  }

  turnBody(text: string, id: string): object {
    return { turns: [{ channel: 'directline', conversation: 'full', id, speaker: 'user', text, user }] };
  }

  /** @returns the outcome, or the status where it is refused */
  async turn(text: string, id: string = randomUUID()): Promise<string> {
    const { status, body } = await this.raw('POST', paths.botTurns, this.bot, this.turnBody(text, id));
    return status === 200 ? (body['results'] as { outcome: string }[])[0]!.outcome : String(status);
  }

  async escalates(): Promise<HandoffAnswer> {
    const handoff = { channel: 'directline', conversation: 'full', id: randomUUID(), user, queue: 'cards' };
    const answer = await this.raw('POST', paths.botHandoffs, this.bot, { ...handoff, packet: { reason: 'A person' } });
    this.must(answer, 200);
    return answer.body as unknown as HandoffAnswer;
  }

  async view(id: string): Promise<ConversationView> {
    const answer = await this.raw('GET', paths.conversation(id), this.ana);
    this.must(answer, 200);
    return answer.body as unknown as ConversationView;
  }

  must({ status, body }: Answer, wanted: number): void {
    if (status !== wanted) throw new Error(`${status} ${JSON.stringify(body)} instead of ${wanted}`);
  }
}

const user = { id: 'dl_full', name: 'Jonas Weber' };
const script = fileURLToPath(new URL('desk-process.ts', import.meta.url));
