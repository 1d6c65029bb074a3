import { hash, randomUUID } from 'node:crypto';

const alphabet = '0123456789abcdefghijklmnopqrstuv';

/**
 * Id of a conversation, derived from where it takes place, so that concurrent first messages meet in one conversation.
 * 130 bits of SHA-256; the parts are length-prefixed, so that no two places share a spelling.
 */
export function conversationId(client: string, bot: string, channel: string, conversation: string): string {
  const digest = hash(
    'sha256',
    [client, bot, channel, conversation].map((part) => `${Buffer.byteLength(part)}:${part}`).join(''),
    'buffer',
  );
  let id = 'c_';
  let bits = 0;
  let value = 0;
  for (const byte of digest) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5 && id.length < 28) {
      bits -= 5;
      id += alphabet[(value >> bits) & 31];
    }
    value &= (1 << bits) - 1;
  }
  return id;
}

/** A fresh id for what the desk itself does. */
export function commandId(): string {
  return randomUUID();
}
