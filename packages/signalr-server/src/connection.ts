import { closeRules, type CloseReason } from './close-reasons.ts';
import { DisconnectError, ProtocolError } from './errors.ts';
import type { HubOptions } from './options.ts';
import { handshakeAccepted, handshakeError, readHandshake } from './protocol/handshake.ts';
import {
  OutgoingMessage,
  type EncodedMessage,
  type HubMessage,
  type HubProtocol,
  type InvocationMessage,
  type MessageDecoder,
} from './protocol/hub-protocol.ts';
import { TokenBucket } from './token-bucket.ts';
import type { Transport, TransportListener } from './transport/transport.ts';

/** Who a connection belongs to, as the application's `authenticate` said at the upgrade. */
export interface Principal<Data> {
  readonly user: { readonly id: string };
  readonly data: Data;
  /** When the connection must end, in ms since 1970; `Infinity` for never. */
  readonly expiresAt: number;
}

/** What the hub above a connection offers it and hears from it. */
export interface ConnectionHost<Data> {
  readonly options: HubOptions;
  readonly protocols: readonly HubProtocol[];
  /** The connection has output; `flush` is due once this event-loop turn is over. */
  scheduleFlush(connection: Connection<Data>): void;
  opened(connection: Connection<Data>): void;
  invoked(connection: Connection<Data>, message: InvocationMessage): void;
  /** The connection is dead to the hub: called once, before the client is told. */
  closing(connection: Connection<Data>, cause: DisconnectError): void;
  /** Called once, after the client was told. */
  ended(connection: Connection<Data>, cause: DisconnectError): void;
  /** The transport is gone as well. */
  released(connection: Connection<Data>): void;
  countIn(): void;
  countOut(bytes: number): void;
}

/** What an orderly close may say differently from the rule of its reason. */
export interface CloseOverride {
  readonly error?: string | undefined;
  readonly allowReconnect?: boolean | undefined;
}

const pingMessage = new OutgoingMessage({ type: 'ping' });
const acceptedRecord: EncodedMessage = { bytes: handshakeAccepted, binary: false, framed: undefined };

/** Output is handed to the operating system early when one turn produces more than this. */
const eagerFlushBytes = 64 * 1024;

/** One logical connection: handshake, messages, deadlines and its ordered, bounded output. */
export class Connection<Data> implements TransportListener {
  /** Public. */
  readonly id: string;
  /** Secret: it opened the connection. */
  readonly token: string;
  readonly principal: Principal<Data>;
  /** Names of the groups it is in; kept by the registry. */
  readonly groups = new Set<string>();

  readonly #host: ConnectionHost<Data>;
  readonly #transport: Transport;
  readonly #bucket: TokenBucket;
  readonly #openedAt = performance.now();
  #phase: 'handshake' | 'open' | 'closed' = 'handshake';
  #handshakeBytes: Buffer = Buffer.alloc(0);
  #protocol: HubProtocol | undefined;
  #decoder: MessageDecoder | undefined;
  #output: EncodedMessage[] = [];
  #outputBytes = 0;
  #heardAt = this.#openedAt;
  #wroteAt = this.#openedAt;
  #closedAt = 0;
  #paused = false;

  constructor(
    identity: { readonly connectionId: string; readonly connectionToken: string },
    principal: Principal<Data>,
    transport: Transport,
    host: ConnectionHost<Data>,
  ) {
    this.id = identity.connectionId;
    this.token = identity.connectionToken;
    this.principal = principal;
    this.#transport = transport;
    this.#host = host;
    this.#bucket = new TokenBucket(host.options.messagesPerSecond, host.options.messageBurst, this.#openedAt);
  }

  get isOpen(): boolean {
    return this.#phase === 'open';
  }

