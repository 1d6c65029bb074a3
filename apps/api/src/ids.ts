import { hash } from 'node:crypto';

const alphabet = '0123456789abcdefghijklmnopqrstuv';

/**
 * Id of a conversation, derived from where it takes place, so that concurrent first messages meet in one conversation.
 * 130 bits of SHA-256; the parts are length-prefixed, so that no two places share a spelling.
 */
export function conversationId(client: string, bot: string, channel: string, conversation: string): string {
  const place = `${client.length}:${client}${bot.length}:${bot}${channel.length}:${channel}${conversation}`;
  let id = known.get(place);
  if (id === undefined) {
    id = derived(client, bot, channel, conversation);
    if (known.size >= mostKnown) known.clear();
    known.set(place, id);
  }
  return id;
}

/** Ids of places that were spoken of lately: every line of a bot names its place again. */
const known = new Map<string, string>();
const mostKnown = 5_000;

function derived(client: string, bot: string, channel: string, conversation: string): string {
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
