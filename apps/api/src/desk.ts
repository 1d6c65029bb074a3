import { entryId, type Conversation, type Entry, type ErrorCode } from '@parley/contracts';
import { blank, decide, type By, type Command, type Policy, type Store } from '@parley/core';

/** Where a conversation takes place; needed to open one that nobody has spoken in yet. */
export type Opening = Pick<Conversation, 'id' | 'channel' | 'channelConversation' | 'bot' | 'user'>;

export type Outcome =
  | { ok: true; conversation: Conversation; entries: Entry[]; repeated?: true }
  | { ok: false; code: ErrorCode; conversation: Conversation; suppressed?: Entry };

/** One committed change: what it was before, what it is now, and the entries between. */
export type Committed = { before: Conversation; conversation: Conversation; entries: Entry[] };

export type Desk = {
  /**
   * The only way to change a conversation: load, decide, commit once, then publish.
   * Commands that wait for the same conversation share one commit; each is decided and answered on its own.
   *
   * @param at id of the conversation, or where to open it if there is none
   * @returns `not-found` where there is no conversation and `at` is only an id
   */
  execute(at: string | Opening, command: Command, by: By): Promise<Outcome>;
  /** Waits for the commands under way. */
  idle(): Promise<void>;
};

/**
 * @param commit what happens after a change is durable: pushes, delivery, routing; must not throw
 * @param now milliseconds since the epoch
 * @param node this process: whose delivery lanes are taken
 * @param alongside what the desk itself has to change in a conversation that is about to change: it shares the commit
 */
