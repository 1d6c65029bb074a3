import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createHttp, DeskError } from '../src/index.ts';
import { fileNameOf, retryAfterOf } from '../src/http.ts';

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

type Answer = { status: number; body?: unknown; headers?: Record<string, string> } | 'hang' | 'cut';

/** A server that answers in turn with what it is given, the last for ever. */
async function serve(...answers: Answer[]) {
  const seen: { method: string; url: string; authorization: string | undefined; body: string }[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    seen.push({
      method: request.method ?? '',
      url: request.url ?? '',
      authorization: request.headers.authorization,
      body,
    });
    const answer = answers[Math.min(seen.length, answers.length) - 1] as Answer;
    if (answer === 'hang') return;
    if (answer === 'cut') return void request.socket.destroy();
    response
      .writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
      .end(JSON.stringify(answer.body ?? {}));
  };
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    seen,
    http: createHttp({
      url,
      token: async (options) => (options?.renew ? 'renewed' : 'first'),
      backOff: { first: 1, cap: 5 },
      timeout: 300,
    }),
  };
}

const refusal = async (call: Promise<unknown>) => {
  const thrown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(DeskError);
  return thrown as DeskError;
};

test('a refusal becomes a DeskError with the code, the detail and the holder', async () => {
  const holder = {
    state: 'assigned',
    since: 5,
    queue: 'cards',
    consultant: { id: 'c0170500-0000-4000-8000-000000000102', name: 'Lukas' },
  };
  const { http, seen } = await serve({
    status: 409,
    body: { type: 't', title: 'x', status: 409, code: 'already-held', detail: 'taken', holder },
  });
  const error = await refusal(http('/v1/x', { method: 'POST', body: { id: '1' } }));
  expect(error).toMatchObject({ code: 'already-held', status: 409, detail: 'taken', holder, transient: false });
  expect(seen).toHaveLength(1);
});

test('Y14 overload, broken connections and silence are tried again until the desk answers', async () => {
  const { http, seen } = await serve({ status: 503, body: { code: 'overloaded' } }, 'cut', 'hang', {
    status: 200,
    body: { fine: true },
  });
  expect(await http('/v1/x', { method: 'POST', body: { id: '1' } })).toEqual({ fine: true });
  expect(seen.map(({ body }) => body)).toEqual(Array(4).fill('{"id":"1"}'));
});

test('Y14 Retry-After is waited for', async () => {
  const { http } = await serve(
    { status: 429, body: { code: 'rate-limited' }, headers: { 'retry-after': '0.2' } },
    { status: 200 },
  );
  const before = performance.now();
  await http('/v1/x');
  expect(performance.now() - before).toBeGreaterThan(190);
});

test('a refused token is renewed once', async () => {
  const { http, seen } = await serve(
    { status: 401, body: { code: 'unauthenticated' } },
    { status: 200 },
    { status: 401 },
  );
  await http('/v1/x');
  expect(seen.map(({ authorization }) => authorization)).toEqual(['Bearer first', 'Bearer renewed']);
  expect((await refusal(http('/v1/x'))).code).toBe('unauthenticated');
  expect(seen).toHaveLength(4);
});

test('a proxy’s page is judged by its status', async () => {
  const { http } = await serve({ status: 502, body: '<html>' });
  expect(await refusal(http('/v1/x', { tries: 1 }))).toMatchObject({ code: 'overloaded', status: 502 });
});

test('an aborted call stops trying', async () => {
  const { http } = await serve('hang');
  const stop = new AbortController();
  const error = refusal(http('/v1/x', { signal: stop.signal }));
  stop.abort();
  expect((await error).code).toBe('aborted');
});

test('Retry-After as a date, and nonsense', () => {
  expect(retryAfterOf('Thu, 01 Jan 1970 00:00:10 GMT', () => 4_000)).toBe(6_000);
  expect(retryAfterOf('soon', () => 0)).toBeUndefined();
  expect(retryAfterOf('99999', () => 0)).toBe(60_000);
});

test('a file comes as it was written, with its name; a refusal instead of it is still a DeskError', async () => {
  const { http } = await serve(
    {
      status: 200,
      body: [{ type: 'message' }],
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'content-disposition': 'attachment; filename="c_1.transcript"',
      },
    },
    { status: 403, body: { code: 'forbidden' } },
  );
  expect(await http('/v1/x', { file: true })).toEqual({
    name: 'c_1.transcript',
    type: 'application/json; charset=utf-8',
    text: '[{"type":"message"}]',
  });
  expect(await refusal(http('/v1/x', { file: true }))).toMatchObject({ code: 'forbidden' });
});

test.each([
  ['attachment; filename="a b.txt"', 'a b.txt'],
  ['attachment; filename=a.json', 'a.json'],
  ['attachment; filename="say \\"hi\\".txt"', 'say "hi".txt'],
  ['attachment; filename="plain.txt"; filename*=UTF-8\'\'f%C3%BCr%20alle.txt', 'für alle.txt'],
  ['attachment; filename="plain.txt"; filename*=UTF-8\'\'%zz', 'plain.txt'],
  ['attachment; filename="../../etc/passwd"', 'passwd'],
  ['attachment; filename="C:\\\\dir\\\\x.txt"', 'x.txt'],
  ['attachment; filename=".."', undefined],
  ['attachment', undefined],
  ['', undefined],
  [null, undefined],
])('the file name of %j is %j', (header, name) => {
  expect(fileNameOf(header)).toBe(name);
});
