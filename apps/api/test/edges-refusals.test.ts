import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { Type } from 'typebox';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Api, RouteGroup } from '../src/server.ts';
import type { EdgeDesk, EdgeOptions } from './edges-desk.ts';
import { closed, deskStarter, routes, tokenOf } from './edges-routes.ts';

const start = deskStarter();

describe('a refusal', () => {
  let desk: EdgeDesk;
  let headers: Record<string, string>;
  beforeAll(async () => {
    desk = await start({ deps: { peopleRoutes: [routes] } });
    headers = { authorization: `Bearer ${await tokenOf(desk)}` };
  });
  const get = (url: string) => desk.app.inject({ url, headers });
  const post = (payload: string, more: Record<string, string> = { 'content-type': 'application/json' }) =>
    desk.app.inject({ method: 'POST', url: '/v1/echo', headers: { ...headers, ...more }, payload });

  test.each<[string, number, string, () => ReturnType<typeof get>]>([
    ['an unknown path', 404, 'not-found', () => get('/v1/nothing')],
    ['a malformed path', 404, 'not-found', () => get('/v1/%zz')],
    [
      'a path that is too long for a parameter',
      404,
      'not-found',
      () => get(`/v1/public/clients/${'a'.repeat(5_000)}/sign-in`),
    ],
    ['another method', 405, 'method-not-allowed', () => get('/v1/echo')],
    ['a body that is no JSON', 400, 'validation', () => post('{"text":')],
    ['an empty body', 400, 'validation', () => post('')],
    ['a body of another shape', 400, 'validation', () => post('{"text":7}')],
    ['an undeclared member', 400, 'validation', () => post('{"text":"x","tenantId":"y"}')],
    ['a number as text', 400, 'validation', () => post('{"text":"x","n":"7"}')],
    ['text as a number', 400, 'validation', () => post('{"text":7}')],
    ['a poisoned prototype', 400, 'validation', () => post('{"text":"x","__proto__":{"admin":true}}')],
    [
      'a poisoned constructor',
      400,
      'validation',
      () => post('{"text":"x","constructor":{"prototype":{"admin":true}}}'),
    ],
    ['a body over the limit', 413, 'payload-too-large', () => post(JSON.stringify({ text: 'x'.repeat(300_000) }))],
    [
      'another content type',
      415,
      'unsupported-media-type',
      () => post('text=x', { 'content-type': 'application/x-www-form-urlencoded' }),
    ],
    ['plain text', 415, 'unsupported-media-type', () => post('{"text":"x"}', { 'content-type': 'text/plain' })],
    ['a rule', 409, 'already-held', () => get('/v1/held')],
    ['a bug', 500, 'internal', () => get('/v1/broken')],
    ['a full disk', 503, 'storage-unavailable', () => get('/v1/full')],
    ['an unknown client', 404, 'not-found', () => get('/v1/public/clients/nobody/sign-in')],
    ['a client that can be none', 400, 'validation', () => get('/v1/public/clients/..%2F..%2Fetc/sign-in')],
    ['no number', 400, 'validation', () => get('/v1/query?n=x')],
    ['an empty number', 400, 'validation', () => get('/v1/query?n=')],
    ['a number in another notation', 400, 'validation', () => get('/v1/query?n=1e3')],
    ['a parameter twice', 400, 'validation', () => get('/v1/query?n=1&n=2')],
    ['an undeclared parameter', 400, 'validation', () => get('/v1/query?tenant=x')],
    ['a boolean in another notation', 400, 'validation', () => get('/v1/query?on=1')],
  ])('of %s is a problem with status %i and code %s', async (_name, status, code, call) => {
    const answer = await call();
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.json()).toMatchObject({
      type: `urn:parley:problem:${code}`,
      status,
      code,
      title: expect.any(String),
    });
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.body).not.toMatch(/details-of-the-bug|secret|\/work|node_modules| at /);
  });

  test('names the fields that are wrong', async () => {
    expect((await post('{"n":1.5,"tenantId":"y"}')).json().fields).toEqual(
      expect.arrayContaining([
        { path: 'body/text', message: 'is missing' },
        { path: 'body/tenantId', message: 'is not expected here' },
        { path: 'body/n', message: expect.any(String) },
      ]),
    );
  });

  test('of the method names the methods there are', async () => {
    expect((await get('/v1/echo')).headers.allow).toBe('POST');
  });

  test('for want of the store says when to try again', async () => {
    expect(Number((await get('/v1/full')).headers['retry-after'])).toBeGreaterThan(0);
  });

  test('does not hit what is right', async () => {
    expect((await post('{"text":"x","n":7}')).json()).toEqual({ text: 'x', n: 7 });
    expect((await post('{"text":"x"}', { 'content-type': 'application/json; charset=utf-8' })).statusCode).toBe(200);
    expect((await get('/v1/query?n=7&on=true&id=7')).json()).toEqual({ seen: '{"n":7,"on":true,"id":"7"}' });
  });

  test('A11 of a content type spelled oddly is certain: validated or 415, never passed', async () => {
    const spellings = [
      'application/json\ta',
      'application/json;',
      'application/json; charset=utf-7',
      'application/json , text/plain',
      'application/jsonx',
      'application/json/x',
      'APPLICATION/JSON;a=b',
      'application/vnd.api+json',
      'multipart/form-data',
      ';application/json',
      'application/json; charset=utf-16',
      '',
    ];
    for (const type of spellings) {
      const answer = await post('{"tenantId":"x"}', { 'content-type': type });
      expect([400, 415]).toContain(answer.statusCode);
    }
  });

  test('HOUSE 23 undeclared members do not leave', async () => {
    const answer = await get('/v1/leaky');
    expect(answer.json()).toEqual({ shown: 'yes' });
  });
});

