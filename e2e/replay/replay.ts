import { randomBytes } from 'node:crypto';
import { Crew } from './crew.ts';
import type { Dialogue } from './dialogues.ts';
import { playable, type Options } from './options.ts';
import { startOwnDesk, type RunningDesk } from './own-desk.ts';
import { play, type Played } from './play.ts';
import { judge, readBack, type Verdict } from './verdict.ts';

export type Summary = {
  /** Dialogues compared. */
  dialogues: number;
  /** Turns of these dialogues. */
  turns: number;
  equal: number;
  different: number;
  /** Lines that were said and not found, in any of the places they should be. */
  lost: number;
  /** Lines found more often than they were said. */
  duplicated: number;
  seconds: number;
};

export type Reporter = {
  /** Called often: how far the replay is. */
  progress(what: string, done: number, of: number): void;
  /** Something a reader of the result wants to know. */
  say(line: string): void;
};

/**
 * Plays all dialogues through a desk and compares what comes back.
 * @param stop ends the replay early; what was compared by then counts
 * @returns the sums; why it ended early is told to the reporter
 */
export async function replay(
  dialogues: readonly Dialogue[],
  options: Options,
  reporter: Reporter,
  stop: AbortSignal,
): Promise<Summary> {
  const started = performance.now();
  const summary: Summary = { dialogues: 0, turns: 0, equal: 0, different: 0, lost: 0, duplicated: 0, seconds: 0 };
  try {
    await withDesk(options, reporter, stop, async (desk, crews, signal) => {
      const played = await playAll(dialogues, desk, crews, reporter);
      await readAll(played, summary, reporter, signal);
    });
  } catch (error) {
    reporter.say(stop.aborted ? 'Stopped.' : `The replay broke off: ${(error as Error).message}`);
  }
  return { ...summary, seconds: (performance.now() - started) / 1_000 };
}

type Work = (desk: RunningDesk, crews: readonly Crew[], signal: AbortSignal) => Promise<void>;

/** Everything started here is stopped again, however the work ends. */
async function withDesk(
  { desk: where, clients, consultants }: Options,
  reporter: Reporter,
  stop: AbortSignal,
  work: Work,
): Promise<void> {
  reporter.say(
    where.own
      ? `Starting a desk of our own (${where.store}) …`
      : `Playing on ${where.url}: its bot gets the replies, so only transcripts and screens are compared.`,
  );
  const desk = where.own ? await startOwnDesk(where.store) : foreignDesk(where);
  const broken = new AbortController();
  void desk.died?.then((why) => broken.abort(new Error(why)));
  const signal = AbortSignal.any([stop, broken.signal]);
  const crews: Crew[] = [];
  try {
    for (const tenant of playable.slice(0, clients))
      crews.push(await Crew.start({ ...desk, tenant, consultants, signal }));
    await work(desk, crews, signal);
    reporter.say(recoveries(desk, crews));
  } catch (error) {
    for (const line of desk.lastWords()) reporter.say(line);
    throw signal.aborted ? signal.reason : error;
  } finally {
    await Promise.allSettled(crews.map((crew) => crew.stop(!where.own)));
    await desk.close();
  }
}

function foreignDesk({ url, sandbox }: { url: string; sandbox: string }): RunningDesk {
  // A sandbox that was told nothing else knows the console on the desk's usual port.
  const redirectUris = [`${url}/auth.html`, 'http://localhost:4300/auth.html'];
  return { url, sandbox, redirectUris, lastWords: () => [], close: async () => undefined };
}

/** @returns every dialogue, played to its end or not, in the order of the file */
async function playAll(
  dialogues: readonly Dialogue[],
  desk: RunningDesk,
  crews: readonly Crew[],
  reporter: Reporter,
): Promise<Played[]> {
  const run = randomBytes(5).toString('hex');
  const played: Played[] = [];
  let done = 0;
  const work = crews.map((crew, c) => {
    const mine = [...dialogues.entries()].filter(([n]) => n % crews.length === c);
    if (crew.room === 0)
      throw new Error(`The consultants of ${crew.client} hold as many conversations as they can already.`);
    return inFlight(Math.min(atOnce, crew.room), mine, async ([n, dialogue]) => {
      played[n] = await play(dialogue, Math.floor(n / crews.length), `${run}-${crew.client}`, crew, desk.callbacks);
      reporter.progress('played', ++done, dialogues.length);
    });
  });
  await Promise.all(work);
  return played;
}

async function readAll(
  played: readonly Played[],
  summary: Summary,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<void> {
  await inFlight(atOnce, played, async (one) => {
    const verdict = await readBack(one).then(
      (transcript) => judge(one, transcript),
      (error: unknown): Verdict => {
        signal.throwIfAborted();
        return {
          equal: false,
          lost: 0,
          duplicated: 0,
          complaints: [`cannot be read back: ${(error as Error).message}`],
        };
      },
    );
    summary.dialogues += 1;
    summary.turns += one.dialogue.turns.length;
    summary[verdict.equal ? 'equal' : 'different'] += 1;
    summary.lost += verdict.lost;
    summary.duplicated += verdict.duplicated;
    if (!verdict.equal && summary.different <= shown) complain(one, verdict, reporter);
    reporter.progress('compared', summary.dialogues, played.length);
  });
}

function complain({ dialogue, crew, conversation }: Played, { complaints }: Verdict, reporter: Reporter): void {
  reporter.say(`${dialogue.id} (${crew.client}, ${conversation ?? 'no conversation'}):`);
  for (const complaint of complaints.slice(0, 5)) reporter.say(`  ${complaint}`);
  if (complaints.length > 5) reporter.say(`  and ${complaints.length - 5} more`);
}

/** What went well only at the second try: worth knowing, and no failure. */
function recoveries({ callbacks }: RunningDesk, crews: readonly Crew[]): string {
  const sum = (count: (crew: Crew) => number) => crews.reduce((all, crew) => all + count(crew), 0);
  const counts = [
    `${sum((crew) => crew.recoveries.gaps)} gaps and ${sum((crew) => crew.recoveries.silences)} silences filled by fetching`,
    `${sum((crew) => crew.recoveries.unheard)} handoffs found by looking`,
    `${sum((crew) => crew.repeated)} requests sent again`,
    ...(callbacks
      ? [`${callbacks.repeated} callback entries repeated`, `${callbacks.refused} callbacks with a wrong signature`]
      : []),
  ];
  return `Recoveries: ${counts.join(', ')}.`;
}

/** Does the same with all items, `limit` of them at once. The first failure ends it. */
async function inFlight<T>(limit: number, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const lane = async () => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: limit }, lane));
}

/** Dialogues of one client played at the same time. */
const atOnce = 24;

/** Dialogues whose differences are told in full. */
const shown = 20;
