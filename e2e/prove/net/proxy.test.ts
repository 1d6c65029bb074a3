import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Seeded } from '../disk/seeded.ts';
import { FaultProxy } from './proxy.ts';

let server: Server;
let proxy: FaultProxy;
/** The far ends, newest last, with what they heard. */
let accepted: End[];
let near: End;

beforeEach(async () => {
  accepted = [];
  server = createServer({ allowHalfOpen: true }, (socket) => void accepted.push(new End(socket)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy = await FaultProxy.start((server.address() as AddressInfo).port, new Seeded(1));
  near = await dial();
});
afterEach(async () => {
  await proxy.close();
  for (const end of accepted) end.socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

const far = () => accepted.at(-1)!;

async function dial(): Promise<End> {
  const count = accepted.length;
  const end = new End(connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true }));
  await vi.waitFor(() => expect(end.state !== 'open' || accepted.length > count).toBe(true), { interval: 2 });
  return end;
}

test('without a toxic everything passes both ways as it was, ends included', async () => {
  const large = new Seeded(2).bytes(300_000);
  near.socket.write(large);
  far().socket.write('hello');
  await vi.waitFor(() => expect([far().bytes, near.text]).toEqual([300_000, 'hello']));
  expect(Buffer.concat(far().chunks).equals(large)).toBe(true);
  near.socket.end();
  await vi.waitFor(() => expect(far().ended).toBe(true));
  far().socket.end('bye');
  await vi.waitFor(() => expect([near.text, near.ended]).toEqual(['hellobye', true]));
  await vi.waitFor(() => expect(proxy.open).toBe(0));
  expect(proxy.bites).toBe(0);
});

test('latency holds back one direction only, and keeps the order', async () => {
  proxy.poison('up', { kind: 'latency', ms: 80, jitter: 60 });
  const start = performance.now();
  for (let i = 0; i < 10; i++) {
    near.socket.write(String(i));
    await new Promise((resolve) => setImmediate(resolve));
  }
  far().socket.write('x');
  await vi.waitFor(() => expect(near.text).toBe('x'), { interval: 2 });
  expect(performance.now() - start).toBeLessThan(80);
  await vi.waitFor(() => expect(far().text).toBe('0123456789'));
  expect(performance.now() - start).toBeGreaterThan(19);
});

test('bandwidth lets so many bytes through in a second, and the rest at once when healed', async () => {
  proxy.poison('down', { kind: 'bandwidth', bytes: 4_000 });
  const start = performance.now();
  far().socket.write(Buffer.alloc(1_000));
  await vi.waitFor(() => expect(near.bytes).toBe(1_000), { interval: 5 });
  expect(performance.now() - start).toBeGreaterThan(180);
  far().socket.write(Buffer.alloc(100_000));
  await vi.waitFor(() => expect(near.bytes).toBeGreaterThan(1_000));
  expect(near.bytes).toBeLessThan(50_000);
  proxy.heal();
  await vi.waitFor(() => expect(near.bytes).toBe(101_000));
});

test('slicer cuts what is sent into pieces that come one after the other', async () => {
  proxy.poison('up', { kind: 'slicer', bytes: 10, ms: 1 });
  near.socket.write('a'.repeat(200));
  await vi.waitFor(() => expect(far().bytes).toBe(200));
  expect(far().chunks.length).toBeGreaterThan(8);
});

test('slow-close tells the end later', async () => {
  proxy.poison('up', { kind: 'slow-close', ms: 100 });
  const start = performance.now();
  near.socket.end('last words');
  await vi.waitFor(() => expect(far().text).toBe('last words'), { interval: 2 });
  expect(far().ended).toBe(false);
  await vi.waitFor(() => expect(far().ended).toBe(true), { interval: 2 });
  expect(performance.now() - start).toBeGreaterThan(98);
});

test('down resets what is open and lets nobody in until healed', async () => {
  proxy.poison('up', { kind: 'down' });
  await vi.waitFor(() => expect([near.state, far().state]).toEqual(['reset', 'reset']));
  expect((await dial()).state).toBe('reset');
  proxy.heal();
  const again = await dial();
  again.socket.write('again');
  await vi.waitFor(() => expect(far().text).toBe('again'));
});

test('timeout swallows one direction, also after healing, and closes when told to', async () => {
  proxy.poison('down', { kind: 'timeout', ms: 0 });
  far().socket.write('lost');
  near.socket.write('heard');
  await vi.waitFor(() => expect(far().text).toBe('heard'));
  proxy.heal();
  far().socket.write('lost too');
  const fresh = await dial();
  far().socket.write('new line');
  await vi.waitFor(() => expect(fresh.text).toBe('new line'));
  expect([near.text, near.state]).toEqual(['', 'open']);
  proxy.poison('up', { kind: 'timeout', ms: 30 });
  await vi.waitFor(() => expect([near.state, fresh.state]).toEqual(['reset', 'reset']));
});

test('reset-peer resets both sides after its time', async () => {
  proxy.poison('up', { kind: 'reset-peer', ms: 40 });
  near.socket.write('before');
  await vi.waitFor(() => expect(far().text).toBe('before'), { interval: 2 });
  await vi.waitFor(() => expect([near.state, far().state]).toEqual(['reset', 'reset']));
});

test('limit-data closes in an orderly way after so many bytes', async () => {
  proxy.poison('down', { kind: 'limit-data', bytes: 7 });
  far().socket.write('1234');
  far().socket.write('5678');
  await vi.waitFor(() => expect([near.text, near.ended]).toEqual(['1234567', true]));
  expect(near.state).not.toBe('reset');
});

test('half-open: the far side goes and the near one is not told; the other way round too', async () => {
  proxy.poison('down', { kind: 'half-open' });
  await vi.waitFor(() => expect(far().state).toBe('reset'));
  near.socket.write('into nowhere');
  proxy.heal();
  await dial();
  expect([near.state, near.ended]).toEqual(['open', false]);
  const fresh = await dial();
  proxy.poison('up', { kind: 'half-open' });
  await vi.waitFor(() => expect(fresh.state).toBe('reset'));
  expect([far().state, far().ended]).toEqual(['open', false]);
  expect(far().text).toBe('');
});

test.each([1, 2, 1_000, 65_537])('cut lets exactly %i bytes through; then an end here and a reset there', async (n) => {
  proxy.poison('up', { kind: 'cut', bytes: n });
  near.socket.write(Buffer.alloc(n + 500, 'x'));
  await vi.waitFor(() => expect([far().bytes, far().ended]).toEqual([n, true]));
  await vi.waitFor(() => expect(near.state).toBe('reset'));
});

class End {
  readonly socket: Socket;
  readonly chunks: Buffer[] = [];
  ended = false;
  state: 'open' | 'closed' | 'reset' = 'open';

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => void this.chunks.push(chunk));
    socket.on('end', () => (this.ended = true));
    socket.on('error', () => (this.state = 'reset'));
    socket.on('close', () => {
      if (this.state === 'open') this.state = 'closed';
    });
  }

  get bytes(): number {
    return this.chunks.reduce((sum, { length }) => sum + length, 0);
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('utf8');
  }
}
