import { parentPort } from 'node:worker_threads';
import type { Answered, Asked, Request } from './background.ts';
import { seqsEach } from './conversations.ts';
import { connect, type Opening } from './database.ts';
import type { Database, Statement } from './driver.ts';

/** The thread behind `Background`. */
const files = new Map<string, { db: Database; matches?: Statement }>();

parentPort!.on('message', ({ n, request }: Asked) => {
  try {
    parentPort!.postMessage({ n, value: serve(request) } satisfies Answered);
  } catch (error) {
    const { message, code } = error as Error & { code?: string };
    parentPort!.postMessage({ n, error: { message, code } } satisfies Answered);
  }
});

function serve(request: Request): unknown {
  switch (request.what) {
    case 'checkpoint':
      return void open(request.opening).db.pragma('wal_checkpoint(passive)');
    case 'match': {
      const file = open(request.opening);
      // Words hold letters and digits only, so nothing in them can be query syntax.
      const statement = (file.matches ??= file.db
        .prepare('select rowid from words where words match ? order by rowid')
        .pluck());
      return bestRows(
        request.phrases.map(
          ({ words, prefix }) => statement.all(`"${words.join(' ')}"${prefix ? ' *' : ''}`) as number[],
        ),
      );
    }
    case 'release':
      files.get(request.file)?.db.close();
      return void files.delete(request.file);
  }
}

function open(opening: Opening) {
  const file = files.get(opening.file) ?? { db: connect(opening) };
  files.set(opening.file, file);
  return file;
}

/**
 * Of each conversation that is in all lists, the newest row that is in all of them; where there is none, the newest of the first.
 *
 * @param lists ascending rowids, one list per phrase
 */
function bestRows(lists: readonly number[][]): Float64Array {
  const [first = [], ...rest] = lists;
  const conversations = rest.map((rows) => new Set(rows.map(conversationOf)));
  const sets = rest.map((rows) => new Set(rows));
  const best = new Map<number, { row: number; whole: boolean }>();
  for (const row of first) {
    const conversation = conversationOf(row);
    if (!conversations.every((set) => set.has(conversation))) continue;
    const whole = sets.every((set) => set.has(row));
    if (whole || !best.get(conversation)?.whole) best.set(conversation, { row, whole });
  }
  return Float64Array.from(best.values(), ({ row }) => row);
}

function conversationOf(rowid: number): number {
  return Math.floor(rowid / seqsEach);
}
