/** What the generator and the stacks agree on. Every stack does the same two legs under other addresses. */

/** Lines of about 200 characters, so that a post is about 300 bytes of JSON. */
export function lineOf(conversation: number, n: number, leg: 'turn' | 'reply'): string {
  return `${leg} ${conversation}/${n} ${'The app still says that the card is blocked, can you check it once more please? '.repeat(3)}`.slice(
    0,
    200,
  );
}

/** One conversation as a stack knows it. */
export type Place = { conversation: string; epoch: number };

export type StackName = 'floor' | 'twin' | 'least' | 'parley' | 'usual';

/** What the generator must know of a running stack. */
export type Target = {
  name: StackName;
  url: string;
  pid: number;
  botToken: string;
  /** One token per consultant connection. */
  consultantTokens: string[];
  /** Which consultant holds which conversation. */
  places: (Place & { consultant: number; channelConversation: string })[];
  push: 'ws' | 'signalr' | 'socket.io';
};

/** Body of a user turn, the same for all stacks. */
export function turnBody(channelConversation: string, id: string, text: string): string {
  return JSON.stringify({
    turns: [
      {
        channel: 'directline',
        conversation: channelConversation,
        id,
        speaker: 'user',
        text,
        user: { id: `dl_${channelConversation}`, name: 'Jonas Weber' },
      },
    ],
  });
}

export function replyBody(id: string, text: string, epoch: number): string {
  return JSON.stringify({ id, text, epoch });
}
