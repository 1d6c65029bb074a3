/** Bytes of one activity, as the Connector and Direct Line accept them. */
export const activityLimit = 256 * 1024;

/** Who speaks or listens: https://github.com/microsoft/botframework-sdk/blob/main/specs/botframework-activity/botframework-activity.md */
export interface ChannelAccount {
  readonly id: string;
  readonly name?: string;
  readonly role?: string;
  readonly aadObjectId?: string;
}

export interface Attachment {
  readonly contentType: string;
  readonly contentUrl?: string;
  readonly content?: unknown;
  readonly name?: string;
  readonly thumbnailUrl?: string;
}

/** What travels between people, channels and bots. Unknown members travel along untouched. */
export interface Activity {
  readonly type: string;
  readonly id?: string;
  readonly from?: ChannelAccount;
  readonly text?: string;
  readonly attachments?: readonly Attachment[];
  readonly channelData?: unknown;
  readonly [member: string]: unknown;
}

/** An activity the channel has taken in: it has a name, an author and a time. */
export interface ChannelActivity extends Activity {
  readonly id: string;
  readonly from: ChannelAccount;
  readonly timestamp: string;
}

/** @returns the activity, or undefined when the value is none. */
export function readActivity(value: unknown): Activity | undefined {
  if (!isRecord(value) || typeof value['type'] !== 'string' || value['type'] === '') return undefined;
  if (value['from'] !== undefined && readAccount(value['from']) === undefined) return undefined;
  if (value['text'] !== undefined && value['text'] !== null && typeof value['text'] !== 'string') return undefined;
  if (value['attachments'] !== undefined && value['attachments'] !== null && !Array.isArray(value['attachments']))
    return undefined;
  return value as unknown as Activity;
}

/** @returns the account, or undefined when the value is none. */
export function readAccount(value: unknown): ChannelAccount | undefined {
  return isRecord(value) && typeof value['id'] === 'string' && value['id'] !== ''
    ? (value as unknown as ChannelAccount)
    : undefined;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
