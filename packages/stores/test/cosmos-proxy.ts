import { Agent, createServer, request as send } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Emulator } from '@parley/stores/emulator';

/**
 * Stands between the store and Cosmos, on real sockets, and does to each request what the test says.
 *
 * - a status: refused without effect, with the pause the server asks for
 * - `cut before`, `cut after`: the connection breaks before or after the effect
 * - `silent before`, `silent after`: no answer ever comes, without or with the effect
 * - `late`: the effect comes some time after everybody has given up waiting for the answer
 * - `inside`: a batch answers that one of its operations was throttled
 * - `bare`: 503 from something that is no Cosmos, without a body
 */
export type Fault =
  | { status: 412 | 429 | 449 | 503 | 408; pause?: number }
  | 'cut before'
  | 'cut after'
  | 'silent before'
  | 'silent after'
  | 'late'
  | 'inside'
  | 'bare';

export type Seen = {
  method: string;
  path: string;
  container: 'log' | 'desk' | 'other';
  /** `plan` is asked for by the library beside each query. */
  kind: 'batch' | 'query' | 'plan' | 'other';
  continued: boolean;
  body: string;
};

export type Proxy = {
  endpoint: string;
  seen: Seen[];
  /** Sum of the charges in the answers that were handed on. */
  charged: () => number;
  /** Batches whose effect is still to come. */
  underWay: () => number;
  /** What to do to a request; default: hand it on. */
  fault: (seen: Seen) => Fault | undefined;
  /** How often each fault took place. */
  faults: Map<string, number>;
  close(): Promise<void>;
};

export async function startProxy(emulator: Emulator): Promise<Proxy> {
  const target = new URL(emulator.endpoint);
  const agent = new Agent({ keepAlive: true, ca: emulator.ca, maxSockets: 16 });
  const late = new Set<NodeJS.Timeout>();
  let charged = 0;
  let underWay = 0;

  const server = createServer({ cert: emulator.ca, key: emulator.privateKey }, (request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks);
      const seen = describe(request, body);
      proxy.seen.push(seen);
      const fault = proxy.fault(seen);
      const name = typeof fault === 'object' ? String(fault.status) : fault;
      if (name !== undefined) proxy.faults.set(name, (proxy.faults.get(name) ?? 0) + 1);
      const batch = seen.kind === 'batch';
      if (batch) underWay += 1;
      try {
        await apply(fault, request, response, body);
      } finally {
        if (batch) underWay -= 1;
      }
    })().catch(() => request.socket.destroy());
  });

  async function apply(
    fault: Fault | undefined,
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer,
  ): Promise<void> {
    if (typeof fault === 'object') {
      response.writeHead(fault.status, {
        'content-type': 'application/json',
        'x-ms-retry-after-ms': String(fault.pause ?? 1),
      });
      response.end(JSON.stringify({ code: String(fault.status), message: 'injected' }));
    } else if (fault === 'bare') response.writeHead(503).end();
    else if (fault === 'cut before') request.socket.destroy();
    else if (fault === 'silent before') return;
    else if (fault === 'late') {
      await new Promise<void>((comes) => {
        const timer = setTimeout(comes, 700);
        late.add(timer);
      });
      await forward(request, body);
    } else if (fault === 'inside') {
      const count = (JSON.parse(body.toString()) as unknown[]).length;
      const results = Array.from({ length: count }, (_, i) => ({ statusCode: i === count - 1 ? 429 : 424 }));
      response.writeHead(207, { 'content-type': 'application/json', 'x-ms-retry-after-ms': '1' });
      response.end(JSON.stringify(results));
    } else {
      const answer = await forward(request, body);
      if (fault === 'cut after') request.socket.destroy();
      else if (fault !== 'silent after') {
        charged += Number(answer.headers['x-ms-request-charge'] ?? 0);
        response.writeHead(answer.status, answer.headers);
        response.end(answer.body);
      }
    }
  }

  function forward(
    request: IncomingMessage,
    body: Buffer,
  ): Promise<{ status: number; headers: Record<string, string>; body: Buffer }> {
    return new Promise((resolve, reject) => {
      const onward = send(
        {
          agent,
          host: 'localhost',
          port: target.port,
          method: request.method,
          path: request.url,
          headers: { ...request.headers, host: target.host },
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('error', reject);
          answer.on('end', () => {
            const { connection: _, 'transfer-encoding': __, 'keep-alive': ___, ...headers } = answer.headers;
            resolve({
              status: answer.statusCode!,
              headers: headers as Record<string, string>,
              body: Buffer.concat(chunks),
            });
          });
        },
      );
      onward.on('error', reject);
      onward.end(body);
    });
  }

  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const proxy: Proxy = {
    endpoint: `https://localhost:${(server.address() as AddressInfo).port}`,
    seen: [],
    charged: () => charged,
    underWay: () => underWay,
    fault: () => undefined,
    faults: new Map(),
    async close() {
      for (const timer of late) clearTimeout(timer);
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      agent.destroy();
    },
  };
  return proxy;
}

function describe(request: IncomingMessage, body: Buffer): Seen {
  const path = request.url!;
  const container = /\/colls\/(log|desk)\/docs/.exec(path)?.[1] as 'log' | 'desk' | undefined;
  const query =
    request.headers['content-type'] === 'application/query+json' || request.headers['x-ms-documentdb-isquery'];
  return {
    method: request.method!,
    path,
    container: container ?? 'other',
    kind:
      request.headers['x-ms-cosmos-batch-atomic'] === 'true'
        ? 'batch'
        : request.headers['x-ms-cosmos-is-query-plan-request']
          ? 'plan'
          : query
            ? 'query'
            : 'other',
    continued: request.headers['x-ms-continuation'] !== undefined,
    body: body.toString(),
  };
}
