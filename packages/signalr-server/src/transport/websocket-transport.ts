import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { EncodedMessage } from '../protocol/hub-protocol.ts';
import type { Transport, TransportListener } from './transport.ts';
import { frameBatch } from './websocket-frame.ts';

/**
 * A transport over an established WebSocket.
 *
 * Data frames are prepared once and written straight to the TCP stream: `ws` would build a new header for every
 * socket. Its own control frames are whole writes as well, and without compression it queues nothing, so the two
 * writers cannot interleave inside a frame.
 * @param stream the TCP or TLS stream under `socket`
 */
export function openWebSocketTransport(
  socket: WebSocket,
  stream: Duplex,
  accept: (transport: Transport) => TransportListener,
): void {
  answerBareCloseWith1000(socket);
  const listener = accept({
    get bufferedBytes() {
      return stream.writableLength;
    },
    write(batch: readonly EncodedMessage[]) {
      if (socket.readyState !== socket.OPEN || !stream.writable) return 0;
      const frame = frameBatch(batch);
      stream.write(frame);
      return frame.length;
    },
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  });
  socket.on('message', (data: Buffer) => listener.received(data));
  socket.on('error', (error: Error & { code?: string }) => {
    if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') listener.failed('frame-too-big');
    else if (error.code?.startsWith('WS_ERR_')) listener.failed('protocol-error');
    // Anything else is a broken socket, which 'close' reports.
  });
  socket.on('close', (code) => listener.closed(code === 1006 ? 'connection-lost' : 'client-closed'));
}

/**
 * `ws` answers a close frame without a code by one without a code, which the client sees as 1005; ASP.NET Core answers
 * 1000 and the client's own tests require it. `ws` makes its answer through this very method.
 */
function answerBareCloseWith1000(socket: WebSocket): void {
  const close = socket.close.bind(socket);
  socket.close = (code = 1000, reason = '') => close(code, reason);
}
