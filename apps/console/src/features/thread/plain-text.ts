import { LinkifyIt } from 'linkify-it';

export type TextPart = { text: string; href?: string };

const finder = new LinkifyIt({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });
for (const schema of ['ftp:', '//', 'mailto:']) finder.add(schema, null);

/** Cuts plain text into words and web addresses; nothing else becomes a link. */
export function textParts(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let at = 0;
  for (const found of finder.match(text) ?? []) {
    const href = safeHref(found.url);
    if (href === undefined) continue;
    if (found.index > at) parts.push({ text: text.slice(at, found.index) });
    parts.push({ text: text.slice(found.index, found.lastIndex), href });
    at = found.lastIndex;
  }
  if (at < text.length) parts.push({ text: text.slice(at) });
  return parts;
}

/** The address if it is http or https, else undefined. */
export function safeHref(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { protocol, href } = new URL(url);
  return protocol === 'https:' || protocol === 'http:' ? href : undefined;
}

/** The words of a card, as far as they can be had: titles, texts and what its buttons say. */
export function cardText(content: string | undefined): string[] {
  if (content === undefined) return [];
  let card: unknown;
  try {
    card = JSON.parse(content);
  } catch {
    return [];
  }
  const words: string[] = [];
  collect(card, words, 0);
  return [...new Set(words)].slice(0, 12);
}

function collect(value: unknown, words: string[], depth: number): void {
  if (depth > 8 || typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const each of value) collect(each, words, depth + 1);
    return;
  }
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner === 'string' && ['title', 'subtitle', 'text', 'altText'].includes(name) && inner.trim() !== '')
      words.push(inner);
    else if (typeof inner === 'object') collect(inner, words, depth + 1);
  }
}
