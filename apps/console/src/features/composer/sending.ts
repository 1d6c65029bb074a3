import { openVariable } from './canned.ts';

/** Milliseconds after a user's line during which Enter asks once more. */
export const guardTime = 700;
export const longest = 16_000;

/** Control characters other than tab and line feed are refused by the desk; pasted text may carry them. */
export function cleaned(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '')
    .trim();
}

/** Why a text cannot be sent as it is, or undefined. */
export function whyNotSend(text: string, mode: 'reply' | 'note'): string | undefined {
  const clean = cleaned(text);
  if (clean === '') return `Write ${mode === 'reply' ? 'a reply' : 'a note'} first.`;
  if (clean.length > longest) return `This is ${clean.length - longest} characters too long.`;
  const open = openVariable(clean);
  if (open !== undefined) return `Fill in {{${open.name}}} first.`;
  return undefined;
}

/** Whether a key press sends, under the person's setting; the other way of pressing Enter breaks the line. */
export function sends(
  event: { key: string; shiftKey: boolean; ctrlKey: boolean; metaKey: boolean; altKey: boolean; isComposing: boolean },
  setting: 'enter' | 'ctrl-enter',
): boolean {
  if (event.key !== 'Enter' || event.isComposing || event.altKey) return false;
  const withCtrl = event.ctrlKey || event.metaKey;
  return setting === 'enter' ? !event.shiftKey : withCtrl;
}

/** Whether a line that has just come in should be read before this goes out. */
export function tooFresh(arrivedAt: number | undefined, now: number): boolean {
  return arrivedAt !== undefined && now - arrivedAt < guardTime;
}