describe('default-deny', () => {
  const failing = async (deps: EdgeOptions['deps']): Promise<string> => {
    try {
      await start({ deps: deps ?? {} });
    } catch (error) {
      return (error as Error).message;
    }
    return 'started';
  };
  const group =
    (add: (app: Api) => unknown): RouteGroup =>
    (app) =>
      void add(app);
  const ok = { response: { 200: Type.Null() } };

  test('a route outside of the contexts stops the start', async () => {
    const sneak: RouteGroup = (app) => {
      // What a careless plugin could do: reach for the root.
      const root = Object.getPrototypeOf(app) as Api;
      root.get('/v1/sneaky', { schema: ok }, async () => null);
    };
    expect(await failing({ peopleRoutes: [sneak] })).toMatch(/GET \/v1\/sneaky belongs to no audience/);
  });

  test('a route without a response schema stops the start', async () => {
    expect(await failing({ peopleRoutes: [group((app) => app.get('/v1/open', async () => null))] })).toMatch(
      /declares no response/,
    );
  });

  test.each([
    ['body', { ...ok, body: Type.Object({ a: Type.String() }) }],
    [
      'body',
      { ...ok, body: Type.Union([Type.Object({ a: Type.String() }, closed), Type.Object({ b: Type.String() })]) },
    ],
    ['querystring', { ...ok, querystring: Type.Object({ a: Type.String() }) }],
    ['response 200', { response: { 200: Type.Object({ items: Type.Array(Type.Object({})) }, closed) } }],
  ])('A10 room for undeclared members in the %s stops the start', async (part, schema) => {
    expect(await failing({ botRoutes: [group((app) => app.post('/v1/open', { schema }, async () => null))] })).toMatch(
      new RegExp(`${part}: it has room for undeclared members`),
    );
  });

  test('A12 no spelling of a path reaches a handler without a token', async () => {
    const desk = await start({ deps: { peopleRoutes: [routes] } });
    for (const path of [
      '/v1/query',
      '//v1/query',
      '/v1//query',
      '/v1/query/',
      '/%761/query',
      '/v1/%71uery',
      '/V1/query',
      '/v1/query;x',
      '/v1/./query',
      '/v1/x/../query',
      '/v1\\query',
      '/v1/query%00',
      '/v1/query%2f',
      '/v1/query.json',
      '/./v1/query',
      '/public/../v1/query',
      '/v1%2fquery',
    ]) {
      const { statusCode } = await desk.app.inject({ url: path });
      expect([400, 401, 404]).toContain(statusCode);
    }
    expect((await desk.app.inject({ method: 'HEAD', url: '/v1/query' })).statusCode).toBe(401);
  });
});

describe('over a real socket', () => {
  let desk: EdgeDesk;
  let port: number;
  beforeAll(async () => {
    desk = await start({ limits: { requestSeconds: 1 }, deps: { peopleRoutes: [routes] } });
    port = Number(new URL(await desk.app.listen({ port: 0, host: '127.0.0.1' })).port);
  });
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  test('A47 a header cannot be split', async () => {
    await expect(
      new Promise((resolve, reject) => {
        request({ host: '127.0.0.1', port, path: '/v1/who', headers: { authorization: 'Bearer a\r\nX: y' } }, resolve)
          .on('error', reject)
          .end();
      }),
    ).rejects.toThrow();
  });

  test('garbage closes its own connection and nothing else', async () => {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    socket.write('\u0000\u0001 nonsense\r\n\r\n');
    await new Promise((resolve) => socket.once('close', resolve).resume());
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  });
});
