import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contoso } from '@parley/sandbox';
import { StoreUnavailable } from '@parley/core';
import { Type } from 'typebox';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Refusal } from '../src/problems.ts';
import type { Api, RouteGroup } from '../src/server.ts';
import { startEdgeDesk, type EdgeDesk, type EdgeOptions } from './edges-desk.ts';

const closed = { additionalProperties: false } as const;
const Echo = Type.Object({ text: Type.String({ maxLength: 20 }), n: Type.Optional(Type.Integer()) }, closed);

const routes: RouteGroup = (app) => {
  app.post('/v1/echo', { schema: { body: Echo, response: { 200: Echo } } }, async (call) => call.body);
  app.get(
    '/v1/query',
    {
      schema: {
        querystring: Type.Object(
          {
            n: Type.Optional(Type.Integer({ minimum: 1 })),
            on: Type.Optional(Type.Boolean()),
            id: Type.Optional(Type.String()),
          },
          closed,
        ),
        response: { 200: Type.Object({ seen: Type.String() }, closed) },
      },
    },
    async (call) => ({ seen: JSON.stringify(call.query) }),
  );
  app.get('/v1/leaky', { schema: { response: { 200: Type.Object({ shown: Type.String() }, closed) } } }, async () => ({
    shown: 'yes',
    secret: 'canary',
  }));
  app.get('/v1/broken', { schema: { response: { 200: Echo } } }, async () => {
    throw new Error('details-of-the-bug');
  });
  app.get('/v1/full', { schema: { response: { 200: Echo } } }, async () => {
    throw new StoreUnavailable('disk full at /secret/path');
  });
  app.get('/v1/held', { schema: { response: { 200: Echo } } }, async () => {
    throw new Refusal('already-held', { holder: { state: 'with-bot', since: 1 } });
  });
};

