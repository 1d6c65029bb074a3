import websocket from '@fastify/websocket';
import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { createHub, mapHub, signalr } from '../src/index.ts';
import {
  authenticate,
  client,
  listen,
  negotiate,
  RawClient,
  refusedUpgrade,
  serve,
  until,
  type Data,
  type Events,
} from './harness.ts';

const transports = [{ transport: 'WebSockets', transferFormats: ['Text', 'Binary'] }];

test('negotiate version 1 answers a public id and another, secret token', async () => {
  const { url } = await serve();
  const { response, body } = await negotiate(url, 1);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(body).toEqual({
    negotiateVersion: 1,
    connectionId: expect.stringMatching(/^[\w-]{22}$/),
    connectionToken: expect.stringMatching(/^[\w-]{22}$/),
    availableTransports: transports,
  });
  expect(body['connectionToken']).not.toBe(body['connectionId']);
});

test('negotiate without a version answers version 0, whose id opens the connection', async () => {
  const { url, hub } = await serve();
  const { body } = await negotiate(url, null);
  expect(body).toEqual({ negotiateVersion: 0, connectionId: expect.any(String), availableTransports: transports });
  await RawClient.connect(`${url}?id=${body['connectionId']}`);
  expect([...hub.connections].map(({ id }) => id)).toEqual([body['connectionId']]);
});

test.each([
  ['2', { negotiateVersion: 1 }],
  ['x', { error: 'The client requested a non-integer protocol version.' }],
  ['', { error: 'The client requested a non-integer protocol version.' }],
  ['-1', { error: "The client requested version '-1', but the server does not support this version." }],
])('negotiate version "%s" is answered as ASP.NET Core does', async (version, expected) => {
  const { url } = await serve();
  const { response, body } = await negotiate(url, version);
  expect(response.status).toBe(200);
  expect(body).toMatchObject(expected);
});

test('negotiate accepts any content type and an empty body', async () => {
  const { url } = await serve();
  for (const type of ['application/json', 'application/octet-stream', 'text/plain;charset=UTF-8']) {
    const response = await fetch(`${url}/negotiate?negotiateVersion=1`, {
      method: 'POST',
      headers: { authorization: 'Bearer user:ana', 'content-type': type },
    });
    expect(response.status).toBe(200);
  }
});

test('a refused negotiate has an empty body, so that the client shows "Unauthorized"', async () => {
  const { url } = await serve();
  await expect(client(url, 'nobody:').start()).rejects.toThrow(
    "Failed to complete negotiation with the server: Error: Unauthorized: Status code '401'",
  );
  const response = await fetch(`${url}/negotiate`, { method: 'POST' });
  expect([response.status, await response.text()]).toEqual([401, '']);
});

test.each([401, 403, 503])('authenticate decides the status of a refusal: %i', async (status) => {
  const { url } = await serve();
  const headers = { authorization: `Bearer refuse:${status}` };
  expect((await fetch(`${url}/negotiate`, { method: 'POST', headers })).status).toBe(status);
  expect(await refusedUpgrade(url, headers)).toEqual({ status, body: '' });
});

test('an authenticate that throws answers 500 without a word, one that hangs 503', async () => {
  const broken = await serve({}, {}, { authenticate: async () => Promise.reject(new Error('secret detail')) });
  expect(await refusedUpgrade(broken.url)).toEqual({ status: 500, body: '' });
  const hanging = await serve({}, {}, { authenticate: () => new Promise(() => {}), authenticateTimeout: 20 });
  expect(await refusedUpgrade(hanging.url)).toEqual({ status: 503, body: '' });
});

test('the header wins over access_token, and a doubled access_token is no token', async () => {
  const { url } = await serve();
  await RawClient.connect(`${url}?access_token=nonsense`);
  const post = (query: string) => fetch(`${url}/negotiate?${query}`, { method: 'POST' });
  expect((await post('access_token=user%3Aana')).status).toBe(200);
  expect((await post('access_token=user%3Aana&access_token=user%3Atom')).status).toBe(401);
});

