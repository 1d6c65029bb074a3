import { createHash } from 'node:crypto';
import type { Turn, User } from '@parley/contracts';
import { turnOf } from './activity.ts';
import type { ActivityLike, Place } from './activity.ts';
import { isRecord } from './text.ts';

/**
 * The lines in the transcript that came with a handoff. It has three legal shapes: `{activities: […]}`, `{transcript: […]}` and a bare list.
 * A transcript given by URL is not fetched: whoever wrote the event would choose where the bot's server calls.
 * Source: https://github.com/microsoft/botframework-sdk/blob/main/specs/transcript/transcript.md (T2100, T2101, T2005)
 */
export function readTranscript(activity: ActivityLike, place: Place, user: User): Turn[] {
  const turns = (activity.attachments ?? [])
    .filter(
      (attachment) =>
        attachment.name?.toLowerCase() === 'transcript' || attachment.contentType?.startsWith('application/json'),
    )
    .flatMap((attachment) => activitiesOf(attachment.content))
    .flatMap((line) => lineOf(line, place, user));
  return [...new Map(turns.map((turn) => [turn.id, turn])).values()];
}

function activitiesOf(content: unknown): readonly unknown[] {
  const parsed = typeof content === 'string' ? parse(content) : content;
  if (Array.isArray(parsed)) return parsed;
  if (!isRecord(parsed)) return [];
  const list = parsed['activities'] ?? parsed['transcript'];
  return Array.isArray(list) ? list : [];
}

function lineOf(value: unknown, place: Place, user: User): Turn[] {
  if (!isRecord(value) || value['type'] !== 'message') return [];
  const line = value as ActivityLike;
  const speaker = speakerOf(line, user);
  const id =
    typeof line.id === 'string' && line.id !== ''
      ? line.id
      : `t-${digest([place.conversation, speaker, line.timestamp, line.text])}`;
  const turn = turnOf(line, { place, id, speaker, user });
  return turn ? [turn] : [];
}

function speakerOf({ from }: ActivityLike, user: User): 'user' | 'bot' {
  if (from?.role === 'user' || from?.role === 'bot') return from.role;
  return from?.id === undefined || from.id === user.id ? 'user' : 'bot';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function digest(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
