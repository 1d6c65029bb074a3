import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import {
  webhookHeaders,
  type CallbackBody,
  type Conversation,
  type Entry,
  type OutboundEntry,
} from '@parley/contracts';

/** Posts a signed body to a bot's callback. Rejects, or resolves with the status of the answer and its `Retry-After`. */
export type Callback = (request: {
  url: string;
  headers: Record<string, string>;
  body: string;
  timeoutMs: number;
}) => Promise<{ status: number; retryAfter?: string | undefined }>;

/** What the bot's side is told. Its id is the same however often it is told. */
export function bodyOf(head: Conversation, entries: readonly Entry[]): { id: string; body: CallbackBody } {
  return {
    id: `${head.id}-${entries.at(-1)!.seq}`,
    body: {
      type: 'conversation.entries',
      id: head.id,
      channel: head.channel,
      conversation: head.channelConversation,
      floor: head.holder.state === 'queued' || head.holder.state === 'assigned' ? 'human' : 'bot',
      epoch: head.epoch,
      entries: entries.map(outbound),
    },
  };
}

/** Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`, one signature per active secret. */
export function sign(id: string, body: string, secrets: readonly string[], now: number): Record<string, string> {
  const timestamp = Math.floor(now / 1000).toString();
  const signatures = secrets.map((secret) => {
    return `v1,${createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  });
  return {
    [webhookHeaders.id]: id,
    [webhookHeaders.timestamp]: timestamp,
    [webhookHeaders.signature]: signatures.join(' '),
    'content-type': 'application/json',
  };
}

const keys = new Map<string, KeyObject>();

function keyOf(secret: string): KeyObject {
  const known = keys.get(secret) ?? createSecretKey(Buffer.from(secret.replace(/^whsec_/, ''), 'base64'));
  keys.set(secret, known);
  return known;
}

/** What the bot's side is told of an entry: nothing that was meant for the desk only. */
function outbound(entry: Entry): OutboundEntry {
  const frame = { seq: entry.seq, id: entry.id, at: entry.at };
  switch (entry.kind) {
    case 'message':
      return {
        kind: 'message',
        ...frame,
        from: { name: entry.by.type === 'person' ? entry.by.name : 'Service desk' },
        text: entry.text,
        ...(entry.attachments ? { attachments: entry.attachments } : {}),
      };
    case 'accepted':
      return {
        kind: 'status',
        ...frame,
        state: 'accepted',
        consultant: { name: entry.consultant.name },
        queue: entry.queue,
      };
    case 'transferred':
      return { kind: 'status', ...frame, state: 'transferred', queue: entry.queue };
    case 'requeued':
      return { kind: 'status', ...frame, state: 'requeued', queue: entry.queue, reason: entry.reason };
    case 'returned':
      return entry.fallback
        ? { kind: 'status', ...frame, state: 'failed', reason: entry.fallback, returned: true }
        : { kind: 'status', ...frame, state: 'completed', ...consultant(entry), packet: entry.packet, returned: true };
    case 'closed':
      return entry.fallback
        ? { kind: 'status', ...frame, state: 'failed', reason: entry.fallback, returned: false }
        : {
            kind: 'status',
            ...frame,
            state: 'completed',
            ...consultant(entry),
            packet: { outcome: entry.outcome },
            returned: false,
          };
    default:
      throw new Error(`An entry of kind ${entry.kind} is not outbound`);
  }
}

function consultant({ by }: Entry): { consultant?: { name: string } } {
  return by.type === 'person' ? { consultant: { name: by.name } } : {};
}
