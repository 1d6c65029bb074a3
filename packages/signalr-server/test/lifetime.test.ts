import net from 'node:net';
import { HubConnectionState } from '@microsoft/signalr';
import { expect, test } from 'vitest';
import { DisconnectError, HubError, type HubContext } from '../src/index.ts';
import {
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

type Context = HubContext<Events, Data>;

/** Follows the life of connections through the hub's own callbacks. */
function diary() {
  const entries: string[] = [];
  return {
    entries,
    onConnected: (ctx: Context) => void entries.push(`${ctx.user.id} connected`),
    onDisconnected: (ctx: Context, error?: Error) => {
      const reason = error instanceof DisconnectError ? error.reason : 'in order';
      entries.push(`${ctx.user.id} disconnected: ${reason}, signal: ${(ctx.signal.reason as DisconnectError).reason}`);
    },
  };
}

test('a client that stops is gone in order', async () => {
  const life = diary();
  const { url, hub } = await serve(life);
  const { connection } = await listen(url);
  await connection.stop();
  await until(() => life.entries.length === 2);
  expect(life.entries).toEqual(['ana connected', 'ana disconnected: in order, signal: client-closed']);
  expect(hub.stats().closed['client-closed']).toBe(1);
});

test('a lost socket is an error to onDisconnected', async () => {
  const life = diary();
  const { url } = await serve(life);
  const raw = await RawClient.connect(url);
  raw.socket.terminate();
  await until(() => life.entries.length === 2);
  expect(life.entries[1]).toBe('ana disconnected: connection-lost, signal: connection-lost');
});

test('the connection ends when its token expires, and the client may come back', async () => {
  const life = diary();
  let now = 1000;
  const { url } = await serve(life, { now: () => now, keepAliveInterval: 100 });
  const connection = client(url, 'user:ana:5000', { reconnect: true });
  const errors: (string | undefined)[] = [];
  connection.onreconnecting((error) => errors.push(error?.message));
  await connection.start();
  const raw = await RawClient.connect(url, { user: 'tom:5000' });
  const lasting = await listen(url, 'mia');
  now = 4999;
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(connection.state).toBe(HubConnectionState.Connected);
  now = 5000;
  expect(await raw.closed).toEqual({ code: 1008, reason: 'token-expired' });
  expect(raw.messages.at(-1)).toEqual({ type: 7, error: 'The access token has expired.', allowReconnect: true });
  await until(() => errors.length === 1);
  expect(errors[0]).toContain('The access token has expired.');
  expect(lasting.connection.state).toBe(HubConnectionState.Connected);
});

test('a client that falls silent is closed; one that pings stays', async () => {
  const life = diary();
  const { url } = await serve(life, { clientTimeout: 400 });
  const silent = await RawClient.connect(url);
  const alive = await RawClient.connect(url, { user: 'tom' });
  const pings = setInterval(() => alive.send({ type: 6 }), 20);
  expect(await silent.closed).toEqual({ code: 1008, reason: 'client-timeout' });
  expect(silent.messages.at(-1)).toMatchObject({ type: 7, allowReconnect: true });
  expect(silent.messages.at(-1)?.['error']).toContain('within the configured ClientTimeoutInterval.');
  clearInterval(pings);
  expect(life.entries).toContain('ana disconnected: client-timeout, signal: client-timeout');
  expect(alive.socket.readyState).toBe(alive.socket.OPEN);
});

test('a stall of the server is not blamed on clients whose pings it has not read', async () => {
  const { url, hub } = await serve({}, { clientTimeout: 200 });
  const raw = await RawClient.connect(url);
  // After an immediate come the timers, and only then the socket that holds the ping.
  await new Promise((resolve) => setImmediate(resolve));
  raw.send({ type: 6 });
  const end = performance.now() + 300;
  while (performance.now() < end);
  await until(() => hub.stats().messagesIn === 1);
  expect(hub.stats().connections).toBe(1);
});

test('pieces of a message that never ends do not keep a connection alive', async () => {
  const { url } = await serve({}, { clientTimeout: 100 });
  const raw = await RawClient.connect(url);
  const dribble = setInterval(() => raw.socket.send('x'), 10);
  expect((await raw.closed).reason).toBe('client-timeout');
  clearInterval(dribble);
});

test.each([
  ['in one frame', (raw: RawClient, text: string) => raw.socket.send(text)],
  [
    'in pieces without end',
    (raw: RawClient, text: string) => {
      raw.socket.send(text.slice(0, 600));
      raw.socket.send(text.slice(600, -1));
    },
  ],
])('a hub message over the limit closes the connection: %s', async (_how, send) => {
  const { url } = await serve({}, { maxMessageSize: 1000 });
  const raw = await RawClient.connect(url);
  send(raw, `${JSON.stringify({ type: 1, target: 'x', arguments: ['y'.repeat(1000)] })}\x1e`);
  expect(await raw.closed).toEqual({ code: 1009, reason: 'message-too-big' });
  expect(raw.messages.at(-1)).toEqual({
    type: 7,
    error: 'Connection closed with an error. The maximum message size of 1000B was exceeded.',
    allowReconnect: true,
  });
});

test('a message of exactly the limit passes', async () => {
  const { url } = await serve(
    { methods: { size: (_ctx: Context, text: string) => text.length } },
    { maxMessageSize: 1000 },
  );
  const raw = await RawClient.connect(url);
  const message = (text: string) =>
    `${JSON.stringify({ type: 1, invocationId: '1', target: 'size', arguments: [text] })}\x1e`;
  raw.socket.send(message('y'.repeat(1000 - message('').length)));
  await until(() => raw.messages.length > 1);
  expect(raw.messages[1]).toMatchObject({ type: 3, result: 1000 - message('').length });
});

test('a WebSocket message over the frame limit is closed by 1009', async () => {
  const { url, hub } = await serve({}, {}, { maxFrameSize: 10_000 });
  const raw = await RawClient.connect(url);
  raw.socket.send(Buffer.alloc(10_001));
  expect((await raw.closed).code).toBe(1009);
  await until(() => hub.stats().sockets === 0);
  expect(hub.stats().closed['frame-too-big']).toBe(1);
});

test('a client over its message budget is closed', async () => {
  const { url, hub } = await serve({}, { messagesPerSecond: 10, messageBurst: 20 });
  const raw = await RawClient.connect(url);
  raw.socket.send(`${JSON.stringify({ type: 6 })}\x1e`.repeat(21));
  expect(await raw.closed).toEqual({ code: 1008, reason: 'rate-limited' });
  expect(raw.messages.at(-1)).toEqual({ type: 7, error: 'Too many messages.', allowReconnect: true });
  expect(hub.stats().messagesIn).toBe(21);
});

test('a slow consumer is dropped; the others get everything', async () => {
  const life = diary();
  const { url, hub } = await serve(life, { maxBufferedOutput: 256 * 1024, clientTimeout: 60_000 });
  const slow = await RawClient.connect(url, { user: 'slow' });
  slow.socket.pause();
  const { notes } = await listen(url);
  const text = 'x'.repeat(64 * 1024);
  let sent = 0;
  while (hub.stats().closed['slow-consumer'] === 0 && sent < 2000) {
    hub.clients.all.send('note', text);
    sent += 1;
    await until(() => notes.length === sent);
  }
  expect(hub.stats().closed['slow-consumer']).toBe(1);
  hub.clients.all.send('note', 'end');
  await until(() => notes.at(-1) === 'end');
  expect(notes).toHaveLength(sent + 1);
  await until(() => life.entries.includes('slow disconnected: slow-consumer, signal: slow-consumer'));
});

test('abort ends the connection and the client does not come back', async () => {
  const { url, hub } = await serve({ methods: { leave: (ctx: Context) => ctx.abort() } });
  const connection = client(url, 'ana', { reconnect: true });
  const closed = new Promise<Error | undefined>((resolve) => connection.onclose(resolve));
  await connection.start();
  connection.send('leave').catch(() => {});
  expect(await closed).toBeUndefined();
  expect(hub.stats().closed.aborted).toBe(1);
});

test('disconnectUser ends every connection of the user, with a reason, and lets them back when asked to', async () => {
  const { url, hub } = await serve();
  const [first, second, other] = [await listen(url), await listen(url), await listen(url, 'tom')];
  const closed = [first, second].map(
    ({ connection }) => new Promise<Error | undefined>((resolve) => connection.onclose(resolve)),
  );
  expect(hub.disconnectUser('ana', { reason: 'Signed out.' })).toBe(2);
  expect(hub.connections.size).toBe(1);
  for (const error of await Promise.all(closed)) expect(error?.message).toContain('Signed out.');
  expect(other.connection.state).toBe(HubConnectionState.Connected);
  expect(hub.disconnect(other.id)).toBe(true);
  expect(hub.disconnect(other.id)).toBe(false);

  const back = client(url, 'mia', { reconnect: true });
  const reconnected = new Promise((resolve) => back.onreconnected(resolve));
  await back.start();
  const before = back.connectionId;
  hub.disconnectUser('mia', { allowReconnect: true });
  expect(await reconnected).not.toBe(before);
});

test('what was sent before a close arrives before it', async () => {
  const { url, hub } = await serve();
  const raw = await RawClient.connect(url);
  hub.clients.user('ana').send('note', 'last words');
  hub.disconnectUser('ana');
  hub.clients.user('ana').send('note', 'too late');
  expect((await raw.closed).code).toBe(1000);
  expect(raw.messages.slice(1).map(({ type }) => type)).toEqual([1, 7]);
});

test('onConnected runs before any method; when it throws, the connection ends and onDisconnected stays silent', async () => {
  const steps: string[] = [];
  const { url, hub } = await serve({
    methods: { step: () => steps.push('method') },
    onConnected: async (ctx) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      steps.push(`connected ${ctx.user.id}`);
      if (ctx.user.id === 'tom') throw new HubError('Tom may not.');
    },
    onDisconnected: () => steps.push('disconnected'),
  });
  const { connection } = await listen(url);
  await connection.invoke('step');
  expect(steps).toEqual(['connected ana', 'method']);

  const tom = client(url, 'tom', { reconnect: true });
  const closed = new Promise<Error | undefined>((resolve) => tom.onclose(resolve));
  await tom.start();
  tom.send('step').catch(() => {});
  expect((await closed)?.message).toContain('Connection closed with an error. HubException: Tom may not.');
  await until(() => hub.stats().sockets === 1);
  expect(steps).toEqual(['connected ana', 'method', 'connected tom']);
});

