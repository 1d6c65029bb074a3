import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { UsageError } from './options.ts';

export type Turn = { speaker: 'user' | 'bot'; text: string };
export type Dialogue = { id: string; services: string[]; turns: Turn[] };

/**
 * Reads dialogues, one a line.
 *
 * @param path of a `.jsonl` or `.jsonl.gz` file
 * @param limit dialogues read at most
 * @returns the dialogues, and how many turns without words were left out of them: nobody can say nothing
 * @throws {UsageError} naming the line that is no dialogue, or that a desk would not take
 */
export async function readDialogues(path: string, limit: number): Promise<{ dialogues: Dialogue[]; wordless: number }> {
  const dialogues: Dialogue[] = [];
  let wordless = 0;
  for (const [n, line] of (await read(path)).split('\n').entries()) {
    if (line.trim() === '') continue;
    const dialogue = check(line, `Line ${n + 1} of ${path}`);
    const turns = dialogue.turns.filter(({ text }) => text !== '');
    wordless += dialogue.turns.length - turns.length;
    dialogues.push({ ...dialogue, turns });
    if (dialogues.length >= limit) break;
  }
  if (dialogues.length === 0) throw new UsageError(`${path} holds no dialogue.`);
  return { dialogues, wordless };
}

/** The whole file at once: dialogues are text, and few megabytes are many. */
async function read(path: string): Promise<string> {
  try {
    const bytes = await readFile(path);
    return new TextDecoder('utf-8', { fatal: true }).decode(path.endsWith('.gz') ? await unpack(bytes) : bytes);
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${(error as Error).message}.`);
  }
}

const unpack = promisify(gunzip);

function check(line: string, where: string): Dialogue {
  let value: Partial<Dialogue> | null;
  try {
    value = JSON.parse(line) as Partial<Dialogue> | null;
  } catch {
    throw new UsageError(`${where} is not JSON.`);
  }
  const { id, services = [], turns } = value ?? {};
  if (typeof id !== 'string') throw new UsageError(`${where} has no "id".`);
  if (!Array.isArray(turns)) throw new UsageError(`${where} has no list of "turns".`);
  for (const [k, turn] of (turns as (Partial<Turn> | null)[]).entries()) {
    if (turn?.speaker !== 'user' && turn?.speaker !== 'bot')
      throw new UsageError(`${where}: turn ${k + 1} has a speaker that is neither "user" nor "bot".`);
    if (typeof turn.text !== 'string') throw new UsageError(`${where}: turn ${k + 1} has no "text".`);
    if ([...turn.text].length > longest)
      throw new UsageError(`${where}: turn ${k + 1} is longer than the ${longest} characters that one line may have.`);
  }
  return { id, services: Array.isArray(services) ? services.filter((one) => typeof one === 'string') : [], turns };
}

/** The longest line that the desk takes, in characters. */
const longest = 16_000;
