import type { CloseReason } from '../close-reasons.ts';
import type { EncodedMessage } from '../protocol/hub-protocol.ts';

/** The pipe under one connection. It moves whole hub messages out and raw bytes in; it knows no protocol. */
export interface Transport {
  /** Bytes accepted by `write` that the operating system has not taken yet. */
  readonly bufferedBytes: number;
  /** Writes the whole batch at once, so that no hub message is torn apart. @returns bytes put on the wire. */
  write(batch: readonly EncodedMessage[]): number;
  /** Ends the pipe in order, with a code and a reason for transports that carry them. */
  close(code: number, reason: string): void;
  /** Drops the pipe at once. */
  terminate(): void;
  /** Stops reading, which lets the network hold the sender back. */
  pause(): void;
  resume(): void;
}

/** What a transport reports to the connection above it. */
export interface TransportListener {
  received(chunk: Buffer): void;
  /** The peer broke the transport's rules; the transport is closing itself. */
  failed(reason: CloseReason): void;
  /** The pipe is gone; always the last call. */
  closed(reason: 'client-closed' | 'connection-lost'): void;
}