export function createDesk({
  store,
  policy,
  now,
  committed,
  alongside = () => undefined,
  node,
}: {
  store: Store;
  policy: () => Policy;
  now: () => number;
  committed: (change: Committed) => void;
  alongside?: (id: string) => Command | undefined;
  node?: string;
}): Desk {
  const lanes = new Map<string, Lane>();

  return {
    execute(at, command, by) {
      const id = typeof at === 'string' ? at : at.id;
      let lane = lanes.get(id);
      if (!lane) lanes.set(id, (lane = { waiting: [], running: undefined }));
      return new Promise((resolve, reject) => {
        lane.waiting.push({ at, command, by, resolve, reject });
        lane.running ??= run(id, lane);
      });
    },
    async idle() {
      await Promise.all([...lanes.values()].map((lane) => lane.running));
    },
  };

  async function run(id: string, lane: Lane): Promise<void> {
    // Commands of the same turn of the event loop gather before the first is decided.
    await Promise.resolve();
    while (lane.waiting.length > 0) {
      const batch = lane.waiting.splice(0, 100);
      const own = batch.some(({ by }) => by.type === 'desk') ? undefined : alongside(id);
      if (own) batch.unshift({ at: id, command: own, by: { type: 'desk' }, resolve: ignore, reject: ignore });
      try {
        await settle(id, batch);
      } catch (error) {
        for (const job of batch) job.reject(error);
      }
    }
    lanes.delete(id);
  }

  async function settle(id: string, batch: Job[]): Promise<void> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const result = await tryOnce(id, batch);
      if (result === 'done') return;
      if (result === 'repeated') {
        if (batch.length > 1) {
          for (const job of batch) await settle(id, [job]);
          return;
        }
        return repeated(id, batch[0]!);
      }
    }
    const conversation = await store.head(id);
    for (const job of batch)
      job.resolve({ ok: false, code: 'contention', conversation: conversation ?? opened(job, id) });
  }

  /** Decides the batch in order on one head and commits what comes of it together. */
  async function tryOnce(id: string, batch: Job[]): Promise<'done' | 'conflict' | 'repeated'> {
    const loaded = await store.head(id);
    const opening = batch.find((job) => typeof job.at !== 'string');
    if (!loaded && !opening) {
      for (const job of batch) job.resolve({ ok: false, code: 'not-found', conversation: opened(job, id) });
      return 'done';
    }
    const before = loaded ?? opened(opening!, id);
    let head = before;
    const written: Entry[] = [];
    const answers: (() => Outcome | Promise<Outcome>)[] = [];
    const ids = new Set<string>();

    for (const job of batch) {
      const mine = entryId(job.by.type, job.command.id);
      // The same id twice in one batch: let the second meet the first in the store.
      if (ids.has(mine)) return splitRepeats(id, batch);
      ids.add(mine);
      const decision = decide(head, job.command, { by: job.by, now: now(), policy: policy(), node });
      const entries = decision.entries;
      if (decision.ok) head = decision.conversation;
      else if (entries.length > 0) head = decision.conversation;
      written.push(...entries);
      answers.push(() => {
        if (decision.ok) return { ok: true, conversation: final, entries };
        return refused(id, job, {
          ok: false,
          code: decision.code,
          conversation: final,
          ...(entries[0] ? { suppressed: entries[0] } : {}),
        });
      });
    }

    const changed = head !== before;
    const final: Conversation = changed ? { ...head, version: before.version + 1 } : before;
    if (changed) {
      const result = await store.commit(before.version, final, written);
      if (result !== 'committed') return result;
      committed({ before, conversation: final, entries: written });
    }
    for (const [n, job] of batch.entries()) job.resolve(await answers[n]!());
    return 'done';
  }

  async function splitRepeats(id: string, batch: Job[]): Promise<'done'> {
    for (const job of batch) await settle(id, [job]);
    return 'done';
  }

  /** A refusal of something that was done before under the same id is no refusal. */
  async function refused(id: string, job: Job, outcome: Outcome & { ok: false }): Promise<Outcome> {
    if (outcome.suppressed) return outcome;
    const known =
      outcome.conversation.version > 0 ? await store.find(id, entryId(job.by.type, job.command.id)) : undefined;
    return known ? answerKnown(known, job, outcome.conversation, outcome.code) : outcome;
  }

  async function repeated(id: string, job: Job): Promise<void> {
    const [known, conversation] = await Promise.all([
      store.find(id, entryId(job.by.type, job.command.id)),
      store.head(id),
    ]);
    if (!known || !conversation) throw new Error('An entry id is taken, but its entry is not there');
    job.resolve(answerKnown(known, job, conversation, 'human-holds'));
  }

  function answerKnown(known: Entry, job: Job, conversation: Conversation, code: ErrorCode): Outcome {
    if (!wrote(job.command, known)) return { ok: false, code: 'id-reused', conversation };
    if (known.kind === 'suppressed')
      return { ok: false, code: code === 'id-reused' ? 'stale-epoch' : code, conversation, suppressed: known };
    return { ok: true, conversation, entries: [known], repeated: true };
  }

  function opened(job: Job, id: string): Conversation {
    const at =
      typeof job.at === 'string'
        ? { id, channel: 'unknown', channelConversation: '?', bot: { id: '', name: '' }, user: { id: '?' } }
        : job.at;
    return blank({ ...at, now: now() });
  }
}

const attempts = 20;
const ignore = () => undefined;

type Job = {
  at: string | Opening;
  command: Command;
  by: By;
  resolve: (outcome: Outcome) => void;
  reject: (error: unknown) => void;
};
type Lane = { waiting: Job[]; running: Promise<void> | undefined };

/** Whether the entry is what this command would have written: the same kind, and the same words. */
function wrote(command: Command, entry: Entry): boolean {
  switch (command.type) {
    case 'user-turn':
    case 'bot-turn':
    case 'reply':
      return (entry.kind === 'message' || entry.kind === 'suppressed') && entry.text === command.text;
    case 'note':
      return entry.kind === 'note' && entry.text === command.text;
    case 'request-handoff':
      return entry.kind === 'handoff-requested';
    case 'claim':
      return entry.kind === 'accepted';
    case 'decline':
      return entry.kind === 'offer-declined';
    case 'transfer':
      return entry.kind === 'transferred';
    case 'return':
      return entry.kind === 'returned';
    case 'close':
      return entry.kind === 'closed';
    case 'end':
      return entry.kind === 'closed' || entry.kind === 'user-left';
    case 'rate':
      return entry.kind === 'rated';
    default:
      return true;
  }
}
