import { ProtocolError } from '../errors.ts';
import { JsonText } from '../json-text.ts';
import type { HubMessage, HubProtocol, InvocationMessage, MessageDecoder } from './hub-protocol.ts';

/** Ends every JSON hub message and both handshake messages. */
export const recordSeparator = 0x1e;

const separatorText = '\x1e';

/** SignalR's JSON protocol. The 10.x client says version 2 when it asked for stateful reconnect, else 1. */
export const jsonProtocol: HubProtocol = {
  name: 'json',
  versions: new Set([1, 2]),
  transferFormat: 'Text',
  createDecoder: (maxMessageBytes) => new JsonDecoder(maxMessageBytes),
  encode: (message) => Buffer.from(textOf(message) + separatorText),
};

/** Cuts a byte stream into records. A record may come in pieces and a piece may hold several records. */
class JsonDecoder implements MessageDecoder {
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  #pendingBytes = 0;

  constructor(maxMessageBytes: number) {
    this.#maxBytes = maxMessageBytes;
  }

  *decode(chunk: Buffer): Generator<HubMessage | undefined> {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(recordSeparator, start);
      const piece = chunk.subarray(start, end === -1 ? chunk.length : end);
      this.#pendingBytes += piece.length;
      if (this.#pendingBytes + 1 > this.#maxBytes) throw tooBig(this.#maxBytes);
      this.#pieces.push(piece);
      if (end === -1) return;
      const record = this.#pieces.length === 1 ? piece : Buffer.concat(this.#pieces);
      this.#pieces = [];
      this.#pendingBytes = 0;
      start = end + 1;
      yield fromWire(record.toString('utf8'));
      if (start === chunk.length) return;
    }
  }
}

export function tooBig(maxBytes: number): ProtocolError {
  return new ProtocolError(`The maximum message size of ${maxBytes}B was exceeded.`, 'message-too-big');
}

/** Unknown fields are ignored, an unknown type is skipped: what the .NET parser does. */
function fromWire(text: string): HubMessage | undefined {
  const message = parseObject(text);
  switch (message['type']) {
    case 1:
    case 4:
      return invocation(message);
    case 6:
      return { type: 'ping' };
    case 7:
      return { type: 'close' };
    default:
      if (!Number.isInteger(message['type'])) throw new ProtocolError("Expected 'type' to be an integer.");
      return undefined;
  }
}

/** Parses one JSON object; also used for the handshake. */
export function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ProtocolError('Error reading JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ProtocolError('Unexpected JSON token. Expected an object.');
  }
  return value as Record<string, unknown>;
}

function invocation(message: Record<string, unknown>): InvocationMessage {
  const { target, arguments: args, invocationId, streamIds } = message;
  if (typeof target !== 'string' || target === '') throw new ProtocolError("Missing required property 'target'.");
  if (!Array.isArray(args)) throw new ProtocolError("Missing required property 'arguments'.");
  const fields = {
    type: 'invocation' as const,
    target,
    args: args as unknown[],
    streamIds: strings(streamIds),
    streaming: message['type'] === 4,
  };
  if (invocationId === undefined || invocationId === null || invocationId === '') return fields;
  if (typeof invocationId !== 'string') throw new ProtocolError("Expected 'invocationId' to be a string.");
  return { ...fields, invocationId };
}

function strings(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw new ProtocolError("Expected 'streamIds' to be an array of strings.");
  }
  return value;
}

function textOf(message: HubMessage): string {
  if (message.type !== 'invocation' || !message.args.some((arg) => arg instanceof JsonText))
    return stringify(toWire(message));
  const args = message.args.map((arg) =>
    arg instanceof JsonText ? arg.toString() : (stringify(arg ?? null) ?? 'null'),
  );
  return `{"type":1,"target":${JSON.stringify(message.target)},"arguments":[${args.join(',')}]}`;
}

function toWire(message: HubMessage): object {
  switch (message.type) {
    case 'invocation':
      return { type: 1, target: message.target, arguments: message.args };
    case 'completion':
      // `invoke()` of a method without result resolves with null, as it does against ASP.NET Core.
      return 'error' in message.outcome
        ? { type: 3, invocationId: message.invocationId, error: message.outcome.error || 'Error' }
        : { type: 3, invocationId: message.invocationId, result: message.outcome.result ?? null };
    case 'ping':
      return { type: 6 };
    case 'close':
      return { type: 7, error: message.error, allowReconnect: message.allowReconnect };
  }
}

/**
 * Bytes travel as base64 text. A replacer makes JSON.stringify several times slower, so it runs only for the
 * messages that hold bytes; the plain pass goes first because it also refuses cycles.
 */
function stringify(value: unknown): string {
  const text = JSON.stringify(value);
  return holdsBytes(value) ? JSON.stringify(value, base64Replacer) : text;
}

function holdsBytes(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (value instanceof Uint8Array) return true;
  if (Array.isArray(value)) return value.some(holdsBytes);
  if ('toJSON' in value) return false;
  for (const key in value) {
    if (holdsBytes((value as Record<string, unknown>)[key])) return true;
  }
  return false;
}

/** Looks at the holder, because Buffer's own toJSON has run by the time `value` arrives. */
function base64Replacer(this: unknown, key: string, value: unknown): unknown {
  const original = (this as Record<string, unknown>)[key];
  if (!(original instanceof Uint8Array)) return value;
  return Buffer.from(original.buffer, original.byteOffset, original.byteLength).toString('base64');
}
