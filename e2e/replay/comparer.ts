/** One line of a conversation, as a file has it or as somebody reads it back. */
export type Line = { by: 'user' | 'bot' | 'consultant'; text: string };

/** How what was read differs from what was said. Everything is counted in lines. */
export type Differences = {
  /** Said, and not there. */
  lost: Line[];
  /** There more often than it was said. */
  doubled: Line[];
  /** Said in other words, or by somebody else. */
  altered: { said: Line; read: Line }[];
  /** There, and never said. */
  added: Line[];
  /** Nothing is missing and nothing is too much, but the order is another: the first line that stands elsewhere. */
  swapped?: { at: number; said: Line; read: Line };
};

/**
 * Compares what was said with what was read: text, speaker and order.
 * @param said the truth
 */
export function compare(said: readonly Line[], read: readonly Line[]): Differences {
  const missing = without(said, read);
  const tooMuch = without(read, said);
  const known = new Set(said.map(key));
  const doubled = tooMuch.filter((line) => known.has(key(line)));
  const foreign = tooMuch.filter((line) => !known.has(key(line)));

  // A line that is missing and one that nobody said are the same line, changed on its way.
  const pairs = Math.min(missing.length, foreign.length);
  const altered = missing.slice(0, pairs).map((line, n) => ({ said: line, read: foreign[n] as Line }));
  const differences: Differences = { lost: missing.slice(pairs), doubled, altered, added: foreign.slice(pairs) };
  if (missing.length > 0 || tooMuch.length > 0) return differences;

  const at = said.findIndex((line, n) => key(line) !== key(read[n] as Line));
  if (at >= 0) differences.swapped = { at, said: said[at] as Line, read: read[at] as Line };
  return differences;
}

export function isEqual({ lost, doubled, altered, added, swapped }: Differences): boolean {
  return lost.length + doubled.length + altered.length + added.length === 0 && swapped === undefined;
}

/** The differences in words, a sentence each. */
export function describe({ lost, doubled, altered, added, swapped }: Differences): string[] {
  return [
    ...lost.map((line) => `lost ${show(line)}`),
    ...doubled.map((line) => `doubled ${show(line)}`),
    ...altered.map(({ said, read }) => `altered ${show(said)} to ${show(read)}`),
    ...added.map((line) => `added ${show(line)}`),
    ...(swapped
      ? [`swapped: line ${swapped.at + 1} should be ${show(swapped.said)} and is ${show(swapped.read)}`]
      : []),
  ];
}

/** The lines of `all` that are left when each line of `taken` has taken one like it away. */
function without(all: readonly Line[], taken: readonly Line[]): Line[] {
  const times = new Map<string, number>();
  for (const line of taken) times.set(key(line), (times.get(key(line)) ?? 0) + 1);
  return all.filter((line) => {
    const left = times.get(key(line)) ?? 0;
    times.set(key(line), left - 1);
    return left <= 0;
  });
}

function key({ by, text }: Line): string {
  return `${by} ${text}`;
}

function show({ by, text }: Line): string {
  return `${by} ${JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)}`;
}
