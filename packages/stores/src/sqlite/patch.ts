import type { Conversation } from '@parley/contracts';

/**
 * What makes one head of another, as text. Most commits change a few members of a head that is ten times as long.
 *
 * Members are compared by identity: heads are values, and the next one shares with its predecessor what did not change.
 *
 * @param before undefined where it is not at hand: the text then holds all of `next`
 */
export function patchOf(before: Conversation | undefined, next: Conversation): string {
  if (!before) return JSON.stringify(next);
  const old = before as Members;
  const now = next as Members;
  const set: Members = {};
  const drop: string[] = [];
  const slide: Slides = {};
  for (const key in now) {
    const value = now[key];
    if (value === old[key]) continue;
    if (value === undefined) drop.push(key);
    else if (isList(value) && isList(old[key])) slide[key] = slideOf(old[key], value);
    else set[key] = value;
  }
  for (const key in old) if (!(key in now)) drop.push(key);
  return JSON.stringify([set, slide, drop] satisfies Patch);
}

/** @param before the head that the patch was made for; it is not looked at when the patch holds everything */
export function applyPatch(before: Conversation | undefined, text: string): Conversation {
  const patch = JSON.parse(text) as Patch | Conversation;
  if (!Array.isArray(patch)) return patch;
  if (!before) throw new Error('The store holds a change of a head that it does not hold.');
  const [set, slide, drop] = patch;
  const next: Members = { ...before, ...set };
  for (const [key, [gone, added]] of Object.entries(slide))
    next[key] = [...((before as Members)[key] as unknown[]).slice(gone), ...added];
  for (const key of drop) delete next[key];
  return next as Conversation;
}

/** How many go at the front and what comes at the end: so change lists that keep what is newest. */
function slideOf(old: readonly unknown[], now: readonly unknown[]): [number, unknown[]] {
  let gone = Math.max(0, old.length - now.length);
  while (gone < old.length && !old.slice(gone).every((item, i) => item === now[i])) gone++;
  return [gone, now.slice(old.length - gone)];
}

function isList(value: unknown): value is unknown[] {
  return Array.isArray(value);
}

type Members = Record<string, unknown>;
type Slides = Record<string, [gone: number, added: unknown[]]>;
type Patch = [set: Members, slide: Slides, drop: string[]];
