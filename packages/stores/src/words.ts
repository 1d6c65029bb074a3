import type { Entry } from '@parley/contracts';

/**
 * How text is cut into words and compared. Every adapter searches with these, so that all find the same.
 *
 * A word is a run of letters and digits, compared without case, accents and compatibility forms. Scripts that are
 * written without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) count each character as a word.
 */

/** Put before and after a hit in a snippet. From the private use area; a snippet contains them nowhere else. */
export const hitStart = '\uE000';
export const hitEnd = '\uE001';

/** Words that must follow each other; `prefix` lets the last one be the beginning of a longer word. */
export type Phrase = { words: readonly string[]; prefix: boolean };

/**
 * @param text what a person typed into the search box
 * @returns the phrases that must all occur in a conversation, empty when `text` has no word.
 *   What is written without a space (`a@b.example`, `2026-03-01`, Chinese) is one phrase
 */
export function phrasesOf(text: string): Phrase[] {
  const chunks = text.split(/\s+/u).map(wordsOf);
  const phrases = chunks.filter((words) => words.length > 0).map((words) => ({ words, prefix: false }));
  const last = phrases.at(-1);
  // One letter would begin a word of almost every conversation.
  if (last) last.prefix = last.words.at(-1)!.length > 1;
  return phrases;
}

/** What of an entry can be found: everything that somebody said, noted or gave as a reason. */
export function textOf(entry: Entry): string | undefined {
  switch (entry.kind) {
    case 'message':
    case 'suppressed':
    case 'note':
      return entry.text;
    case 'handoff-requested':
      return [entry.packet.reason, entry.packet.summary].filter((part) => part !== undefined).join('\n');
    case 'returned':
      return entry.packet.comment;
    case 'transferred':
    case 'closed':
    case 'rated':
      return entry.comment;
    case 'offer-declined':
      return entry.reason;
    default:
      return undefined;
  }
}

export function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const { word } of tokens(text)) words.push(word);
  return words;
}

export function contains(words: readonly string[], phrase: Phrase): boolean {
  return indexIn(words, phrase, 0) >= 0;
}

/**
 * A passage of `text` around the first hit, in one line, hits between `hitStart` and `hitEnd`, cut with `…`.
 *
 * @returns the beginning of the text when nothing matches
 */
export function snippetOf(text: string, phrases: readonly Phrase[]): string {
  const all = [...tokens(text)];
  const words = all.map(({ word }) => word);
  const hit = new Set<number>();
  for (const phrase of phrases)
    for (let at = indexIn(words, phrase, 0); at >= 0; at = indexIn(words, phrase, at + 1))
      for (let i = 0; i < phrase.words.length; i++) hit.add(at + i);

  const first = all[Math.min(...hit)];
  const from = first ? (all.find(({ start }) => start >= first.start - before)?.start ?? first.start) : 0;
  const begin = from <= 8 ? 0 : from;
  const to =
    begin + length >= text.length
      ? text.length
      : (all.findLast(({ end }) => end <= begin + length)?.end ?? begin + length);

  let out = '';
  let at = begin;
  for (const [i, { start, end }] of all.entries()) {
    if (!hit.has(i) || start < begin || start >= to) continue;
    out += clean(text.slice(at, start)) + hitStart + clean(text.slice(start, end)) + hitEnd;
    at = end;
  }
  out += clean(text.slice(at, Math.max(at, to)));
  // Hits that touch, as in scripts without spaces, are one.
  out = out.replaceAll(hitEnd + hitStart, '');
  return (begin > 0 ? '…' : '') + out.trim() + (to < text.length ? '…' : '');
}

const before = 60;
const length = 200;

const spaceless = String.raw`\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}`;
const wordPattern = new RegExp(
  String.raw`[[\p{L}\p{N}]&&[${spaceless}]]\p{M}*|[[\p{L}\p{N}\p{M}]--[${spaceless}]]+`,
  'gv',
);

function* tokens(text: string): Generator<{ word: string; start: number; end: number }> {
  for (const match of text.matchAll(wordPattern)) {
    const word = fold(match[0]);
    if (word !== '') yield { word, start: match.index, end: match.index + match[0].length };
  }
}

function fold(raw: string): string {
  const lower = raw.toLowerCase();
  const plain = /^[a-z0-9]+$/.test(lower) ? lower : lower.normalize('NFKD').replace(/[^\p{L}\p{N}]/gu, '');
  return plain.length > 64 ? plain.slice(0, 64).toWellFormed() : plain;
}

function indexIn(words: readonly string[], phrase: Phrase, from: number): number {
  const last = phrase.words.length - 1;
  for (let at = from; at + last < words.length; at++)
    if (
      phrase.words.every((word, i) =>
        i === last && phrase.prefix ? words[at + i]!.startsWith(word) : words[at + i] === word,
      )
    )
      return at;
  return -1;
}

function clean(text: string): string {
  return text
    .replace(/[\uE000\uE001]/g, '')
    .replace(/\s+/gu, ' ')
    .toWellFormed();
}