test('an expired token is refused even if authenticate let it through', async () => {
  const { url } = await serve();
  expect((await refusedUpgrade(url, { authorization: `Bearer user:ana:${Date.now() - 1}` })).status).toBe(401);
});

test('the upgrade must come from the user who negotiated; the promise stays for that user', async () => {
  const { url } = await serve();
  const { body } = await negotiate(url);
  const target = `${url}?id=${body['connectionToken']}`;
  expect(await refusedUpgrade(target, { authorization: 'Bearer user:tom' })).toEqual({ status: 401, body: '' });
  await RawClient.connect(target, { user: 'ana' });
});

test('a connection token opens one connection: 409 while it lives, 404 afterwards', async () => {
  const { url, hub } = await serve();
  const { body } = await negotiate(url);
  const target = `${url}?id=${body['connectionToken']}`;
  const headers = { authorization: 'Bearer user:ana' };
  const raw = await RawClient.connect(target);
  expect((await refusedUpgrade(target, headers)).status).toBe(409);
  raw.socket.close();
  await until(() => hub.stats().sockets === 0);
  expect(await refusedUpgrade(target, headers)).toEqual({ status: 404, body: 'No Connection with that ID' });
});

test('two upgrades racing for one token open one connection', async () => {
  const { url, hub } = await serve();
  const { body } = await negotiate(url);
  const target = `${url}?id=${body['connectionToken']}`;
  const results = await Promise.allSettled([1, 2, 3].map(() => RawClient.connect(target)));
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(hub.connections.size).toBe(1);
});

test('a negotiated connection that never arrives is forgotten', async () => {
  const { url, hub } = await serve({}, { negotiationLifetime: 50 });
  const { body } = await negotiate(url);
  expect(hub.stats().negotiations).toBe(1);
  await until(() => hub.stats().negotiations === 0);
  const refusal = await refusedUpgrade(`${url}?id=${body['connectionToken']}`, { authorization: 'Bearer user:ana' });
  expect(refusal.status).toBe(404);
});

test('a flood of negotiations pushes out the oldest, never the newest', async () => {
  const { url, hub } = await serve({}, { maxNegotiations: 3 });
  const tokens: unknown[] = [];
  for (let count = 0; count < 5; count += 1) tokens.push((await negotiate(url)).body['connectionToken']);
  expect(hub.stats().negotiations).toBe(3);
  await RawClient.connect(`${url}?id=${tokens[4]}`);
  expect((await refusedUpgrade(`${url}?id=${tokens[0]}`, { authorization: 'Bearer user:ana' })).status).toBe(404);
});

test('a foreign origin is refused before the upgrade; own host, listed and missing origins pass', async () => {
  const { url } = await serve({}, {}, { allowedOrigins: ['https://desk.example'] });
  const own = new URL(url).origin;
  for (const origin of ['https://evil.example', 'null', 'https://desk.example.evil.example', 'http://desk.example']) {
    expect(await refusedUpgrade(url, { authorization: 'Bearer user:ana', origin })).toEqual({ status: 403, body: '' });
    const headers = { authorization: 'Bearer user:ana', origin };
    expect((await fetch(`${url}/negotiate`, { method: 'POST', headers })).status).toBe(403);
  }
  for (const origin of [own, 'https://desk.example', 'https://DESK.example:443']) {
    await RawClient.connect(url, { headers: { origin } });
  }
  await RawClient.connect(url);
});

test('requireOrigin refuses clients that are no browsers', async () => {
  const { url } = await serve({}, {}, { requireOrigin: true });
  expect((await refusedUpgrade(url, { authorization: 'Bearer user:ana' })).status).toBe(403);
});

test('the limit of connections answers 503', async () => {
  const { url } = await serve({}, { maxConnections: 1 });
  await RawClient.connect(url);
  expect((await refusedUpgrade(url, { authorization: 'Bearer user:ana' })).status).toBe(503);
});

