import { expect, test } from 'vitest';
import { JsonText, type HubContext } from '../src/index.ts';
import { listen, RawClient, serve, until, type Data, type Events } from './harness.ts';

type Context = HubContext<Events, Data>;

const methods = { echo: (_ctx: Context, value: unknown) => value };

test.each([1, 2])('the handshake accepts JSON version %i', async (version) => {
  const { url } = await serve();
  const raw = new RawClient(url);
  await raw.opened;
  raw.send({ protocol: 'json', version });
  await until(() => raw.frames.length > 0);
  expect(raw.frames).toEqual(['{}\x1e']);
});

test.each([
  [{ protocol: 'messagepack', version: 1 }, "The protocol 'messagepack' is not supported."],
  [{ protocol: 'json', version: 9 }, "The server does not support version 9 of the 'json' protocol."],
  [{ protocol: 'json' }, 'An unexpected error occurred during connection handshake.'],
  [{ type: 6 }, 'An unexpected error occurred during connection handshake.'],
  [[], 'An unexpected error occurred during connection handshake.'],
])('the handshake %o is refused and the socket closed', async (request, error) => {
  const { url, hub } = await serve();
  const raw = new RawClient(url);
  await raw.opened;
  raw.send(request);
  expect(await raw.closed).toEqual({ code: 1002, reason: 'handshake-refused' });
  expect(raw.frames).toEqual([`${JSON.stringify({ error })}\x1e`]);
  expect(hub.stats().closed['handshake-refused']).toBe(1);
});

test('a handshake that does not come in time is refused, however much the client dribbles', async () => {
  const { url } = await serve({}, { handshakeTimeout: 100 });
  const raw = new RawClient(url);
  await raw.opened;
  const dribble = setInterval(() => raw.socket.send(' '), 10);
  expect(await raw.closed).toEqual({ code: 1002, reason: 'handshake-timeout' });
  clearInterval(dribble);
  expect(raw.frames).toEqual(['{"error":"Handshake was canceled."}\x1e']);
});

test('a handshake larger than a message is refused', async () => {
  const { url } = await serve({}, { maxMessageSize: 100 });
  const raw = new RawClient(url);
  await raw.opened;
  raw.socket.send(' '.repeat(100));
  expect((await raw.closed).reason).toBe('handshake-refused');
});

test('nothing is sent before the handshake answer, not even a broadcast or a ping', async () => {
  const { url, hub } = await serve({}, { keepAliveInterval: 20 });
  const raw = new RawClient(url);
  await raw.opened;
  await until(() => hub.stats().sockets === 1);
  hub.clients.all.send('note', 'early');
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(raw.frames).toEqual([]);
  raw.send({ protocol: 'json', version: 1 });
  await until(() => raw.frames.length > 0);
  expect(raw.frames[0]).toBe('{}\x1e');
});

test('handshake and messages may come in pieces or in one frame', async () => {
  const { url } = await serve({ methods });
  const raw = new RawClient(url);
  await raw.opened;
  const bytes = Buffer.from(
    `{"protocol":"json","version":1}\x1e${JSON.stringify({ type: 1, invocationId: '1', target: 'echo', arguments: ['ü✓'] })}\x1e`,
  );
  for (const byte of bytes) raw.socket.send(Buffer.from([byte]), { binary: false, fin: true });
  raw.socket.close();
  await raw.closed;
  // Bytes of one character in separate text frames break the rules of WebSocket.
  expect(raw.messages).toEqual([{}]);

  const binary = await RawClient.connect(url);
  for (const byte of bytes.subarray(bytes.indexOf(0x1e) + 1)) binary.socket.send(Buffer.from([byte]), { binary: true });
  await until(() => binary.messages.length > 1);
  expect(binary.messages[1]).toEqual({ type: 3, invocationId: '1', result: 'ü✓' });

  const whole = new RawClient(url);
  await whole.opened;
  whole.socket.send(bytes.toString());
  await until(() => whole.messages.length > 1);
  expect(whole.messages).toEqual([{}, { type: 3, invocationId: '1', result: 'ü✓' }]);
});

test('200 sends of 1 KB in one tick arrive, in order, as does a broadcast burst', async () => {
  const seen: number[] = [];
  const { url, hub } = await serve({
    methods: { take: (_ctx: Context, index: number, _text: string) => seen.push(index) },
  });
  const { connection, notes } = await listen(url);
  const filler = 'x'.repeat(1024);
  await Promise.all(Array.from({ length: 200 }, (_, index) => connection.send('take', index, filler)));
  await until(() => seen.length === 200);
  expect(seen).toEqual(Array.from({ length: 200 }, (_, index) => index));

  for (let index = 0; index < 200; index += 1) hub.clients.all.send('note', `${index} ${filler}`);
  await until(() => notes.length === 200);
  expect(notes.map((text) => Number.parseInt(text, 10))).toEqual(Array.from({ length: 200 }, (_, index) => index));
});

