import { contoso, fabrikam } from '@parley/sandbox';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Grant } from './direct-line.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
}, 30_000);
afterAll(() => world.close());

const ask = (
  path: string,
  body: object = {},
  headers: Record<string, string> = { origin: world.deskUrl },
  method = 'POST',
) =>
  fetch(`${world.botUrl}/contoso/api/token${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(method === 'POST' && { body: JSON.stringify(body) }),
  });
const open = async () => (await (await ask('')).json()) as Grant;

test('a page on the list gets a token with an unguessable user, and no cache keeps it', async () => {
  const response = await ask('');
  expect(response.status).toBe(200);
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('access-control-allow-origin')).toBe(world.deskUrl);
  const grant = (await response.json()) as Grant;
  expect(grant.userId).toMatch(/^dl_[\w-]{32}$/);
  expect(grant.userId).not.toBe((await open()).userId);
  const claims = JSON.parse(Buffer.from(grant.token.split('.')[1]!, 'base64url').toString()) as object;
  expect(claims).toMatchObject({ user: grant.userId, trustedOrigins: [world.deskUrl] });
});

test('the browser cannot choose its user', async () => {
  const grant = (await (await ask('', { userId: 'dl_victim', user: { id: 'dl_victim' } })).json()) as Grant;
  expect(grant.userId).not.toBe('dl_victim');
});

test.each<[string, Record<string, string>]>([
  ['another page', { origin: 'https://evil.example' }],
  ['no page', {}],
  ['a sandboxed frame', { origin: 'null' }],
])('%s gets none', async (_name, headers) => {
  const response = await ask('', {}, headers);
  expect(response.status).toBe(403);
  expect(response.headers.get('access-control-allow-origin')).toBeNull();
});

test('GET gets none, and a preflight of another page no leave', async () => {
  expect((await ask('', {}, { origin: world.deskUrl }, 'GET')).status).toBe(404);
  const preflight = await ask(
    '',
    {},
    { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    'OPTIONS',
  );
  expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
});

test('a live token is replaced for the same conversation', async () => {
  const grant = await open();
  const response = await ask('/refresh', grant);
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    conversationId: grant.conversationId,
    userId: grant.userId,
    resume: expect.any(String),
  });
});

test('a dead token is replaced for whoever holds the proof of that conversation, and for nobody else', async () => {
  const grant = await open();
  await fetch(`${grant.domain}/conversations`, { method: 'POST', headers: { authorization: `Bearer ${grant.token}` } });
  const other = await open();
  const dead = { ...grant, token: 'dead' };
  const revived = await ask('/refresh', dead);
  expect(revived.status).toBe(200);
  const claims = JSON.parse(
    Buffer.from(((await revived.json()) as Grant).token.split('.')[1]!, 'base64url').toString(),
  ) as object;
  expect(claims).toMatchObject({ conv: grant.conversationId, user: grant.userId });
  for (const change of [
    { resume: other.resume },
    { resume: undefined },
    { userId: other.userId },
    { resume: `${grant.resume!.slice(0, -2)}AA` },
    { resume: `9999999999.${grant.resume!.split('.')[1]}` },
  ]) {
    expect((await ask('/refresh', { ...dead, ...change })).status).toBe(403);
  }
});

test('a conversation that never began is gone with its token', async () => {
  expect((await ask('/refresh', { ...(await open()), token: 'dead' })).status).toBe(404);
});

test('no answer holds a secret', async () => {
  const text = await (await ask('')).text();
  for (const { bot } of [contoso, fabrikam]) expect(text).not.toContain(bot.directLineSecret);
});

test('one address gets a bounded number of tokens in a minute', async () => {
  const statuses = await Promise.all(Array.from({ length: 80 }, () => ask('').then((response) => response.status)));
  expect(statuses).toContain(429);
});