const desks: EdgeDesk[] = [];
async function start(options: EdgeOptions = {}): Promise<EdgeDesk> {
  const desk = await startEdgeDesk(options);
  desks.push(desk);
  return desk;
}
afterAll(() => Promise.all(desks.map((desk) => desk.close())));
const tokenOf = (desk: EdgeDesk, subject = 'ana@contoso.example') => desk.identity.mint({ tid: contoso.tid, subject });

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
  ])('A10 an open %s stops the start', async (part, schema) => {
    expect(await failing({ botRoutes: [group((app) => app.post('/v1/open', { schema }, async () => null))] })).toMatch(
      new RegExp(`${part}: it accepts undeclared members`),
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

describe('limits', () => {
  test('the address is limited before anything is verified', async () => {
    const desk = await start({ limits: { addressPerSecond: 1 } });
    const statuses = [];
    for (let n = 0; n < 4; n += 1) statuses.push((await desk.app.inject({ url: '/v1/who' })).statusCode);
    expect(statuses).toEqual([401, 401, 429, 429]);
    expect((await desk.app.inject({ url: '/healthz' })).statusCode).toBe(200);
  });

  test('a person is limited wherever they come from, and others are not', async () => {
    const desk = await start({ limits: { personPerSecond: 1 } });
    const [ana, lukas] = [await tokenOf(desk), await tokenOf(desk, 'lukas@contoso.example')];
    const call = (token: string, remoteAddress: string) =>
      desk.app.inject({ url: '/v1/who', remoteAddress, headers: { authorization: `Bearer ${token}` } });
    const answers = [];
    for (let n = 0; n < 6; n += 1) answers.push(await call(ana, `192.0.2.${n}`));
    expect(answers.map((answer) => answer.statusCode)).toEqual([200, 200, 200, 200, 429, 429]);
    expect(answers.at(-1)!.json()).toMatchObject({ code: 'rate-limited' });
    expect(Number(answers.at(-1)!.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect((await call(lukas, '192.0.2.1')).statusCode).toBe(200);
  });

  test('A55 a flood of bad tokens is stopped before it is verified, and does not hold up tokens already known', async () => {
    const desk = await start({ limits: { refusalsPerSecond: 1 } });
    const good = await tokenOf(desk);
    const call = async (token: string) =>
      (await desk.app.inject({ url: '/v1/who', headers: { authorization: `Bearer ${token}` } })).statusCode;
    expect(await call(good)).toBe(200);
    const statuses = [];
    for (let n = 0; n < 15; n += 1)
      statuses.push(
        await call(
          await desk.identity.mint({ tid: contoso.tid, subject: 'ana@contoso.example', claims: { ver: `${n}` } }),
        ),
      );
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), ...Array.from({ length: 5 }, () => 429)]);
    expect(await call(good)).toBe(200);
  });

  test('A54 a forged X-Forwarded-For is believed from named proxies only', async () => {
    for (const [env, expected] of [
      [{}, 429],
      [{ TRUST_PROXY: '127.0.0.1' }, 401],
    ] as const) {
      const desk = await start({ env, limits: { addressPerSecond: 1 } });
      let last = 0;
      for (let n = 0; n < 4; n += 1)
        last = (await desk.app.inject({ url: '/v1/who', headers: { 'x-forwarded-for': `192.0.2.${n}` } })).statusCode;
      expect(last).toBe(expected);
    }
  });

  test('P11 more requests at once than there is room for are answered 503, and room comes back', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let waiting = 0;
    const desk = await start({
      limits: { maxInFlight: 2 },
      deps: {
        peopleRoutes: [
          (app) =>
            void app.get('/v1/slow', { schema: { response: { 200: Type.Object({}, closed) } } }, async () => {
              waiting += 1;
              await promise;
              return {};
            }),
        ],
      },
    });
    const url = await desk.app.listen({ port: 0, host: '127.0.0.1' });
    const headers = { authorization: `Bearer ${await tokenOf(desk)}` };
    const call = (signal?: AbortSignal) => fetch(`${url}/v1/slow`, { headers, ...(signal && { signal }) });
    const first = call();
    const impatient = new AbortController();
    const second = call(impatient.signal).catch(() => undefined);
    await expect.poll(() => waiting).toBe(2);
    const third = await call();
    expect(third.status).toBe(503);
    expect(third.headers.get('retry-after')).toBe('1');
    expect(await third.json()).toMatchObject({ code: 'overloaded' });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    // Whoever hangs up gives the place back.
    impatient.abort();
    await second;
    await expect
      .poll(async () =>
        waiting === 3 ? 3 : ((await Promise.race([call(), tick()])) as { status?: number } | undefined)?.status,
      )
      .not.toBe(503);
    resolve();
    expect((await first).status).toBe(200);
  });
});

const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('the pages', () => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-static-'));
  let desk: EdgeDesk;
  beforeAll(async () => {
    for (const part of ['console/assets', 'widget/assets']) mkdirSync(join(folder, part), { recursive: true });
    writeFileSync(join(folder, 'console/index.html'), '<title>console</title>');
    writeFileSync(join(folder, 'console/auth.html'), '<title>back</title>');
    writeFileSync(join(folder, 'console/assets/index-B3xk9QaZ.js'), 'x');
    writeFileSync(join(folder, 'console/.secret'), 'x');
    writeFileSync(join(folder, 'outside.txt'), 'outside');
    writeFileSync(join(folder, 'widget/chat.html'), '<title>widget</title>');
    writeFileSync(join(folder, 'widget/parley.js'), 'loader');
    desk = await start({ env: { CONSOLE_DIR: join(folder, 'console'), WIDGET_DIR: join(folder, 'widget') } });
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const get = (url: string, accept = 'text/html') => desk.app.inject({ url, headers: { accept } });
  const policy = async (url: string) => String((await get(url)).headers['content-security-policy']);

  test('of the console are served at its own addresses too', async () => {
    for (const url of ['/', '/contoso', '/contoso/waiting?x=1']) {
      const answer = await get(url);
      expect([url, answer.statusCode, answer.body]).toEqual([url, 200, '<title>console</title>']);
      expect(answer.headers['cache-control']).toBe('no-cache');
    }
  });

  test('are not served in place of what is missing', async () => {
    for (const url of ['/v1/nothing', '/hub/nothing', '/widget/nothing', '/missing.js'])
      expect((await get(url)).statusCode).toBe(404);
    expect((await get('/contoso', 'application/json')).statusCode).toBe(404);
  });

  test('come from their folders only', async () => {
    for (const url of [
      '/../outside.txt',
      '/%2e%2e/outside.txt',
      '/..%2foutside.txt',
      '/widget/..%2f..%2foutside.txt',
      '/widget/..%2foutside.txt',
      '/widget/contoso/..%2f..%2foutside.txt',
      '/.secret',
      '/assets/..%5c..%5coutside.txt',
    ]) {
      const answer = await get(url, '*/*');
      expect([url, answer.body.includes('outside'), answer.statusCode < 400]).toEqual([url, false, false]);
    }
  });

  test('have files that never change, and are cached for ever', async () => {
    expect((await get('/assets/index-B3xk9QaZ.js', '*/*')).headers['cache-control']).toBe(
      'public, max-age=31536000, immutable',
    );
    expect((await get('/widget/parley.js', '*/*')).headers).toMatchObject({
      'cache-control': 'no-cache',
      'cross-origin-resource-policy': 'cross-origin',
    });
  });

  test('of the console talk to the desk and the clients’ sign-in only', async () => {
    const found = await policy('/contoso/waiting');
    expect(found).toContain("script-src 'self';");
    expect(found).toContain("frame-ancestors 'none'");
    expect(found).toContain("connect-src 'self' ws://localhost:4300 https://login.sandbox.test http://localhost:4400;");
    expect(found).toContain("object-src 'none'");
    expect(found).not.toMatch(/script-src[^;]*unsafe/);
    // The page that takes the answer of a silent sign-in is shown in a frame of the console.
    expect(await policy('/auth.html')).toContain("frame-ancestors 'self'");
  });

  test('A67 of the web chat may be framed by the sites of its client only', async () => {
    expect(await policy('/widget/contoso/chat.html')).toContain("frame-ancestors http://localhost:4500 'self'");
    desk.clients.replace(
      desk.clients
        .all()
        .map((client) => (client.id === 'contoso' ? { ...client, embedOrigins: ['https://bank.example'] } : client)),
    );
    expect(await policy('/widget/contoso/chat.html')).toContain("frame-ancestors https://bank.example 'self'");
    expect(await policy('/widget/fabrikam/chat.html')).toContain("frame-ancestors http://localhost:4500 'self'");
    expect(await policy('/widget/chat.html')).toContain(
      "frame-ancestors https://bank.example http://localhost:4500 'self'",
    );
    expect(await policy('/widget/operator/chat.html')).toContain("frame-ancestors 'none'");
    desk.clients.replace(desk.clients.all().map((client) => ({ ...client, suspended: client.id === 'contoso' })));
    expect(await policy('/widget/contoso/chat.html')).toContain("frame-ancestors 'none'");
    expect((await get('/widget/contoso/parley.js', '*/*')).body).toBe('loader');
    for (const url of ['/widget/nobody/chat.html', '/widget/contoso/contoso/chat.html', '/widget/'])
      expect((await get(url)).statusCode).toBe(404);
  });

  test('that were not built are left out', async () => {
    const bare = await start({ env: { CONSOLE_DIR: join(folder, 'none'), WIDGET_DIR: join(folder, 'none') } });
    expect((await bare.app.inject({ url: '/', headers: { accept: 'text/html' } })).statusCode).toBe(404);
  });
});

describe('every answer', () => {
  test('carries the headers that keep browsers strict', async () => {
    const desk = await start();
    for (const url of ['/v1/who', '/healthz', '/nothing', '/v1/public/clients/contoso/sign-in']) {
      const { headers } = await desk.app.inject({ url });
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'content-security-policy': expect.stringContaining("default-src 'none'"),
      });
      expect(headers['strict-transport-security']).toBeUndefined();
    }
    expect((await desk.app.inject({ url: '/v1/who' })).headers['cache-control']).toBe('no-store');
  });

  test('asks for https where the desk has it', async () => {
    const desk = await start({ env: { PUBLIC_URL: 'https://desk.example.com' } });
    expect((await desk.app.inject({ url: '/healthz' })).headers['strict-transport-security']).toContain('max-age=');
  });
});

