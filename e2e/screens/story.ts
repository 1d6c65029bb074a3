import type { HandoffPacket, ReturnPacket, User } from '@parley/contracts';

/** A conversation as it happened: who said and did what, and how long ago the last of it was. */
export type Story = {
  client: 'contoso' | 'fabrikam';
  /** The channel's id of the conversation; stories with the same one go on in the same conversation. */
  key: string;
  channel: string;
  user: User;
  /** Seconds between the last step and now. */
  ago: number;
  steps: readonly Step[];
};

/** One thing somebody does, some seconds after the one before. */
export type Step = { after: number } & Deed;

export type Deed =
  | { do: 'user'; text: string; attachments?: readonly Attached[] }
  | { do: 'bot'; text: string; attachments?: readonly Attached[] }
  | { do: 'ask'; queue: string; packet: HandoffPacket }
  | { do: 'claim' | 'reply' | 'late-reply' | 'note' | 'draft'; who: Who; text: string }
  | { do: 'transfer'; who: Who; to: { queue: string } | { person: Who }; comment?: string }
  | { do: 'return'; who: Who; packet: ReturnPacket }
  | { do: 'close'; who: Who; outcome: string; comment?: string }
  | { do: 'seen' }
  | { do: 'left' }
  | { do: 'rate'; score: number; comment?: string };

export type Attached = { contentType: string; name?: string; url?: string; content?: string };

/** People of the sandbox by the first part of their address. */
export type Who = 'ana' | 'lukas' | 'mei-lin' | 'marta' | 'noor' | 'felix' | 'ines';

export const user = (text: string, after = 14, attachments?: readonly Attached[]): Step => ({
  do: 'user',
  text,
  after,
  ...(attachments ? { attachments } : {}),
});
export const bot = (text: string, after = 2, attachments?: readonly Attached[]): Step => ({
  do: 'bot',
  text,
  after,
  ...(attachments ? { attachments } : {}),
});
export const ask = (queue: string, packet: HandoffPacket, after = 1): Step => ({ do: 'ask', queue, packet, after });
export const claim = (who: Who, after = 25): Step => ({ do: 'claim', who, text: '', after });
export const reply = (who: Who, text: string, after = 22): Step => ({ do: 'reply', who, text, after });
/** A reply written under a floor that has gone: kept as suppressed. */
export const lateReply = (who: Who, text: string, after = 3): Step => ({ do: 'late-reply', who, text, after });
export const note = (who: Who, text: string, after = 15): Step => ({ do: 'note', who, text, after });
export const draft = (who: Who, text: string, after = 2): Step => ({ do: 'draft', who, text, after });
export const toQueue = (who: Who, queue: string, comment?: string, after = 20): Step => ({
  do: 'transfer',
  who,
  to: { queue },
  after,
  ...(comment === undefined ? {} : { comment }),
});
export const toPerson = (who: Who, person: Who, comment?: string, after = 20): Step => ({
  do: 'transfer',
  who,
  to: { person },
  after,
  ...(comment === undefined ? {} : { comment }),
});
export const handBack = (who: Who, packet: ReturnPacket = {}, after = 30): Step => ({
  do: 'return',
  who,
  packet,
  after,
});
export const close = (who: Who, outcome: string, comment?: string, after = 30): Step => ({
  do: 'close',
  who,
  outcome,
  after,
  ...(comment === undefined ? {} : { comment }),
});
export const seen = (after = 2): Step => ({ do: 'seen', after });
export const left = (after = 60): Step => ({ do: 'left', after });
export const rate = (score: number, comment?: string, after = 40): Step => ({
  do: 'rate',
  score,
  after,
  ...(comment === undefined ? {} : { comment }),
});
