import { noteOf } from '../line/activity.ts';
import type { Heard, Line } from '../line/line.ts';
import type { FrameOptions } from '../protocol.ts';
import type { Words } from './words.ts';

/** Hands the user what was said, as a text file. */
export function saveTranscript(line: Line, options: FrameOptions, words: Words): void {
  const url = URL.createObjectURL(
    new Blob([transcriptOf(line.heard(), options, words)], { type: 'text/plain;charset=utf-8' }),
  );
  const link = document.createElement('a');
  link.href = url;
  link.download = `${options.title.replace(/[^\p{L}\p{N}]+/gu, '-')}.txt`;
  link.click();
  URL.revokeObjectURL(url);
}

/** One paragraph a line: when, who, what. */
export function transcriptOf(
  heard: readonly Heard[],
  { locale, title }: Pick<FrameOptions, 'locale' | 'title'>,
  words: Words,
): string {
  const time = new Intl.DateTimeFormat(locale, { dateStyle: 'short', timeStyle: 'short' });
  const paragraphs = heard.flatMap(({ activity }) => {
    if (activity.type !== 'message') return [];
    const files = (activity.attachments ?? []).flatMap(({ name }) => (name ? [`[${name}]`] : []));
    const text = [activity.text ?? '', ...files].filter(Boolean).join('\n');
    if (text === '') return [];
    const who = activity.from?.role === 'user' ? words.you : (noteOf(activity).name ?? title);
    const when = activity.timestamp ? `${time.format(new Date(activity.timestamp))} ` : '';
    return [`${when}${who}:\n${text}`];
  });
  return `${title}\n\n${paragraphs.join('\n\n')}\n`;
}