describe('the sign-in of a client', () => {
  test('is told to anybody, without anything secret', async () => {
    const desk = await start();
    const answer = await desk.app.inject({ url: '/v1/public/clients/contoso/sign-in' });
    expect(answer.json()).toMatchObject({
      client: { id: 'contoso', name: 'Contoso Bank' },
      appId: contoso.spaAppId,
      scopes: [`api://${contoso.apiAppId}/Desk.Access`],
    });
    expect(answer.body).not.toMatch(/whsec|callback|audience/);
    desk.clients.replace(desk.clients.all().map((client) => ({ ...client, suspended: true })));
    expect((await desk.app.inject({ url: '/v1/public/clients/contoso/sign-in' })).statusCode).toBe(403);
  });
});

describe('health', () => {
  test('is ready when the store answers and keys are known', async () => {
    const desk = await start();
    expect((await desk.app.inject({ url: '/readyz' })).json()).toEqual({ status: 'ok', store: 'ok', keys: 'ok' });
  });

  test('is not ready without keys or store, and says which', async () => {
    const desk = await start({
      deps: { stores: { open: () => Promise.reject(new StoreUnavailable()), close: async () => undefined } },
    });
    desk.endpoint.answer = () => Promise.reject(new Error('down'));
    const answer = await desk.app.inject({ url: '/readyz' });
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toEqual({ status: 'failing', store: 'failing', keys: 'failing' });
    expect((await desk.app.inject({ url: '/healthz' })).statusCode).toBe(200);
  });

  test('measurements are for the machine itself, or for who has the token', async () => {
    const token = 'a-long-token-for-the-metrics';
    const desk = await start({ env: { METRICS_TOKEN: token } });
    const call = async (remoteAddress: string, headers: Record<string, string> = {}, at = desk) =>
      (await at.app.inject({ url: '/metrics', remoteAddress, headers })).statusCode;
    expect(await call('127.0.0.1')).toBe(200);
    expect(await call('::1')).toBe(200);
    expect(await call('192.0.2.1')).toBe(404);
    expect(await call('192.0.2.1', { authorization: `Bearer ${token}` })).toBe(200);
    expect(await call('192.0.2.1', { authorization: `Bearer ${token}x` })).toBe(404);
    expect(await call('127.0.0.1', { 'x-forwarded-for': '192.0.2.1' })).toBe(404);
    const proxied = await start({ env: { TRUST_PROXY: '127.0.0.1' } });
    expect(await call('127.0.0.1', {}, proxied)).toBe(404);
  });

  test('measurements count what was refused, by reason', async () => {
    const desk = await start();
    await desk.app.inject({ url: '/v1/who' });
    expect((await desk.app.inject({ url: '/metrics' })).body).toContain(
      'parley_auth_refused_total{audience="person",status="401",reason="no-token"} 1',
    );
  });
});

