import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import { WebSocketServer, type WebSocket } from 'ws';

/**
 * The floor: Node's HTTP server and `ws` without a store, validation or authentication. It parses, pushes one frame to the
 * watching consultant, and posts the reply to the callback. Nothing in Node that does the two legs is cheaper.
 */
const callback = new URL(process.env['CALLBACK_URL']!);
const pool = new Pool(callback.origin, { connections: 64, pipelining: 1 });
const rooms = new Map<string, WebSocket>();

const server = createServer((request, response) => {
  request.setEncoding('utf8');
  let body = '';
  request.on('data', (chunk: string) => (body += chunk));
  request.on('end', () => {
    const parsed = JSON.parse(body) as {
      turns?: { conversation: string; id: string; text: string }[];
      text: string;
      id: string;
    };
    const turn = parsed.turns?.[0];
    const conversation = turn?.conversation ?? request.url!.split('/')[3]!;
    const text = turn?.text ?? parsed.text;
    rooms.get(conversation)?.send(JSON.stringify({ conversation, text, id: turn?.id ?? parsed.id }));
    const answer = JSON.stringify({ conversation, id: turn?.id ?? parsed.id });
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) });
    response.end(answer);
    if (!turn) {
      const sent = JSON.stringify({ conversation, entries: [{ kind: 'message', text }] });
      pool
        .request({
          method: 'POST',
          path: callback.pathname,
          headers: { 'content-type': 'application/json' },
          body: sent,
        })
        .then(({ body: answered }) => answered.dump(), fail);
    }
  });
});
server.keepAliveTimeout = 600_000;

new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (socket) => {
  socket.on('message', (data) => rooms.set(String(data), socket));
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`listening ${(server.address() as AddressInfo).port}\n`));

function fail(error: unknown): void {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
}
