import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { io } from 'socket.io-client';
import { Pool } from 'undici';
import { WebSocket } from 'ws';
import { quantile } from './measure.ts';
import { lineOf, replyBody, turnBody, type Target } from './protocol.ts';

/**
 * The load generator, a process of its own. It plays both the bots and the consultants: posts a turn and waits for its frame,
 * posts a reply and waits for its callback, and compares every text that arrives with the text that was sent.
 */
type Order =
  | { do: 'connect'; target: Target }
  | { do: 'closed'; name: string; ms: number }
  | { do: 'open'; name: string; ms: number; perSecond: number };

type Waiter = { text: string; resolve: () => void };
type Stack = {
  target: Target;
  pool: Pool;
  counters: number[];
  frames: Map<string, Waiter>;
  callbacks: Map<string, Waiter>;
  wrong: number;
};

const stacks = new Map<string, Stack>();

const callbackServer = createServer((request, response) => {
  request.setEncoding('utf8');
  let body = '';
  request.on('data', (chunk: string) => (body += chunk));
  request.on('end', () => {
    response.writeHead(204).end();
    const stack = stacks.get(request.url!.split('/')[1]!);
    const { entries = [] } = JSON.parse(body) as { entries?: { kind: string; text: string }[] };
    for (const entry of entries) if (stack && entry.kind === 'message') arrived(stack, stack.callbacks, entry.text);
  });
});
callbackServer.keepAliveTimeout = 600_000;
callbackServer.listen(0, '127.0.0.1', () =>
  process.send!({ callbackUrl: `http://127.0.0.1:${(callbackServer.address() as AddressInfo).port}` }),
);

