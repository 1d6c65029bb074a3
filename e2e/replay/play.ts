import {
  paths,
  type CommandAnswer,
  type Entry,
  type HandoffAnswer,
  type Turn,
  type TurnResult,
  type TurnsAnswer,
} from '@parley/contracts';
import type { CallbackServer } from './callback-server.ts';
import type { Crew, Taken } from './crew.ts';
import type { Dialogue } from './dialogues.ts';
import type { Robot } from './robot.ts';
import type { Screen } from './screen.ts';

/** A dialogue after it was played, with what its witnesses saw. */
export type Played = {
  dialogue: Dialogue;
  crew: Crew;
  /** Turns that the bot recorded before it asked for a human; the bot turns after them are the consultant's replies. */
  half: number;
  /** Id of the conversation, once there is one. */
  conversation?: string;
  /** What the consultant found when the conversation arrived. */
  history?: Entry[];
  /** The consultant's screen at the end. */
  screen?: Entry[];
  /** Replies as the bot's callback received them. */
  received?: string[];
  /** Why it was not played to its end. */
  trouble?: string;
};

type Place = { channel: string; conversation: string };

/**
 * Plays one dialogue: the bot records its first half and asks for a human, a robot takes it and reads the history,
 * user and robot speak the second half, and the robot closes it.
 *
 * @param n which dialogue it is; decides where it is cut and in which queue it waits
 * @param run makes the names of this replay's conversations its own
 * @param callbacks where the replies arrive, if they arrive here
 */
export async function play(
  dialogue: Dialogue,
  n: number,
  run: string,
  crew: Crew,
  callbacks?: CallbackServer,
): Promise<Played> {
  const place = { channel: 'replay', conversation: `replay-${run}-${n}` };
  const played: Played = { dialogue, crew, half: (dialogue.turns.length + (n % 2)) >> 1 };
  try {
    await record(played, place);
    await converse(played, place, await handOver(played, n, place), callbacks);
  } catch (error) {
    crew.signal.throwIfAborted();
    played.trouble = (error as Error).message;
  }
  return played;
}

/** The bot holds the floor and records what is said, in batches of one to four lines. */
async function record({ dialogue, half, crew }: Played, place: Place): Promise<void> {
  const left = dialogue.turns.slice(0, half).map((_, k) => turn(dialogue, k, place));
  for (let size = 1; left.length > 0; size = (size % 4) + 1) {
    const turns = left.splice(0, size);
    // A batch of long lines is more than the desk takes at once.
    while (turns.length > 1 && Buffer.byteLength(JSON.stringify(turns)) > batchBytes) left.unshift(turns.pop() as Turn);
    const { results } = await crew.bot.post<TurnsAnswer>(paths.botTurns, { turns });
    for (const result of results) requireFloor(result, 'bot');
  }
}

async function handOver(played: Played, n: number, place: Place): Promise<Taken> {
  const { dialogue, crew, half } = played;
  const queue = crew.queues[n % crew.queues.length] as string;
  const said = dialogue.turns.slice(0, half).findLast(({ speaker }) => speaker === 'user')?.text;
  crew.expect(place.conversation, n);
  const answer = await crew.bot.post<HandoffAnswer>(paths.botHandoffs, {
    ...place,
    id: 'handoff',
    user: userOf(place),
    queue,
    packet: {
      reason: 'The user asked for a person',
      ...(said === undefined ? {} : { lastPhrase: [...said].slice(0, 500).join('') }),
      topics: dialogue.services.slice(0, 20).map((service) => service.slice(0, 100)),
    },
  });
  played.conversation = answer.conversation;
  if (answer.floor !== 'human') throw new Error(`After the handoff the floor is with the ${answer.floor}.`);
  return crew.taken(place.conversation, answer.queue);
}

async function converse(
  played: Played,
  place: Place,
  { robot, conversation }: Taken,
  callbacks?: CallbackServer,
): Promise<void> {
  const { dialogue, crew, half } = played;
  const { id } = conversation;
  const screen = await robot.open(conversation);
  played.history = [...screen.entries];
  played.screen = screen.entries;
  const inbox = callbacks?.inbox(crew.client, place.conversation);

  let replies = 0;
  for (let k = half; k < dialogue.turns.length; k++) {
    if (dialogue.turns[k]?.speaker === 'bot') {
      await reply(robot, screen, dialogue, k);
      replies += 1;
    } else {
      // The user answers what has reached the user.
      await inbox?.until(() => inbox.replies.length >= replies, arrivalMs, crew.signal);
      await screen.reached(await ask(crew, dialogue, k, place));
    }
  }
  const [outcome] = robot.session.outcomes;
  const closed = await robot.command(id, 'close', { id: 'close', outcome: outcome?.id ?? 'resolved' });
  await screen.reached(closed.conversation.seq);
  await robot.leave(id);
  await inbox?.until(() => inbox.completed, arrivalMs, crew.signal);
  if (inbox) played.received = inbox.replies.map(({ text }) => text);
}

/** The user says a line. @returns its number */
async function ask(crew: Crew, dialogue: Dialogue, k: number, place: Place): Promise<number> {
  const body = { turns: [turn(dialogue, k, place)] };
  const first = await crew.bot.post<TurnsAnswer>(paths.botTurns, body);
  const seq = requireFloor(first.results[0], 'human');
  if (isRepeated(k)) {
    const { results } = await crew.bot.post<TurnsAnswer>(paths.botTurns, body);
    if (results[0]?.outcome !== 'repeated' || results[0].seq !== seq)
      throw new Error(
        `Turn ${k} sent twice was ${results[0]?.outcome} as ${results[0]?.seq} the second time, not repeated as ${seq}.`,
      );
  }
  return seq;
}

async function reply(robot: Robot, screen: Screen, { turns }: Dialogue, k: number): Promise<void> {
  const { id, epoch } = screen.conversation;
  const body = { id: `reply-${k}`, text: turns[k]?.text as string, epoch };
  const { entries } = await robot.command(id, 'reply', body);
  if (isRepeated(k)) {
    const again: CommandAnswer = await robot.command(id, 'reply', body);
    if (!again.repeated) throw new Error(`Reply ${k} sent twice was not recognised the second time.`);
  }
  await screen.reached(entries.at(-1)?.seq ?? 0);
}

/** Every so often a line is sent twice, as after a lost answer. An odd step, since speakers take turns. */
function isRepeated(k: number): boolean {
  return k % 7 === 5;
}

function turn({ turns }: Dialogue, k: number, place: Place): Turn {
  const { speaker, text } = turns[k] as Dialogue['turns'][number];
  return { ...place, id: `turn-${k}`, speaker, text, user: userOf(place) };
}

function userOf({ conversation }: Place): Turn['user'] {
  return { id: `dl_${conversation}`, name: 'Jonas Weber' };
}

function requireFloor(result: TurnResult | undefined, floor: TurnResult['floor']): number {
  if (
    result?.seq === undefined ||
    (result.outcome !== 'stored' && result.outcome !== 'repeated') ||
    result.floor !== floor
  )
    throw new Error(`A turn was ${result?.outcome} ${result?.code ?? ''} with the floor at ${result?.floor}.`);
  return result.seq;
}

const batchBytes = 128 * 1024;

/** So long a callback may take before the replay goes on without it; what is missing shows in the comparison. */
const arrivalMs = 30_000;
