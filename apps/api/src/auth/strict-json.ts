/** Thrown for text that a careful reader refuses although `JSON.parse` might take it. */
export class StrictJsonError extends Error {
  override name = 'StrictJsonError';
}

export type StrictObject = { readonly [name: string]: unknown };

/**
 * Reads a JSON object so that no other reader can understand it differently: no member twice (also not after decoding
 * `\u` escapes), no member that reaches a prototype, no NUL, no lone surrogate, nothing deeper than `maxDepth`.
 * @returns an object without a prototype, its nested objects likewise
 * @throws {StrictJsonError}
 */
export function parseStrictObject(text: string, maxDepth = 8): StrictObject {
  const reader = createReader(text, maxDepth);
  const value = reader.object(1);
  reader.end();
  return value;
}

const stringPattern = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y;
const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const spacePattern = /[ \t\n\r]*/y;
const prototypeNames = new Set(['__proto__', 'constructor', 'prototype']);

function createReader(text: string, maxDepth: number) {
  let position = 0;

  function fail(reason: string): never {
    throw new StrictJsonError(reason);
  }

  function match(pattern: RegExp): string | undefined {
    pattern.lastIndex = position;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) position += found.length;
    return found;
  }

  function skipSpace(): void {
    match(spacePattern);
  }

  function take(character: string): boolean {
    skipSpace();
    if (text[position] !== character) return false;
    position += 1;
    return true;
  }

  function expect(character: string): void {
    if (!take(character)) fail('syntax');
  }

  function string(): string {
    skipSpace();
    const literal = match(stringPattern) ?? fail('syntax');
    const value = JSON.parse(literal) as string;
    if (value.includes('\u0000') || !value.isWellFormed()) fail('character');
    return value;
  }

  function number(): number {
    return Number(match(numberPattern) ?? fail('syntax'));
  }

  function keyword<T>(word: string, value: T): T {
    if (!text.startsWith(word, position)) fail('syntax');
    position += word.length;
    return value;
  }

  function array(depth: number): unknown[] {
    if (depth > maxDepth) fail('depth');
    expect('[');
    const items: unknown[] = [];
    if (take(']')) return items;
    do items.push(value(depth));
    while (take(','));
    expect(']');
    return items;
  }

  function object(depth: number): StrictObject {
    if (depth > maxDepth) fail('depth');
    expect('{');
    const members: Record<string, unknown> = Object.create(null);
    if (take('}')) return members;
    do {
      const name = string();
      if (prototypeNames.has(name)) fail('prototype');
      if (name in members) fail('duplicate');
      expect(':');
      members[name] = value(depth);
    } while (take(','));
    expect('}');
    return members;
  }

  function value(depth: number): unknown {
    skipSpace();
    switch (text[position]) {
      case '{':
        return object(depth + 1);
      case '[':
        return array(depth + 1);
      case '"':
        return string();
      case 't':
        return keyword('true', true);
      case 'f':
        return keyword('false', false);
      case 'n':
        return keyword('null', null);
      default:
        return number();
    }
  }

  function end(): void {
    skipSpace();
    if (position !== text.length) fail('syntax');
  }

  return { object, end };
}
