/** How well a text answers what was typed: lower is better, undefined is not at all. Every typed word must begin a word of it. */
export function match(text: string, typed: string): number | undefined {
  const words = text.toLowerCase().split(/[^\p{L}\p{N}]+/u);
  let score = 0;
  for (const part of typed
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')) {
    const at = words.findIndex((word) => word.startsWith(part));
    if (at < 0) return undefined;
    score += at;
  }
  return score;
}

/** The items that match, best first; equally good ones stay in order. */
export function matching<T>(items: readonly T[], textOf: (item: T) => string, typed: string): T[] {
  return items
    .map((item) => ({ item, score: match(textOf(item), typed) }))
    .filter((each): each is { item: T; score: number } => each.score !== undefined)
    .sort((a, b) => a.score - b.score)
    .map(({ item }) => item);
}