test('onDisconnected waits for the running method, which is told by the signal; waiting calls are dropped', async () => {
  const steps: string[] = [];
  const { url } = await serve({
    methods: {
      work: async (ctx: Context, name: string) => {
        steps.push(`${name} begins`);
        await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve));
        ctx.groups.add('room');
        ctx.clients.caller.send('note', 'into the void');
        await new Promise((resolve) => setTimeout(resolve, 20));
        steps.push(`${name} ends`);
      },
    },
    onDisconnected: () => steps.push('disconnected'),
  });
  const raw = await RawClient.connect(url);
  raw.send({ type: 1, target: 'work', arguments: ['first'] });
  raw.send({ type: 1, target: 'work', arguments: ['second'] });
  await until(() => steps.length === 1);
  raw.socket.terminate();
  await until(() => steps.includes('disconnected'));
  expect(steps).toEqual(['first begins', 'first ends', 'disconnected']);
});

test('closing the server says goodbye with leave to reconnect, runs onDisconnected and frees the port', async () => {
  const life = diary();
  const { url, hub, stop } = await serve({
    ...life,
    onDisconnected: async (ctx: Context, error?: Error) => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      life.onDisconnected(ctx, error);
    },
  });
  const raw = await RawClient.connect(url);
  const waiting = new RawClient(url, { user: 'tom' });
  await waiting.opened;
  await until(() => hub.stats().sockets === 2);
  await stop();
  expect(life.entries).toEqual(['ana connected', 'ana disconnected: in order, signal: server-shutdown']);
  expect(await raw.closed).toEqual({ code: 1001, reason: 'server-shutdown' });
  expect((await waiting.closed).code).toBe(1001);
  expect(raw.messages.at(-1)).toEqual({ type: 7, allowReconnect: true });
  expect(hub.stats()).toMatchObject({ sockets: 0, connections: 0, groups: 0, users: 0, negotiations: 0 });
});

