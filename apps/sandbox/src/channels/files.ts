import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyReply } from 'fastify';
import { openJournal } from './journal.ts';

/** Milliseconds an uploaded file is kept, as Direct Line keeps it. */
export const fileLifetime = 24 * 60 * 60 * 1000;
/** Bytes of one upload, all its files together. */
export const uploadLimit = 4 * 1024 * 1024;

export interface StoredFile {
  readonly id: string;
  readonly conversationId: string;
  readonly name: string;
  readonly contentType: string;
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface FileStore {
  put(file: { conversationId: string; name: string; contentType: string; bytes: Buffer }): Promise<StoredFile>;
  /** @returns undefined when there is no such file, or it is older than {@link fileLifetime}. */
  get(id: string): Promise<{ readonly file: StoredFile; readonly bytes: Buffer } | undefined>;
  /** Deletes what has expired. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Uploaded files; the id is the permission to read one.
 * @param directory without it files live in memory.
 */
export function createFileStore({ now, directory }: { now: () => number; directory?: string }): FileStore {
  const journal = openJournal<StoredFile>(directory && join(directory, 'files.jsonl'));
  const files = new Map<string, StoredFile>(journal.past.map((file) => [file.id, file]));
  const memory = new Map<string, Buffer>();
  if (directory) mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = (id: string) => join(directory ?? '', `${id}.bin`);

  async function remove(id: string): Promise<void> {
    files.delete(id);
    memory.delete(id);
    if (directory) await rm(path(id), { force: true });
  }

  return {
    async put({ conversationId, name, contentType, bytes }) {
      const id = randomBytes(32).toString('hex');
      const file = { id, conversationId, name, contentType, size: bytes.length, expiresAt: now() + fileLifetime };
      if (directory) await writeFile(path(id), bytes, { mode: 0o600 });
      else memory.set(id, bytes);
      journal.append(file);
      files.set(id, file);
      return file;
    },

    async get(id) {
      const file = files.get(id);
      if (!file) return undefined;
      if (file.expiresAt <= now()) {
        await remove(id);
        return undefined;
      }
      return { file, bytes: memory.get(id) ?? (await readFile(path(id))) };
    },

    async sweep() {
      for (const file of files.values()) if (file.expiresAt <= now()) await remove(file.id);
    },

    close: () => journal.close(),
  };
}

/** Types a browser may show in place: none of them can run script. */
const shownInPlace = new Set([
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'audio/mpeg',
  'audio/wav',
  'audio/ogg',
  'video/mp4',
  'video/webm',
  'text/plain',
]);

/** Answers with a file that somebody uploaded, in a way that keeps it from running in our origin. */
export function sendFile(reply: FastifyReply, { file, bytes }: { file: StoredFile; bytes: Buffer }): FastifyReply {
  const inPlace = shownInPlace.has(file.contentType);
  const contentType = inPlace
    ? file.contentType === 'text/plain'
      ? 'text/plain; charset=utf-8'
      : file.contentType
    : 'application/octet-stream';
  return reply
    .header('content-type', contentType)
    .header('content-disposition', `${inPlace ? 'inline' : 'attachment'}; filename*=UTF-8''${encodeRfc5987(file.name)}`)
    .header('x-content-type-options', 'nosniff')
    .header('content-security-policy', "default-src 'none'; sandbox")
    .header('cross-origin-resource-policy', 'cross-origin')
    .header('cache-control', 'private, no-store')
    .header('referrer-policy', 'no-referrer')
    .send(bytes);
}

function encodeRfc5987(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
