import type { Attachment, Turn, User } from '@parley/contracts';
import { clean, isRecord, messageId } from './text.ts';

/** Whoever speaks or listens on a channel. */
export interface AccountLike {
  id?: string;
  name?: string;
  role?: string;
}

/** The part of an activity the SDK reads; those of botbuilder and of the Microsoft 365 Agents SDK have it. */
export interface ActivityLike {
  type?: string;
  id?: string | undefined;
  name?: string | undefined;
  text?: string | undefined;
  speak?: string | undefined;
  summary?: string | undefined;
  value?: unknown;
  channelId?: string | undefined;
  channelData?: unknown;
  serviceUrl?: string | undefined;
  locale?: string | undefined;
  timestamp?: Date | string | undefined;
  conversation?: { id?: string } | undefined;
  from?: AccountLike | undefined;
  recipient?: AccountLike | undefined;
  attachments?: readonly AttachmentLike[] | undefined;
}

export interface AttachmentLike {
  contentType?: string;
  contentUrl?: string;
  name?: string;
  content?: unknown;
}

/** A conversation as its channel names it. */
export interface Place {
  readonly channel: string;
  readonly conversation: string;
}

const textLength = 16_000;
const contentLength = 65_536;

/** @returns undefined for an activity that belongs to no conversation. */
export function placeOf(activity: ActivityLike): Place | undefined {
  const channel = activity.channelId?.toLowerCase();
  const conversation = activity.conversation?.id;
  if (!channel || !/^[a-z0-9-]{1,40}$/.test(channel) || !conversation || conversation.length > 512) return undefined;
  return { channel, conversation };
}

export function userOf(account: AccountLike | undefined, locale?: string): User {
  const name = account?.name ? clean(account.name, 200).trim() : '';
  const language = locale && /^[A-Za-z0-9-]{1,35}$/.test(locale) ? locale : undefined;
  return { id: (account?.id ?? '').slice(0, 256) || 'unknown', ...(name && { name }), ...(language && { language }) };
}

/** A message activity as a line for the desk. @returns undefined when it says nothing. */
export function turnOf(
  activity: ActivityLike,
  line: { place: Place; id: string; speaker: 'user' | 'bot'; user: User; announces?: number },
): Turn | undefined {
  const text = textOf(activity);
  if (text === '') return undefined;
  const attachments = attachmentsOf(activity);
  const at = activity.timestamp ? new Date(activity.timestamp).getTime() : Number.NaN;
  return {
    ...line.place,
    id: messageId(line.id),
    speaker: line.speaker,
    text,
    user: line.user,
    ...(attachments.length > 0 && { attachments }),
    ...(at >= 0 && { at }),
    ...(line.announces !== undefined && { announces: line.announces }),
  };
}

/** What stands for the activity in a transcript. A card or a button press without words is named by what it carries. */
function textOf(activity: ActivityLike): string {
  const said = clean(activity.text ?? '', textLength);
  if (said.trim() !== '') return said;
  const instead = activity.summary ?? activity.speak?.replace(/<[^>]*>/g, '') ?? namesOf(activity) ?? valueOf(activity);
  return clean(instead ?? '', textLength).trim();
}

function namesOf(activity: ActivityLike): string | undefined {
  const names = (activity.attachments ?? []).map((attachment) => {
    const content = isRecord(attachment.content) ? attachment.content : {};
    const titles = [attachment.name, content['title'], content['text'], attachment.contentType];
    return `[${titles.find((text): text is string => typeof text === 'string' && text !== '') ?? 'attachment'}]`;
  });
  return names.length > 0 ? names.join(' ') : undefined;
}

function valueOf(activity: ActivityLike): string | undefined {
  if (activity.value === undefined || activity.value === null) return undefined;
  return typeof activity.value === 'string' ? activity.value : JSON.stringify(activity.value);
}

function attachmentsOf(activity: ActivityLike): Attachment[] {
  return (activity.attachments ?? []).slice(0, 10).flatMap((attachment) => {
    const contentType = clean(attachment.contentType ?? '', 200);
    if (contentType === '') return [];
    const content = attachment.content === undefined ? undefined : JSON.stringify(attachment.content);
    const url = attachment.contentUrl;
    return [
      {
        contentType,
        ...(attachment.name && { name: clean(attachment.name, 300) }),
        ...(url && /^https?:\/\//i.test(url) && url.length <= 2_000 && { url }),
        ...(content !== undefined && content.length <= contentLength && { content: content.toWellFormed() }),
      },
    ];
  });
}