describe('the description of the API', () => {
  test('covers every route of people and bots, with security and refusals', async () => {
    const desk = await start({
      deps: {
        peopleRoutes: [routes],
        botRoutes: [
          (app) => void app.get('/v1/bot/x', { schema: { response: { 200: Echo } } }, async () => ({ text: 'x' })),
        ],
      },
    });
    const document = (await desk.app.inject({ url: '/openapi.json' })).json();
    expect(document.openapi).toBe('3.1.0');
    expect(document.paths['/v1/echo'].post).toMatchObject({
      security: [{ person: [] }],
      responses: { 200: expect.anything(), 401: expect.anything(), 409: expect.anything() },
    });
    expect(document.paths['/v1/bot/x'].get.security).toEqual([{ bot: [] }]);
    expect(document.paths['/v1/public/clients/{client}/sign-in'].get.security).toBeUndefined();
    expect(
      document.paths['/v1/echo'].post.responses[409].content['application/problem+json'].schema.properties.code,
    ).toBeDefined();
    expect(Object.keys(document.paths).filter((path) => /docs|openapi/.test(path))).toEqual([]);
  });

  test('has a page that loads nothing from elsewhere and has no inline script', async () => {
    const desk = await start();
    const page = await desk.app.inject({ url: '/docs/' });
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-security-policy']).toContain("script-src 'self'");
    expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(page.body).not.toMatch(/(src|href)="(https?:)?\/\//);
    expect(page.body).not.toMatch(/<script(?![^>]*src=)/);
    for (const [, path] of page.body.matchAll(/(?:src|href)="\.\/([^"]+)"/g))
      expect((await desk.app.inject({ url: `/docs/${path}` })).statusCode).toBe(200);
  });
});

describe('over a real socket', () => {
  let desk: EdgeDesk;
  let port: number;
  beforeAll(async () => {
    desk = await start({ limits: { requestSeconds: 1 }, deps: { peopleRoutes: [routes] } });
    port = Number(new URL(await desk.app.listen({ port: 0, host: '127.0.0.1' })).port);
  });
  const sockets: import('node:net').Socket[] = [];
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
