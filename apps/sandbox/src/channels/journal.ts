import { createWriteStream, mkdirSync, readFileSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';

/** An append-only file of JSON lines. */
export interface Journal<Entry> {
  /** What earlier runs wrote. */
  readonly past: readonly Entry[];
  append(entry: Entry): void;
  /** Resolves when everything appended is handed to the disk. */
  close(): Promise<void>;
}

/**
 * Opens or creates the journal. A last line cut off by a crash is removed.
 * @param file without it nothing is kept.
 * @throws when the file cannot be read or written, or holds a broken line other than the last.
 */
export function openJournal<Entry>(file: string | undefined): Journal<Entry> {
  if (file === undefined) return { past: [], append: () => undefined, close: () => Promise.resolve() };
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const past = readLines<Entry>(file);
  const stream = createWriteStream(file, { flags: 'a', mode: 0o600 });
  let failure: Error | undefined;
  stream.on('error', (error) => {
    failure = error;
  });
  return {
    past,
    append(entry) {
      if (failure) throw new Error(`The journal ${file} cannot be written`, { cause: failure });
      stream.write(`${JSON.stringify(entry)}\n`);
    },
    close: () =>
      new Promise((resolve) => {
        if (stream.destroyed) return resolve();
        stream.end(resolve);
      }),
  };
}

function readLines<Entry>(file: string): Entry[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const whole = bytes.lastIndexOf(0x0a) + 1;
  if (whole < bytes.length) truncateSync(file, whole);
  return bytes
    .subarray(0, whole)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Entry);
}