test('a closed hub refuses newcomers while its server lives', async () => {
  const { url, hub } = await serve();
  await Promise.all([hub.close(), hub.close()]);
  expect((await refusedUpgrade(url, { authorization: 'Bearer user:ana' })).status).toBe(503);
  expect((await fetch(`${url}/negotiate`, { method: 'POST' })).status).toBe(503);
});

test('closing does not wait for ever for a client that does not answer', async () => {
  const { url, hub, stop } = await serve({}, { closeTimeout: 100 });
  const raw = await RawClient.connect(url);
  raw.socket.pause();
  await stop();
  expect(hub.stats().sockets).toBe(0);
});

test('a client with automatic reconnect moves on to the successor of a closed server', async () => {
  const first = await serve();
  const { port } = new URL(first.url);
  const connection = client(first.url, 'ana', { reconnect: true });
  const reconnecting = new Promise<void>((resolve) => connection.onreconnecting(() => resolve()));
  const reconnected = new Promise((resolve) => connection.onreconnected(resolve));
  await connection.start();
  await first.stop();
  await reconnecting;
  const second = await serve({}, {}, {}, {}, Number(port));
  expect(await reconnected).toBe([...second.hub.connections][0]?.id);
});

test('broken sockets and rubbish bytes never hurt the server', async () => {
  const { url, hub } = await serve();
  const { hostname, port } = new URL(url);
  const upgrade =
    'GET /hub HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer user:ana\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
  for (const rubbish of [Buffer.from([0xff, 0xff, 0xff, 0xff]), Buffer.from([0x81, 0x01, 0x41]), Buffer.alloc(0)]) {
    const socket = net.connect(Number(port), hostname);
    socket.on('error', () => {});
    socket.write(upgrade);
    await new Promise((resolve) => socket.once('data', resolve));
    socket.write(rubbish);
    socket.resetAndDestroy();
  }
  const early = net.connect(Number(port), hostname);
  early.on('error', () => {});
  early.write(upgrade, () => early.resetAndDestroy());
  await until(() => hub.stats().sockets === 0);
  const { connection } = await listen(url);
  expect(connection.state).toBe(HubConnectionState.Connected);
});

test('200 connect and stop cycles leave nothing behind', async () => {
  const life = diary();
  const { url, hub } = await serve({
    ...life,
    methods: { join: (ctx: Context, group: string) => ctx.groups.add(group) },
  });
  const cycle = async (index: number): Promise<void> => {
    const connection = client(url, `user${index}`);
    await connection.start();
    await connection.invoke('join', `group${index}`);
    await connection.stop();
  };
  for (let round = 0; round < 20; round += 1) {
    await Promise.all(Array.from({ length: 10 }, (_, index) => cycle(round * 10 + index)));
  }
  await until(() => hub.stats().sockets === 0 && life.entries.length === 400);
  expect(hub.stats()).toMatchObject({ connections: 0, sockets: 0, users: 0, groups: 0, negotiations: 0 });
  expect(hub.stats().closed['client-closed']).toBe(200);
  await negotiate(url);
  expect(hub.stats().negotiations).toBe(1);
}, 30_000);
