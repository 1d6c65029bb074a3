import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contoso } from '@parley/sandbox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EdgeDesk } from './edges-desk.ts';
import { deskStarter } from './edges-routes.ts';

const start = deskStarter();

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
    expect(desk.lines.filter((line) => JSON.parse(line).level > 30)).toEqual([]);
    expect(desk.lines.filter((line) => line.includes('"status":404'))).toEqual([]);
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
