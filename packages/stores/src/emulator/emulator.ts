import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type accounts from '@vercel/cosmosdb-server/lib/account/index.js';
import type documents from '@vercel/cosmosdb-server/lib/handler/_document-operations.js';
import type requests from '@vercel/cosmosdb-server/lib/routes.js';
import { generate } from 'selfsigned';

// Loaded as what they are: loaders differ in what they make of a default within a default.
const require = createRequire(import.meta.url);
const account = require('@vercel/cosmosdb-server/lib/account/index.js') as typeof accounts;
const operations = require('@vercel/cosmosdb-server/lib/handler/_document-operations.js') as typeof documents;
const routes = require('@vercel/cosmosdb-server/lib/routes.js') as typeof requests;

/**
 * An Azure Cosmos DB in this process, over HTTPS with a certificate made for this run: for tests and for trying out.
 * It keeps everything in memory and loses it when it stops.
 *
 * Based on `@vercel/cosmosdb-server`, with what that lacks and the store relies on: a batch takes place whole or not at all,
 * and answers 207 when it does not. Charges are not those of Azure: always 1.
 *
 * @param options.port 0 lets the system choose
 * @param options.beforeListening gets the certificate before anybody can connect
 */
export async function startEmulator(
  options: { port?: number; beforeListening?: (made: { ca: string }) => void } = {},
): Promise<Emulator> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  let made: Account | undefined;
  const data = () => (made ??= new account.default('localhost', (server.address() as AddressInfo).port));
  const server = createServer({ cert, key }, (request, response) => {
    answer(data(), request, response).catch((error: unknown) => {
      // What the emulator cannot read, as a query that it does not know.
      if (!response.headersSent) send(response, 400, { code: 'BadRequest', message: String(error) });
    });
  });
  options.beforeListening?.({ ca: cert });
  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen(options.port ?? 0, '127.0.0.1', listening);
  });
  const { port } = server.address() as AddressInfo;

  return {
    endpoint: `https://localhost:${port}`,
    key: emulatorKey,
    ca: cert,
    privateKey: key,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** Publicly known key of Cosmos emulators; this one does not look at it. */
export const emulatorKey = 'C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==';

export type Emulator = {
  endpoint: string;
  key: string;
  /** Certificate that signs itself, PEM. */
  ca: string;
  /** Of that certificate, so that a test can stand between. */
  privateKey: string;
  close(): Promise<void>;
};

type Account = InstanceType<typeof account.default>;
type Collection = ReturnType<ReturnType<Account['database']>['collection']>;
type Operation = {
  operationType: string;
  id?: string;
  ifMatch?: string;
  partitionKey?: string;
  resourceBody?: { id: string };
};

async function answer(data: Account, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const route = routes.default(request) as
    | [Record<string, string>, (...args: unknown[]) => Promise<{ _etag?: string; message?: string } | undefined>]
    | undefined;
  if (!route) return send(response, 400, { code: 'BadRequest', message: 'The emulator does not know this request.' });
  // Asked for beside each query, and looked at only if that is refused.
  if (request.headers['x-ms-cosmos-is-query-plan-request']) return send(response, 200, {}, 0);
  const [params, handle] = route;
  if (request.headers['x-ms-cosmos-batch-atomic'] === 'true') {
    const collection = data.database(params['dbId']!).collection(params['collId']!);
    const partition = request.headers['x-ms-documentdb-partitionkey'] as string;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    if (!collection.read()) return send(response, 404, { code: 'NotFound', message: 'No such container.' });
    if (body.length > 2 * 1024 * 1024)
      return send(response, 413, { code: 'RequestEntityTooLarge', message: 'Over 2 MB.' });
    const { status, results } = batch(collection, partition, JSON.parse(body.toString()) as Operation[]);
    return send(response, status, results);
  }
  const body = await handle(data, request, response, params);
  if (body?._etag) response.setHeader('etag', body._etag);
  send(response, response.statusCode, response.statusCode >= 400 ? { message: '', ...body } : body);
}

/** Looks at all operations before it does the first: none of them touches what another one does. */
function batch(
  collection: Collection,
  partitionKey: string,
  wanted: Operation[],
): { status: number; results: unknown[] } {
  const partition = (JSON.parse(partitionKey) as [string])[0];
  const refusal = (operation: Operation): number | undefined => {
    const id = operation.id ?? operation.resourceBody!.id;
    const stored = collection.document(id, partition).read() as { id?: string; _etag?: string } | undefined;
    const there = stored?.id === id;
    if (operation.operationType === 'Create') return there ? 409 : undefined;
    if (operation.operationType !== 'Upsert' && !there) return 404;
    return operation.ifMatch !== undefined && there && operation.ifMatch !== stored._etag ? 412 : undefined;
  };
  const refused = wanted.findIndex((operation) => refusal(operation) !== undefined);
  if (refused >= 0)
    return {
      status: 207,
      results: wanted.map((operation, i) => ({
        statusCode: i === refused ? refusal(operation) : 424,
        requestCharge: i === refused ? 1 : 0,
      })),
    };
  const run = {
    Create: operations.createOperation,
    Upsert: operations.upsertOperation,
    Replace: operations.replaceOperation,
    Delete: operations.deleteOperation,
    Read: operations.readOperation,
  } as Record<string, (collection: Collection, input: never) => { statusCode: number; body?: { _etag?: string } }>;
  const results = wanted.map((operation) => {
    const { statusCode, body } = run[operation.operationType]!(collection, { ...operation, partitionKey } as never);
    return { statusCode, requestCharge: 1, eTag: body?._etag, resourceBody: body };
  });
  return { status: 200, results };
}

function send(response: ServerResponse, status: number, body: unknown, charge = 1): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'x-ms-request-charge': String(charge),
    connection: 'keep-alive',
  });
  response.end(body === undefined ? '' : JSON.stringify(body));
}
