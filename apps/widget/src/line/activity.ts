/** The part of a Bot Framework activity that the widget reads. */
export interface Activity {
  readonly type: string;
  readonly id?: string;
  readonly name?: string;
  readonly text?: string;
  readonly timestamp?: string;
  readonly value?: unknown;
  readonly from?: { readonly id?: string; readonly name?: string; readonly role?: string };
  readonly channelData?: Readonly<Record<string, unknown>>;
  readonly attachments?: readonly {
    readonly contentType: string;
    readonly contentUrl?: string;
    readonly name?: string;
  }[];
  readonly [member: string]: unknown;
}

/** What the desk's side tells the web chat about a line. */
export interface ParleyNote {
  /** Place in the conversation's log at the desk, and name of the consultant who said it. */
  readonly seq?: number;
  readonly id?: string;
  readonly name?: string;
  /** The line tells of the handoff that stands at this place of the log. */
  readonly announces?: number;
  /** Said by the bot's side about the desk, not by the bot. */
  readonly notice?: boolean;
}

export function noteOf({ channelData }: Activity): ParleyNote {
  const note = channelData?.['parley'];
  return typeof note === 'object' && note !== null ? note : {};
}

export function isConsultants(activity: Activity): boolean {
  return activity.type === 'message' && typeof noteOf(activity).name === 'string';
}

/** The id this page gave a line before the channel gave it another. Some bots copy it into their answer, where it means nothing. */
export function senderIdOf({ channelData, from, replyToId }: Activity): string | undefined {
  const id = channelData?.['clientActivityID'];
  return typeof id === 'string' && from?.role !== 'bot' && replyToId === undefined ? id : undefined;
}

/**
 * What makes two activities the same line: the desk's id when a consultant's line came by the bot twice, the sender's when a
 * post was repeated after its answer was lost, else the channel's.
 */
export function identityOf(activity: Activity): string | undefined {
  const { id } = noteOf(activity);
  if (typeof id === 'string') return `desk ${id}`;
  const sent = senderIdOf(activity);
  if (sent !== undefined) return `sender ${sent}`;
  return activity.id === undefined ? undefined : `channel ${activity.id}`;
}