process.on('message', (order: Order) => {
  run(order).then(
    (result) => process.send!({ done: true, result }),
    (error: unknown) =>
      process.send!({ done: true, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));

async function run(order: Order): Promise<unknown> {
  if (order.do === 'connect') return connect(order.target);
  const stack = stacks.get(order.name)!;
  stack.wrong = 0;
  return order.do === 'closed' ? closedLoop(stack, order.ms) : openLoop(stack, order.ms, order.perSecond);
}

async function connect(target: Target): Promise<void> {
  const stack: Stack = {
    target,
    pool: new Pool(target.url, { connections: target.places.length * 2, pipelining: 1 }),
    counters: target.places.map(() => 0),
    frames: new Map(),
    callbacks: new Map(),
    wrong: 0,
  };
  stacks.set(target.name, stack);
  await Promise.all(
    target.consultantTokens.map((token, consultant) =>
      watch(
        stack,
        token,
        target.places.filter((place) => place.consultant === consultant).map(({ conversation }) => conversation),
      ),
    ),
  );
}

async function watch(stack: Stack, token: string, conversations: string[]): Promise<void> {
  const { target } = stack;
  const address = target.url.replace('http', 'ws');
  if (target.push === 'socket.io') {
    const socket = io(target.url, { transports: ['websocket'], auth: { token } });
    socket.on('message', ({ text }: { text: string }) => arrived(stack, stack.frames, text));
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('connect_error', reject));
    for (const id of conversations) await socket.emitWithAck('watch', id);
    return;
  }
  const socket = new WebSocket(target.push === 'ws' ? address : `${address}/hub?access_token=${token}`, {
    perMessageDeflate: false,
  });
  const end = '\u001e';
  socket.on('message', (data: Buffer) => {
    if (target.push === 'ws')
      return arrived(stack, stack.frames, (JSON.parse(data.toString()) as { text: string }).text);
    for (const record of data.toString().split(end)) {
      if (record === '') continue;
      const message = JSON.parse(record) as {
        target?: string;
        arguments?: { entries: { kind: string; text: string }[] }[];
      };
      if (message.target !== 'change') continue;
      for (const entry of message.arguments![0]!.entries)
        if (entry.kind === 'message') arrived(stack, stack.frames, entry.text);
    }
  });
  await new Promise<void>((resolve, reject) => socket.once('open', resolve).once('error', reject));
  if (target.push === 'signalr') {
    const answered = new Promise<void>((resolve) => socket.once('message', () => resolve()));
    socket.send(`{"protocol":"json","version":1}${end}`);
    await answered;
    setInterval(() => socket.send(`{"type":6}${end}`), 10_000).unref();
  }
  for (const [n, id] of conversations.entries()) {
    if (target.push === 'ws') socket.send(id);
    else {
      const joined = new Promise<void>((resolve) => {
        const listener = (data: Buffer) => {
          if (!data.toString().includes(`"invocationId":"${n}"`)) return;
          socket.off('message', listener);
          resolve();
        };
        socket.on('message', listener);
      });
      socket.send(`${JSON.stringify({ type: 1, target: 'watch', arguments: [id], invocationId: String(n) })}${end}`);
      await joined;
    }
  }
}

function arrived(stack: Stack, waiters: Map<string, Waiter>, text: string): void {
  const key = text.slice(0, text.indexOf(' ', 6));
  const waiter = waiters.get(key);
  if (!waiter) return;
  if (waiter.text !== text) stack.wrong += 1;
  waiters.delete(key);
  waiter.resolve();
}

/** Both legs of one exchange, each until what was sent has arrived at the other end. */
async function exchange(stack: Stack, n: number): Promise<[number, number]> {
  const turn = await leg(stack, n, 'turn');
  const reply = await leg(stack, n, 'reply');
  return [turn, reply];
}

/** @returns milliseconds from sending to arrival at the other end */
async function leg(stack: Stack, n: number, kind: 'turn' | 'reply'): Promise<number> {
  const { target, pool } = stack;
  const place = target.places[n]!;
  const count = (stack.counters[n]! += 1);
  const text = lineOf(n, count, kind);
  const waiters = kind === 'turn' ? stack.frames : stack.callbacks;
  const arrival = new Promise<void>((resolve) => waiters.set(text.slice(0, text.indexOf(' ', 6)), { text, resolve }));
  const started = performance.now();
  const token = kind === 'turn' ? target.botToken : target.consultantTokens[place.consultant]!;
  const { statusCode, body } = await pool.request({
    method: 'POST',
    path: kind === 'turn' ? '/v1/bot/turns' : `/v1/conversations/${place.conversation}/reply`,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body:
      kind === 'turn'
        ? turnBody(place.channelConversation, `${n}-${count}`, text)
        : replyBody(`${n}-${count}`, text, place.epoch),
  });
  if (statusCode !== 200)
    throw new Error(`${target.name} answered ${statusCode}: ${(await body.text()).slice(0, 300)}`);
  await body.dump();
  await arrival;
  return performance.now() - started;
}

async function closedLoop(stack: Stack, ms: number) {
  const end = performance.now() + ms;
  let messages = 0;
  const started = performance.now();
  await Promise.all(
    stack.target.places.map(async (_, n) => {
      while (performance.now() < end) {
        await exchange(stack, n);
        messages += 2;
      }
    }),
  );
  return { messages, seconds: (performance.now() - started) / 1000, wrong: stack.wrong };
}

/** Exchanges on a schedule, whatever the stack does; latency counts from the scheduled time. */
async function openLoop(stack: Stack, ms: number, perSecond: number) {
  const latencies: number[] = [];
  const lags: number[] = [];
  const started = performance.now();
  const running: Promise<void>[] = [];
  const busy = new Set<number>();
  const total = Math.floor((ms / 1000) * (perSecond / 2));
  let skipped = 0;
  for (let k = 0; k < total; k++) {
    const due = started + (k * 2_000) / perSecond;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const lag = performance.now() - due;
    lags.push(Math.max(0, lag));
    const n = Array.from({ length: stack.target.places.length }, (_, i) => (k + i) % stack.target.places.length).find(
      (one) => !busy.has(one),
    );
    if (n === undefined) {
      skipped += 1;
      continue;
    }
    busy.add(n);
    running.push(
      exchange(stack, n).then(([turn, reply]) => {
        busy.delete(n);
        latencies.push(turn + Math.max(0, lag), reply);
      }),
    );
  }
  await Promise.all(running);
  return {
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    lagP99: quantile(lags, 0.99),
    count: latencies.length,
    skipped,
    wrong: stack.wrong,
  };
}