test('ten sends in one turn of the event loop cost each socket one frame', async () => {
  const { url, hub } = await serve();
  const [first, second] = [await RawClient.connect(url), await RawClient.connect(url, { user: 'tom' })];
  for (let count = 0; count < 5; count += 1) hub.clients.all.send('note', `${count}`);
  await Promise.resolve();
  for (let count = 5; count < 10; count += 1) hub.clients.user('ana').send('note', `${count}`);
  await until(() => first.messages.length === 11 && second.messages.length === 6);
  expect([first.frames.length, second.frames.length]).toEqual([2, 2]);
  expect(first.messages.slice(1).map(({ arguments: args }) => args)).toEqual(
    Array.from({ length: 10 }, (_, index) => [`${index}`]),
  );
});

test('a large burst leaves in parts, so that it does not wait as a whole', async () => {
  const { url, hub } = await serve();
  const raw = await RawClient.connect(url);
  for (let count = 0; count < 200; count += 1) hub.clients.all.send('note', 'x'.repeat(1024));
  await until(() => raw.messages.length === 201);
  expect(raw.frames.slice(1).map((frame) => frame.length > 70_000)).toEqual([false, false, false, false]);
});

test.each([10, 200, 70_000, 300_000])('a frame of %i bytes is framed correctly', async (size) => {
  const { url, hub } = await serve();
  const raw = await RawClient.connect(url);
  hub.clients.all.send('note', 'é'.repeat(size / 2));
  await until(() => raw.messages.length > 1);
  expect(raw.messages[1]?.['arguments']).toEqual(['é'.repeat(size / 2)]);
});

test('the server pings a quiet connection', async () => {
  const { url } = await serve({}, { keepAliveInterval: 30 });
  const raw = await RawClient.connect(url);
  await until(() => raw.messages.length >= 4);
  expect(raw.messages.slice(1, 4)).toEqual([{ type: 6 }, { type: 6 }, { type: 6 }]);
});

test('compression is not negotiated', async () => {
  const { url } = await serve();
  const raw = await RawClient.connect(url, { perMessageDeflate: true });
  expect(raw.socket.extensions).toBe('');
});

test('a close frame without code is answered by 1000', async () => {
  const { url } = await serve();
  const raw = await RawClient.connect(url);
  raw.socket.close();
  expect((await raw.closed).code).toBe(1000);
});

test.each([
  ['{"type":1,"target":"echo"}', "Missing required property 'arguments'."],
  ['{"type":1,"arguments":[]}', "Missing required property 'target'."],
  ['{"type":1,"target":"echo","arguments":[],"invocationId":5}', "Expected 'invocationId' to be a string."],
  ['{"type":"1"}', "Expected 'type' to be an integer."],
  ['{}', "Expected 'type' to be an integer."],
  ['[]', 'Unexpected JSON token. Expected an object.'],
  ['{', 'Error reading JSON.'],
  ['', 'Error reading JSON.'],
])('the malformed message %s closes the connection with an explanation', async (text, detail) => {
  const { url } = await serve({ methods });
  const raw = await RawClient.connect(url);
  raw.socket.send(`${text}\x1e`);
  expect(await raw.closed).toEqual({ code: 1002, reason: 'protocol-error' });
  expect(raw.messages.at(-1)).toEqual({
    type: 7,
    error: `Connection closed with an error. ${detail}`,
    allowReconnect: true,
  });
});

test('an argument whose JSON is at hand goes out as it is, made once and only for somebody', async () => {
  const { url, hub } = await serve({});
  let made = 0;
  const ready = () => new JsonText(() => `{"n":${(made += 1)}}`);
  const send = hub.clients.all.send as (event: string, ...args: unknown[]) => void;
  send('note', ready());
  expect(made).toBe(0);
  const clients = [new RawClient(url), new RawClient(url)];
  for (const client of clients) {
    await client.opened;
    client.send({ protocol: 'json', version: 1 });
  }
  await until(() => hub.stats().connections === 2);
  send('note', ready(), 'plain');
  const expected = '{"type":1,"target":"note","arguments":[{"n":1},"plain"]}\x1e';
  await until(() => clients.every(({ frames }) => frames.includes(expected)));
  expect(made).toBe(1);
});