test.each([
  ['GET', '', {}, 400, 'Connection ID required'],
  ['POST', '', {}, 400, 'Connection ID required'],
  ['DELETE', '', {}, 400, 'Connection ID required'],
  ['GET', '?id=unknown', {}, 404, 'No Connection with that ID'],
  ['POST', '?id=unknown', {}, 404, 'No Connection with that ID'],
  ['GET', '?id=TOKEN', {}, 404, 'LongPolling transport not supported by this end point type'],
  [
    'GET',
    '?id=TOKEN',
    { accept: 'text/event-stream' },
    404,
    'ServerSentEvents transport not supported by this end point type',
  ],
  ['POST', '?id=TOKEN', {}, 405, 'POST requests are not allowed for WebSocket connections.'],
  ['DELETE', '?id=TOKEN', {}, 400, 'Cannot terminate this connection using the DELETE endpoint.'],
  ['PUT', '?id=TOKEN', {}, 405, 'Method Not Allowed'],
  ['GET', '/negotiate', {}, 405, 'Method Not Allowed'],
])('%s %s %o is answered %i %s', async (method, rest, headers, status, sentence) => {
  const { url } = await serve();
  const { body } = await negotiate(url);
  const response = await fetch(url + rest.replace('TOKEN', String(body['connectionToken'])), {
    method,
    headers: { authorization: 'Bearer user:ana', ...headers },
  });
  expect([response.status, await response.text()]).toEqual([status, sentence]);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
});

test('an upgrade of the negotiate path is refused, not opened', async () => {
  const { url } = await serve();
  expect((await refusedUpgrade(`${url}/negotiate`, { authorization: 'Bearer user:ana' })).status).toBe(405);
});

test('request logs hold neither access tokens nor connection tokens', async () => {
  let log = '';
  const { url } = await serve({}, {}, {}, { logger: { level: 'trace', stream: { write: (line) => (log += line) } } });
  const { body } = await negotiate(url);
  const token = String(body['connectionToken']);
  await RawClient.connect(`${url}?id=${token}&Access%5Ftoken=user%3Aana`);
  await RawClient.connect(`${url}?access_token=user%3Aana`);
  await refusedUpgrade(`${url}?id=${token}&access_token=user%3Aana`);
  await refusedUpgrade(`${url}/negotiate?access_token=user%3Aana`);
  await until(() => log.split('incoming request').length > 5);
  expect(log).not.toMatch(/user%3Aana|user:ana/);
  expect(log).not.toContain(token);
});

test('a hub that would bring WebSockets to a server twice is refused with advice', async () => {
  const app = Fastify();
  await app.register(async (scope) => mapHub(scope, '/hub', createHub<Events, Data>(), { authenticate }));
  const second = mapHub(app, '/second', createHub<Events, Data>(), { authenticate });
  await expect(second).rejects.toThrow('Map every hub on the same Fastify instance');
  await app.close();
});

test('one server serves two hubs', async () => {
  const app = Fastify();
  const first = createHub<Events, Data>();
  const second = createHub<Events, Data>();
  await app.register(signalr, { path: '/first', hub: first, authenticate });
  await app.register(async (scope) => mapHub(scope, '/second', second, { authenticate }), { prefix: '/api' });
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  const onFirst = await listen(`${address}/first`);
  const onSecond = await listen(`${address}/api/second`);
  first.clients.all.send('note', 'to the first');
  second.clients.all.send('note', 'to the second');
  await until(() => onFirst.notes.length === 1 && onSecond.notes.length === 1);
  expect([onFirst.notes, onSecond.notes]).toEqual([['to the first'], ['to the second']]);
  await app.close();
});

test('a hub joins WebSockets that the application brought itself', async () => {
  const app = Fastify();
  await app.register(websocket);
  app.get('/own', { websocket: true }, (socket) => socket.send('own'));
  const hub = createHub<Events, Data>();
  await mapHub(app, '/hub', hub, { authenticate });
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  const own = new RawClient(`${address}/own`);
  const { notes } = await listen(`${address}/hub`);
  hub.clients.all.send('note', 'hello');
  await until(() => notes.length === 1 && own.frames.length === 1);
  await app.close();
  expect(hub.stats().sockets).toBe(0);
});
