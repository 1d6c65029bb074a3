import type { Conversation, Entry } from '@parley/contracts';

/**
 * What every adapter checks in the same way. Breaking one of these is a mistake of the caller, so they throw.
 */

/** @throws RangeError unless `client` is a slug: it becomes part of file and container names */
export function checkClient(client: string): void {
  if (!/^[a-z][a-z0-9-]{1,30}$/.test(client))
    throw new RangeError('A client is named by a slug of 2 to 31 characters: a-z, 0-9 and -, a letter first.');
}

/** @throws RangeError when the numbers of a commit do not fit together, whatever is stored */
export function checkCommit(expected: number, next: Conversation, entries: readonly Entry[]): void {
  if (!Number.isSafeInteger(expected) || expected < 0 || next.version !== expected + 1)
    throw new RangeError(`Commit of ${next.id}: version ${next.version} does not follow the expected ${expected}.`);
  const first = next.seq - entries.length + 1;
  if (!Number.isSafeInteger(next.seq) || first < 1)
    throw new RangeError(`Commit of ${next.id}: seq ${next.seq} leaves no room for ${entries.length} entries.`);
  entries.forEach((entry, i) => {
    if (entry.seq !== first + i)
      throw new RangeError(
        `Commit of ${next.id}: entry ${i + 1} of ${entries.length} has seq ${entry.seq}, not ${first + i}.`,
      );
  });
  if (entries.length > 1 && new Set(entries.map(({ id }) => id)).size < entries.length)
    throw new RangeError(`Commit of ${next.id}: two of its entries have one id.`);
}

/** @returns an error when the entries leave a gap after what is stored */
export function gapAfter(stored: number, next: Conversation, entries: number): RangeError | undefined {
  return next.seq - entries === stored
    ? undefined
    : new RangeError(`Commit of ${next.id}: its ${entries} entries end at seq ${next.seq}, but ${stored} are stored.`);
}

/** @throws RangeError */
export function checkLimit(limit: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1) throw new RangeError(`A page has at least one item, not ${limit}.`);
}

/** @throws RangeError */
export function checkDocument(kind: string, key = ''): void {
  for (const name of [kind, key])
    if (name.length > 200 || !name.isWellFormed())
      throw new RangeError('Kind and key of a document are well-formed text of at most 200 characters.');
}

/** @throws TypeError when `value` has no JSON, RangeError for a bad kind or key */
export function documentText(kind: string, key: string, value: unknown): string {
  checkDocument(kind, key);
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`Document ${kind}/${key}: a value that JSON can carry is needed.`);
  return text;
}

/** Two numbers as an opaque cursor. */
export function makeCursor(a: number, b: number): string {
  return `${a}.${b}`;
}

/** @throws RangeError for a cursor that no store made */
export function readCursor(cursor: string): [number, number] {
  const match = /^(\d{1,16})\.(\d{1,16})$/.exec(cursor);
  if (!match) throw new RangeError('This cursor was not made by a store.');
  return [Number(match[1]), Number(match[2])];
}

/** @throws RangeError for a cursor that no store made */
export function readChange(cursor: string): number {
  if (!/^\d{1,15}$/.test(cursor)) throw new RangeError('This change cursor was not made by a store.');
  return Number(cursor);
}

export function isUndelivered({ delivery }: Conversation): boolean {
  return delivery.outSeq > delivery.deliveredSeq && delivery.failed === undefined;
}

export function queueOfHolder({ holder }: Conversation): string | undefined {
  return 'queue' in holder ? holder.queue : undefined;
}

export function consultantOf({ holder }: Conversation): string | undefined {
  return holder.state === 'assigned' ? holder.consultant.id : undefined;
}
