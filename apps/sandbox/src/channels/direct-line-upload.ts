import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isRecord } from './activity.ts';
import type { Activity, Attachment } from './activity.ts';
import type { Conversation } from './conversations.ts';
import type { DirectLineParts } from './direct-line.ts';
import type { DirectLineCaller } from './direct-line-tokens.ts';
import { uploadLimit } from './files.ts';
import { badArgument } from './problems.ts';

interface UploadParts extends DirectLineParts {
  access(request: FastifyRequest): Promise<{ caller: DirectLineCaller; conversation: Conversation }>;
}

interface Upload {
  readonly template: Activity;
  readonly files: readonly UploadedFile[];
}

interface UploadedFile {
  readonly name: string;
  readonly contentType: string;
  readonly bytes: Buffer;
}

const activityType = 'application/vnd.microsoft.activity';

/**
 * Files as a message: one file as the body, or several with the message they belong to.
 * Source: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-direct-line-3-0-send-activity
 */
export async function uploadRoute(app: FastifyInstance, parts: UploadParts): Promise<void> {
  app.removeAllContentTypeParsers();
  await app.register(multipart, { limits: { fileSize: uploadLimit, files: 20, parts: 21, fieldSize: uploadLimit } });
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: uploadLimit }, (_request, body, done) =>
    done(null, body),
  );

  app.post<{ Params: { id: string }; Querystring: { userId?: string } }>(
    '/conversations/:id/upload',
    { bodyLimit: uploadLimit },
    async (request) => {
      const { caller, conversation } = await parts.access(request);
      const { template, files } = request.isMultipart() ? await readParts(request) : readSingle(request);
      if (files.length === 0) throw badArgument('The upload holds no file');
      const attachments = await Promise.all(
        files.map(async ({ name, contentType, bytes }): Promise<Attachment> => {
          const stored = await parts.files.put({ conversationId: conversation.id, name, contentType, bytes });
          const root = `${parts.publicUrl()}${app.prefix}`;
          return { contentType, contentUrl: `${root}/attachments/${stored.id}/${encodeURIComponent(name)}`, name };
        }),
      );
      const message = { ...template, attachments: merge(template.attachments ?? [], attachments) };
      return { id: await parts.channel.receive(conversation, caller, message, request.query.userId) };
    },
  );
}

async function readParts(request: FastifyRequest): Promise<Upload> {
  const files: UploadedFile[] = [];
  let template: Activity | undefined;
  for await (const part of request.parts()) {
    const isActivity = part.mimetype === activityType || part.fieldname === 'activity';
    const bytes = part.type === 'file' ? await part.toBuffer() : Buffer.from(String(part.value));
    if (!isActivity)
      files.push({
        name: (part.type === 'file' && part.filename) || part.fieldname,
        contentType: part.mimetype,
        bytes,
      });
    else if (template) throw badArgument('An upload holds one activity');
    else template = readTemplate(bytes);
  }
  return { template: template ?? { type: 'message' }, files };
}

function readSingle(request: FastifyRequest): Upload {
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const disposition = request.headers['content-disposition'] ?? '';
  const name = /filename="([^"]+)"/i.exec(disposition)?.[1] ?? /filename=([^;\s"]+)/i.exec(disposition)?.[1] ?? 'file';
  const contentType = (request.headers['content-type'] ?? 'application/octet-stream')
    .split(';')[0]!
    .trim()
    .toLowerCase();
  return { template: { type: 'message' }, files: bytes.length > 0 ? [{ name, contentType, bytes }] : [] };
}

function readTemplate(bytes: Buffer): Activity {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw badArgument('The activity part is not JSON');
  }
  if (!isRecord(value)) throw badArgument('The activity part is not an activity');
  return { type: 'message', ...value };
}

/** The message may announce its files by name; other attachments, such as cards, stay. */
function merge(announced: readonly Attachment[], uploaded: readonly Attachment[]): readonly Attachment[] {
  const rest = new Map(uploaded.map((attachment) => [attachment.name, attachment]));
  const filled = announced.map((attachment) => {
    const file =
      attachment.contentUrl === undefined && attachment.content === undefined ? rest.get(attachment.name) : undefined;
    if (!file) return attachment;
    rest.delete(attachment.name);
    return { ...attachment, ...file };
  });
  return [...filled, ...rest.values()];
}
