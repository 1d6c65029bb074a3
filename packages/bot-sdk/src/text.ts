import { createHash } from 'node:crypto';

// oxlint-disable-next-line no-control-regex -- these are what the desk refuses
const unspeakable = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Makes text fit for the desk: well-formed, without control characters but tab and newline, and not too long. */
export function clean(text: string, maxLength: number): string {
  const fit = text.replaceAll('\r\n', '\n').toWellFormed().replace(unspeakable, '');
  return fit.length <= maxLength ? fit : fit.slice(0, maxLength).replace(/[\ud800-\udbff]$/, '');
}

/** A channel's id as the desk takes it: visible ASCII of at most 128 characters. Others are replaced by their digest, so that equal ids stay equal. */
export function messageId(id: string): string {
  return /^[\x21-\x7e]{1,128}$/.test(id) ? id : `h-${createHash('sha256').update(id).digest('base64url')}`;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
