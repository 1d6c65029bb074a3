/** How the desk marks hits in a snippet. */
const hitStart = '\uE000';
const hitEnd = '\uE001';

export interface SnippetPart {
  text: string;
  hit: boolean;
}

/** Cuts a snippet at its marks. Marks that do not pair are left out and mark nothing. */
export function snippetParts(snippet: string): SnippetPart[] {
  const parts: SnippetPart[] = [];
  const add = (text: string, hit: boolean) => {
    const plain = text.replaceAll(/[\uE000\uE001]/g, '');
    if (plain !== '') parts.push({ text: plain, hit });
  };
  let at = 0;
  for (;;) {
    const start = snippet.indexOf(hitStart, at);
    const end = start < 0 ? -1 : snippet.indexOf(hitEnd, start);
    if (end < 0) break;
    add(snippet.slice(at, start), false);
    add(snippet.slice(start + 1, end), true);
    at = end + 1;
  }
  add(snippet.slice(at), false);
  return parts;
}
