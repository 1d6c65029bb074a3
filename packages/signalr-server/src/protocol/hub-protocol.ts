/** A hub message that the server reads or writes, independent of its encoding. Source: HubProtocol.md. */
export type HubMessage =
  | InvocationMessage
  | { readonly type: 'completion'; readonly invocationId: string; readonly outcome: Outcome }
  | { readonly type: 'ping' }
  | { readonly type: 'close'; readonly error?: string; readonly allowReconnect?: boolean };

export interface InvocationMessage {
  readonly type: 'invocation';
  /** Absent: the client wants no answer. */
  readonly invocationId?: string;
  readonly target: string;
  readonly args: readonly unknown[];
  /** Ids of streams that the client uploads with the call. */
  readonly streamIds: readonly string[];
  /** The client asked for a stream of results. */
  readonly streaming: boolean;
}

/** The client fails on a completion that has both, and takes an empty error for success. */
export type Outcome = { readonly result: unknown } | { readonly error: string };

/** One encoding of hub messages. Another protocol slots in by joining the list that the hub engine is given. */
export interface HubProtocol {
  /** The name in the handshake, for example `json`. */
  readonly name: string;
  readonly versions: ReadonlySet<number>;
  readonly transferFormat: 'Text' | 'Binary';
  /** A decoder for one connection. @param maxMessageBytes limit of one hub message, delimiter included. */
  createDecoder(maxMessageBytes: number): MessageDecoder;
  /** One complete message. Throws what the serializer throws, for example on a cycle. */
  encode(message: HubMessage): Buffer;
}

export interface MessageDecoder {
  /**
   * Yields the messages that became complete; `undefined` stands for a message of an unknown type.
   * Throws `ProtocolError` on a malformed or oversize message. The caller may stop at any message.
   */
  decode(chunk: Buffer): Iterable<HubMessage | undefined>;
}

/** One message to any number of connections: encoded at most once per protocol. */
export class OutgoingMessage {
  readonly #message: HubMessage;
  readonly #encodings = new Map<HubProtocol, EncodedMessage>();

  constructor(message: HubMessage) {
    this.#message = message;
  }

  encodedFor(protocol: HubProtocol): EncodedMessage {
    let encoded = this.#encodings.get(protocol);
    if (encoded === undefined) {
      encoded = {
        bytes: protocol.encode(this.#message),
        binary: protocol.transferFormat === 'Binary',
        framed: undefined,
      };
      this.#encodings.set(protocol, encoded);
    }
    return encoded;
  }
}

export interface EncodedMessage {
  readonly bytes: Buffer;
  readonly binary: boolean;
  /** The transport's frame of the last batch that began with this message, shared by all connections that got the same batch. */
  framed: { readonly batch: readonly EncodedMessage[]; readonly frame: Buffer } | undefined;
}
