import type { Dialogue, Turn } from './dialogues.ts';

/**
 * Dialogues that no people hold, and that a desk must carry all the same: each kind once, then again with other words.
 * @param count how many
 */
export function madeUp(count: number): Dialogue[] {
  return Array.from({ length: count }, (_, n) => {
    const kind = kinds[n % kinds.length] as Kind;
    return { id: `made-up/${n}`, services: [`Service_${n % 3}`], turns: kind(n) };
  });
}

type Kind = (n: number) => Turn[];

const kinds: Kind[] = [
  // Ordinary.
  (n) => alternate(10 + n, (k) => `line ${k} of dialogue ${n}`),
  // Letters from everywhere; composed and decomposed, right to left, outside the basic plane, joined.
  (n) =>
    alternate(
      12,
      (k) =>
        `${['naïve', 'nai\u0308ve', 'שלום עולם', 'مرحبا', '你好，世界', '👩🏽‍💻🏳️‍🌈', '𝔘𝔫𝔦𝔠𝔬𝔡𝔢', 'ﬁ Å Å', 'a\u0000b'.replace('\u0000', '\u200B')][k % 9]} ${n}`,
    ),
  // As long as a line may be, and longer than one page or one frame.
  (n) => alternate(4, (k) => `${k}${'x'.repeat(15_990)}${n}`),
  // Many bytes a character.
  (n) => alternate(8, (k) => `${k} ${'🏦'.repeat(15_990)}${n}`),
  // The same words over and over.
  () => alternate(24, (k) => (k % 2 ? 'ok' : 'yes')),
  // One speaker, the other never.
  (n) => Array.from({ length: 9 }, (_, k) => ({ speaker: 'user', text: `still there? ${k} ${n}` })),
  (n) => Array.from({ length: 9 }, (_, k) => ({ speaker: 'bot', text: `an announcement ${k} ${n}` })),
  // Several lines of one speaker in a row.
  (n) => Array.from({ length: 20 }, (_, k) => ({ speaker: k % 5 < 3 ? 'user' : 'bot', text: `in a row ${k} ${n}` })),
  // A single turn: one of the halves is empty.
  (n) => [{ speaker: 'user', text: `only this ${n}` }],
  (n) => [{ speaker: 'bot', text: `only that ${n}` }],
  // Nothing at all: both are.
  () => [],
  // What a parser, a page or a query might take for something else; spaces at the ends; several lines.
  (n) =>
    alternate(
      14,
      (k) =>
        `${['<b>&amp;</b>', "'; DROP TABLE entries; --", '{"type":6}\u001E'.slice(0, -1), '%00%0a', '  two spaces  ', 'a\nb\r\nc\td', '\\u0041 \\n', '-', '0', 'null', '﻿BOM', '${SANDBOX_URL}', '../../etc', '\u2028\u2029'][k]} ${n} `,
    ),
];

function alternate(length: number, text: (k: number) => string): Turn[] {
  return Array.from({ length }, (_, k) => ({ speaker: k % 2 ? 'bot' : 'user', text: text(k) }));
}
