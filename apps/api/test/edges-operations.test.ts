import { StoreUnavailable } from '@parley/core';
import { describe, expect, test } from 'vitest';
import { deskStarter, Echo, routes } from './edges-routes.ts';

const start = deskStarter();

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
    expect(document.paths['/v1/echo'].post.responses[409]).toEqual({ $ref: '#/components/responses/409' });
    expect(document.components.responses[409].content).toEqual({
      'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
    });
    // Every name that is used is explained.
    for (const [, name = ''] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g))
      expect(document.components.schemas[name]).toMatchObject({});
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
