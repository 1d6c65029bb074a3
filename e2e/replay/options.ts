import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { tenants } from '@parley/sandbox';

export const usage = `Usage: pnpm replay FILE [--limit N] [--clients N] [--consultants N] [--store sqlite|memory]
       pnpm replay FILE --url DESK [--sandbox SANDBOX] [--limit N] [--clients N] [--consultants N]
FILE holds one dialogue a line, as JSON, plain or packed (.gz):
  { "id": "…", "services": ["…"], "turns": [{ "speaker": "user" | "bot", "text": "…" }] }
Without --url the replay starts a desk and a sandbox of its own and removes them at the end.`;

/** Wrong usage: the message says what to do instead. */
export class UsageError extends Error {
  override name = 'UsageError';
}

export type Options = {
  file: string;
  /** Dialogues played at most. */
  limit: number;
  /** Client organisations that share the dialogues. */
  clients: number;
  /** Robot consultants of each client. */
  consultants: number;
  desk: { own: true; store: 'sqlite' | 'memory' } | { own: false; url: string; sandbox: string };
};

/** The client organisations that a replay can play for: those of the sandbox that have a bot. */
export const playable = tenants.filter((tenant) => tenant.bot !== undefined);

/**
 * @param args what follows the script's name
 * @throws {UsageError}
 */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parse(args[0] === '--' ? args.slice(1) : [...args]);
  const [file, ...more] = positionals;
  if (file === undefined) throw new UsageError('Name the file with the dialogues.');
  if (more.length > 0) throw new UsageError(`One file at a time: "${more[0]}" is one too many.`);

  return {
    file: find(file),
    limit: count('limit', values.limit, Number.POSITIVE_INFINITY),
    clients: count('clients', values.clients, playable.length, playable.length),
    consultants: count('consultants', values.consultants, 3, 50),
    desk: deskOf(values),
  };
}

function parse(args: string[]) {
  try {
    const text = { type: 'string' } as const;
    return parseArgs({
      args,
      allowPositionals: true,
      options: { limit: text, clients: text, consultants: text, url: text, sandbox: text, store: text },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function deskOf({ url, sandbox, store }: { url?: string; sandbox?: string; store?: string }): Options['desk'] {
  if (url !== undefined) {
    if (store !== undefined)
      throw new UsageError('--store is for a desk of the replay’s own: leave it out with --url.');
    return { own: false, url: address('url', url), sandbox: address('sandbox', sandbox ?? 'http://localhost:4400') };
  }
  if (sandbox !== undefined) throw new UsageError('--sandbox needs --url: which desk belongs to that sandbox?');
  const kind = store ?? 'sqlite';
  if (kind !== 'sqlite' && kind !== 'memory') throw new UsageError(`--store is "${kind}": choose sqlite or memory.`);
  return { own: true, store: kind };
}

function count(name: string, text: string | undefined, usual: number, most = Number.MAX_SAFE_INTEGER): number {
  if (text === undefined) return usual;
  const number = /^\d+$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= most) return number;
  const range = most < Number.MAX_SAFE_INTEGER ? ` from 1 to ${most}` : ' of at least 1';
  throw new UsageError(`--${name} is "${text}": give a whole number${range}.`);
}

function address(name: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol)) return url.origin;
  throw new UsageError(`--${name} is "${text}": give an address such as http://localhost:4300.`);
}

/** A script of the package manager runs in the root; what was typed is meant from where it was typed. */
function find(file: string): string {
  const { INIT_CWD } = process.env;
  const path = [resolve(file), ...(INIT_CWD ? [resolve(INIT_CWD, file)] : [])].find(existsSync);
  if (path === undefined) throw new UsageError(`There is no file ${file}.`);
  return path;
}
