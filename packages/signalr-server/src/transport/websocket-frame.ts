import type { EncodedMessage } from '../protocol/hub-protocol.ts';

const textFrame = 0x81;
const binaryFrame = 0x82;

/**
 * One complete WebSocket frame holding a batch of hub messages. Connections that flush the same batch share one
 * buffer, so a broadcast is framed once however many sockets it goes to.
 */
export function frameBatch(batch: readonly EncodedMessage[]): Buffer {
  const first = batch[0];
  if (first === undefined) throw new RangeError('A batch holds at least one message.');
  if (first.framed !== undefined && sameBatch(first.framed.batch, batch)) return first.framed.frame;
  const size = batch.reduce((sum, message) => sum + message.bytes.length, 0);
  const frame = Buffer.concat([header(first.binary, size), ...batch.map((message) => message.bytes)]);
  first.framed = { batch: [...batch], frame };
  return frame;
}

function sameBatch(left: readonly EncodedMessage[], right: readonly EncodedMessage[]): boolean {
  return left.length === right.length && left.every((message, index) => message === right[index]);
}

/** RFC 6455 section 5.2; a server's frames are never masked. */
function header(binary: boolean, size: number): Buffer {
  const opcode = binary ? binaryFrame : textFrame;
  if (size < 126) return Buffer.from([opcode, size]);
  if (size < 0x10000) return Buffer.from([opcode, 126, size >> 8, size & 0xff]);
  const long = Buffer.alloc(10);
  long[0] = opcode;
  long[1] = 127;
  long.writeBigUInt64BE(BigInt(size), 2);
  return long;
}
