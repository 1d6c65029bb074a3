import { request } from 'node:http';
import { contoso } from '@parley/sandbox';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bearerOf, hubTokenOf } from '../src/auth/bearer.ts';
import { startEdgeDesk, type EdgeDesk } from './edges-desk.ts';

let desk: EdgeDesk;
let port: number;
let token: string;

beforeAll(async () => {
  desk = await startEdgeDesk();
  port = Number(new URL(await desk.app.listen({ port: 0, host: '127.0.0.1' })).port);
  token = await desk.identity.mint({ tid: contoso.tid, subject: 'ana@contoso.example' });
});
afterAll(() => desk.close());

/** Sends headers exactly as listed, repetitions included. */
function send(headers: string[], path = '/v1/who'): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port, path, headers: ['Host', 'localhost', ...headers] as never },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}

test('a request with one bearer token is let in', async () => {
  expect(await send(['Authorization', `Bearer ${token}`])).toBe(200);
  expect(await send(['authorization', `bearer ${token}`])).toBe(200);
});

test.each<[string, () => string[]]>([
  ['T1 no header', () => []],
  ['T2 Basic', () => ['Authorization', `Basic ${token}`]],
  ['T2 misspelt', () => ['Authorization', `Baerer ${token}`]],
  ['T2 Token', () => ['Authorization', `Token ${token}`]],
  ['T2 no scheme', () => ['Authorization', token]],
  ['T3 empty', () => ['Authorization', 'Bearer ']],
  ['T3 two tokens', () => ['Authorization', `Bearer ${token} ${token}`]],
  ['T3 two tokens in a list', () => ['Authorization', `Bearer ${token}, Bearer ${token}`]],
  ['T3 two headers', () => ['Authorization', `Bearer ${token}`, 'Authorization', `Bearer ${token}`]],
  ['T3 two headers, one of them empty', () => ['Authorization', `Bearer ${token}`, 'authorization', '']],
  ['T4 a cookie', () => ['Cookie', `access_token=${token}`]],
  ['A16 identity headers', () => ['X-User', 'ana', 'X-MS-CLIENT-PRINCIPAL', 'eyJ9', 'Remote-User', 'ana']],
])('%s is answered with 401', async (_name, headers) => {
  expect(await send(headers())).toBe(401);
});

test('T4 a token in the query of a REST route is answered with 401', async () => {
  expect(await send([], `/v1/who?access_token=${token}`)).toBe(401);
});

test('T6 a token of 17 KiB is answered with 401, one of 1 MiB with 431', async () => {
  expect(await send(['Authorization', `Bearer ${'a'.repeat(17 * 1024)}`])).toBe(401);
  expect(await send(['Authorization', `Bearer ${'a'.repeat(1024 * 1024)}`]).catch(() => 431)).toBe(431);
});

test('a bearer token has exactly one space before it and nothing after it', () => {
  for (const value of [
    'Bearer  a.b.c',
    'Bearer\ta.b.c',
    ' Bearer a.b.c',
    'Bearer a.b.c ',
    'Bearer a.b.c\n',
    'Bearer a.b.c=',
    'Bearer a+b',
    'Bearer',
    '',
    'Bearera.b.c',
  ])
    expect(bearerOf(['authorization', value])).toBeUndefined();
  expect(bearerOf(['Host', 'x', 'Authorization', 'Bearer a.b.c'])).toBe('a.b.c');
});

test('the hub takes a token from the query, but only one token from one place', () => {
  expect(hubTokenOf([], '/hub?id=1&access_token=a.b.c')).toBe('a.b.c');
  expect(hubTokenOf(['Authorization', 'Bearer a.b.c'], '/hub/negotiate')).toBe('a.b.c');
  expect(hubTokenOf(['Authorization', 'Bearer a.b.c'], '/hub?access_token=a.b.c')).toBeUndefined();
  expect(hubTokenOf([], '/hub?access_token=a.b.c&access_token=a.b.c')).toBeUndefined();
  expect(hubTokenOf([], '/hub?access_token=')).toBeUndefined();
  expect(hubTokenOf([], '/hub?access_token=a%20b')).toBeUndefined();
  expect(hubTokenOf([], '/hub')).toBeUndefined();
});
