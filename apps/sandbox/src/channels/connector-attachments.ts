import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isRecord } from './activity.ts';
import type { ChannelBot } from './bots.ts';
import type { Conversation } from './conversations.ts';
import { uploadLimit } from './files.ts';
import type { FileStore } from './files.ts';
import { sendFile } from './files.ts';
import { badArgument, notFound } from './problems.ts';

export interface ConnectorAttachmentParts {
  readonly files: FileStore;
  open(request: FastifyRequest): { bot: ChannelBot; conversation: Conversation };
}

/** Files that bots upload, to be shown by their address. */
export async function connectorAttachmentRoutes(
  app: FastifyInstance,
  { files, open }: ConnectorAttachmentParts,
): Promise<void> {
  app.post<{ Params: { id: string } }>(
    '/v3/conversations/:id/attachments',
    { bodyLimit: uploadLimit * 2 },
    async (request, reply) => {
      const { conversation } = open(request);
      const body = isRecord(request.body) ? request.body : {};
      const { type, name = 'file', originalBase64 } = body;
      if (typeof type !== 'string' || typeof name !== 'string' || typeof originalBase64 !== 'string') {
        throw badArgument('type and originalBase64 are required');
      }
      const bytes = Buffer.from(originalBase64, 'base64');
      if (bytes.length > uploadLimit) throw badArgument(`An attachment has at most ${uploadLimit} bytes`);
      const file = await files.put({ conversationId: conversation.id, name, contentType: type, bytes });
      return reply.code(201).send({ id: file.id });
    },
  );

  app.get<{ Params: { file: string } }>('/v3/attachments/:file', async (request) => {
    const stored = await files.get(request.params.file);
    if (!stored) throw notFound('The attachment');
    const { name, contentType, size } = stored.file;
    return { name, type: contentType, views: [{ viewId: 'original', size }] };
  });
}

/** The file itself, for whoever was shown its address: ids cannot be guessed. */
export async function attachmentViewRoute(
  app: FastifyInstance,
  { files }: { readonly files: FileStore },
): Promise<void> {
  app.get<{ Params: { file: string } }>('/v3/attachments/:file/views/original', async (request, reply) => {
    const stored = await files.get(request.params.file);
    if (!stored) throw notFound('The attachment');
    return sendFile(reply, stored);
  });
}