  /**
   * Queues a message behind the earlier ones. Never throws for a dead connection, only for a message that cannot be
   * encoded. @returns false when the connection is closed or has just been dropped as a slow consumer.
   */
  send(message: OutgoingMessage): boolean {
    if (this.#phase !== 'open' || this.#protocol === undefined) return false;
    const encoded = message.encodedFor(this.#protocol);
    if (this.#outputBytes + this.#transport.bufferedBytes > this.#host.options.maxBufferedOutput) {
      this.close('slow-consumer');
      return false;
    }
    this.#output.push(encoded);
    this.#outputBytes += encoded.bytes.length;
    if (this.#outputBytes > eagerFlushBytes) this.flush();
    else if (this.#output.length === 1) this.#host.scheduleFlush(this);
    return true;
  }

  /** Writes everything queued as one batch. */
  flush(): void {
    if (this.#output.length === 0) return;
    const batch = this.#output;
    this.#output = [];
    this.#outputBytes = 0;
    this.#write(batch);
  }

  /** Ends the connection; the first call wins. */
  close(reason: CloseReason, override: CloseOverride = {}): void {
    if (this.#phase === 'closed') return;
    const wasOpen = this.#phase === 'open';
    const rule = closeRules[reason];
    const error = override.error ?? rule.error ?? undefined;
    const cause = new DisconnectError(reason, error ?? reason);
    this.#phase = 'closed';
    this.#closedAt = performance.now();
    this.#host.closing(this, cause);
    if (reason === 'slow-consumer') {
      this.#output = [];
      this.#transport.terminate();
    } else {
      // A transport that is already closing ignores both.
      if (wasOpen && reason !== 'client-closed') {
        this.#sayGoodbye(error, override.allowReconnect ?? rule.allowReconnect);
      }
      this.#transport.close(rule.code, reason);
      // A paused transport would not see the answer to the close frame.
      this.#transport.resume();
    }
    this.#host.ended(this, cause);
  }

  /** Looks at every deadline. @param now monotonic ms @param wallNow ms since 1970 */
  checkDeadlines(now: number, wallNow: number): void {
    const { options } = this.#host;
    if (this.#phase === 'closed') {
      if (now - this.#closedAt >= options.closeTimeout) this.#transport.terminate();
    } else if (this.principal.expiresAt <= wallNow) {
      this.close('token-expired');
    } else if (this.#phase === 'handshake') {
      if (now - this.#openedAt >= options.handshakeTimeout) {
        this.#refuseHandshake(closeRules['handshake-timeout'].error, 'handshake-timeout');
      }
    } else if (!this.#paused && now - this.#heardAt >= options.clientTimeout) {
      this.close('client-timeout');
    } else if (now - this.#wroteAt >= options.keepAliveInterval) {
      this.send(pingMessage);
    }
  }

  /** Stops or resumes reading. While reading is stopped the client cannot be blamed for silence. */
  setPaused(paused: boolean): void {
    if (this.#paused === paused || this.#phase === 'closed') return;
    this.#paused = paused;
    this.#heardAt = performance.now();
    if (paused) this.#transport.pause();
    else this.#transport.resume();
  }

  received(chunk: Buffer): void {
    if (this.#phase === 'handshake') this.#receiveHandshake(chunk);
    else this.#receiveMessages(chunk);
  }

  failed(reason: CloseReason): void {
    this.close(reason);
  }

  closed(reason: 'client-closed' | 'connection-lost'): void {
    this.close(reason);
    this.#host.released(this);
  }

  #receiveHandshake(chunk: Buffer): void {
    const received = this.#handshakeBytes.length === 0 ? chunk : Buffer.concat([this.#handshakeBytes, chunk]);
    const { maxMessageSize } = this.#host.options;
    const outcome = readHandshake(received, this.#host.protocols);
    if (outcome === undefined) {
      if (received.length >= maxMessageSize) {
        this.#refuseHandshake(closeRules['handshake-timeout'].error, 'handshake-refused');
      } else this.#handshakeBytes = received;
      return;
    }
    this.#handshakeBytes = Buffer.alloc(0);
    if ('error' in outcome) {
      this.#refuseHandshake(outcome.error, 'handshake-refused');
      return;
    }
    this.#protocol = outcome.protocol;
    this.#decoder = outcome.protocol.createDecoder(maxMessageSize);
    this.#write([acceptedRecord]);
    this.#phase = 'open';
    this.#heardAt = performance.now();
    this.#host.opened(this);
    if (outcome.rest.length > 0) this.#receiveMessages(outcome.rest);
  }

  #receiveMessages(chunk: Buffer): void {
    if (this.#phase !== 'open' || this.#decoder === undefined) return;
    try {
      for (const message of this.#decoder.decode(chunk)) {
        this.#heardAt = performance.now();
        this.#host.countIn();
        if (!this.#bucket.take(this.#heardAt)) this.close('rate-limited');
        else this.#handle(message);
        // The handling may have closed the connection.
        if (!this.isOpen) return;
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.close(error.reason, { error: `${closeRules[error.reason].error} ${error.message}` });
    }
  }

  #handle(message: HubMessage | undefined): void {
    if (message?.type === 'invocation') this.#host.invoked(this, message);
    else if (message?.type === 'close') this.close('client-closed');
  }

  #refuseHandshake(error: string, reason: 'handshake-timeout' | 'handshake-refused'): void {
    this.#write([{ bytes: handshakeError(error), binary: false, framed: undefined }]);
    this.close(reason);
  }

  /** The Close message goes out behind everything that was sent before it. */
  #sayGoodbye(error: string | undefined, allowReconnect: boolean): void {
    if (this.#protocol === undefined) return;
    const message = new OutgoingMessage({
      type: 'close',
      allowReconnect,
      ...(error !== undefined && error !== '' && { error }),
    });
    this.#output.push(message.encodedFor(this.#protocol));
    this.flush();
  }

  #write(batch: readonly EncodedMessage[]): void {
    this.#wroteAt = performance.now();
    this.#host.countOut(this.#transport.write(batch));
  }
}
