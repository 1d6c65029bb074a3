import type { FastifyInstance } from 'fastify';
import type { WebSocket } from 'ws';
import type { ChannelActivity } from './activity.ts';
import { linesAfter } from './conversations.ts';
import type { Conversation, Line } from './conversations.ts';
import { pageSize } from './direct-line-channel.ts';
import type { DirectLineParts } from './direct-line.ts';
import { ChannelProblem } from './problems.ts';

/** Bytes waiting for a reader too slow to keep; it comes back with its watermark. */
const backlogLimit = 1024 * 1024;
const tooSlow = 1013;

/** The socket of a conversation: first what was said after the watermark, then everything as it is said. */
export async function streamRoute(
  app: FastifyInstance,
  { conversations, tokens, keepAliveMs, sockets }: DirectLineParts,
): Promise<void> {
  app.decorateRequest('stream', null);

  app.get<{ Params: { id: string }; Querystring: { t?: string } }>(
    '/conversations/:id/stream',
    {
      websocket: true,
      preValidation: async (request) => {
        const { after } = await tokens.verifyStream(request.query.t ?? '', request.params.id);
        const conversation = conversations.find(request.params.id, 'directline');
        if (!conversation) throw new ChannelProblem(404, 'ConversationNotFound', 'Conversation not found');
        request.stream = { conversation, after };
      },
    },
    (socket, request) => {
      if (!request.stream) return;
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      follow(socket, request.stream.conversation, request.stream.after, keepAliveMs);
    },
  );
}

function follow(socket: WebSocket, conversation: Conversation, after: number, keepAliveMs: number): void {
  function send(frame: string): void {
    if (socket.bufferedAmount > backlogLimit) socket.close(tooSlow, 'Reader too slow');
    else socket.send(frame);
  }
  const onLine = (line: Line) => send(activitySet([line.activity], line.seq));
  // Without a watermark: what is not kept must not move the reader's place.
  const onSignal = (activity: ChannelActivity) => send(activitySet([activity]));

  const missed = linesAfter(conversation, after);
  for (let start = 0; start < missed.length; start += pageSize) {
    const page = missed.slice(start, start + pageSize);
    send(
      activitySet(
        page.map((line) => line.activity),
        page.at(-1)?.seq,
      ),
    );
  }
  conversation.events.on('line', onLine).on('signal', onSignal);
  const keepAlive = setInterval(() => send(''), keepAliveMs);
  socket.on('close', () => {
    clearInterval(keepAlive);
    conversation.events.off('line', onLine).off('signal', onSignal);
  });
  socket.on('error', () => socket.terminate());
}

function activitySet(activities: readonly ChannelActivity[], watermark?: number): string {
  return JSON.stringify({ activities, ...(watermark !== undefined && { watermark: String(watermark) }) });
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on the stream route once its address is verified. */
    stream: { readonly conversation: Conversation; readonly after: number } | null;
  }
}
