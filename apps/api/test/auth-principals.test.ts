import { contoso, fabrikam, operator } from '@parley/sandbox';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startEdgeDesk, type EdgeDesk } from './edges-desk.ts';

const ana = contoso.people[0];
let desk: EdgeDesk;

beforeEach(async () => {
  desk = await startEdgeDesk();
});
afterEach(() => desk.close());

const seconds = () => Math.floor(desk.clock.now / 1000);
const mint = (claims: Record<string, unknown> = {}) =>
  desk.identity.mint({ tid: contoso.tid, subject: ana.oid, claims });
const mintBot = (claims: Record<string, unknown> = {}) =>
  desk.identity.mint({ tid: contoso.tid, subject: { bot: contoso.bot.appId }, claims });
const get = (token: string, url = '/v1/who') => desk.app.inject({ url, headers: { authorization: `Bearer ${token}` } });
function change(id: string, edit: object): void {
  desk.clients.replace(desk.clients.all().map((client) => (client.id === id ? { ...client, ...edit } : client)));
}

test('a principal is frozen, has no prototype and carries nothing else of the token', async () => {
  const verdict = await desk.verifier.verifyPerson(
    await mint({ name: 'Ana Ruiz', scp: 'Desk.Access Mail.Read', department: 'Cards' }),
  );
  if (!verdict.ok) throw new Error(verdict.reason);
  expect(Object.isFrozen(verdict.principal)).toBe(true);
  expect(Object.isFrozen(verdict.principal.roles)).toBe(true);
  expect(Object.getPrototypeOf(verdict.principal)).toBeNull();
  expect(Object.keys(verdict.principal).toSorted()).toEqual([
    'client',
    'exp',
    'id',
    'name',
    'roles',
    'scopes',
    'tenant',
    'type',
    'uti',
  ]);
  expect(verdict.principal.scopes).toEqual(['Desk.Access']);
});

test.each([
  ['Ana\u202eziuR', 'AnaziuR'],
  ['Support\u200b \u2066Team\u2069', 'Support Team'],
  ['  Ana\r\nRuiz ', 'AnaRuiz'],
  ['x'.repeat(500), 'x'.repeat(200)],
  ['', 'ana@contoso.example'],
  [7, 'ana@contoso.example'],
])('A34 the name %j is shown as %j', async (name, shown) => {
  expect((await get(await mint({ name }))).json()).toMatchObject({ name: shown });
});

test('T42 a suspended client is answered 403, also for tokens already verified, and let in again afterwards', async () => {
  const token = await mint();
  expect((await get(token)).statusCode).toBe(200);
  change('contoso', { suspended: true });
  const answer = await get(token);
  expect(answer.statusCode).toBe(403);
  expect(answer.json()).toMatchObject({ code: 'client-suspended' });
  expect((await get(await mintBot(), '/v1/bot/who')).statusCode).toBe(403);
  expect(
    (await get(await desk.identity.mint({ tid: fabrikam.tid, subject: 'noor@fabrikam.example' }))).statusCode,
  ).toBe(200);
  change('contoso', { suspended: false });
  expect((await get(token)).statusCode).toBe(200);
});

test('a client that was removed is as unknown as one that never was', async () => {
  const token = await mint();
  expect((await get(token)).statusCode).toBe(200);
  desk.clients.replace(desk.clients.all().filter((client) => client.id !== 'contoso'));
  expect((await get(token)).statusCode).toBe(401);
});

test('T71 a disabled person is answered 403, also with a token already verified', async () => {
  const token = await mint();
  expect((await get(token)).statusCode).toBe(200);
  change('contoso', { people: [{ id: ana.oid, disabled: true }] });
  expect((await get(token)).statusCode).toBe(403);
});

test('T79 a token from before the person was signed out everywhere is answered 401', async () => {
  const token = await mint();
  expect((await get(token)).statusCode).toBe(200);
  change('contoso', { people: [{ id: ana.oid, tokensValidFrom: seconds() + 1 }] });
  const answer = await get(token);
  expect(answer.statusCode).toBe(401);
  expect(answer.headers['www-authenticate']).toBe('Bearer');
  desk.clock.advance(2_000);
  expect((await get(await mint())).statusCode).toBe(200);
});

test('T79 the claims challenge goes only to clients that understand it', async () => {
  const token = await mint({ xms_cc: ['cp1'] });
  change('contoso', { people: [{ id: ana.oid, tokensValidFrom: seconds() + 1 }] });
  const { statusCode, headers } = await get(token);
  expect(statusCode).toBe(401);
  const [, claims = ''] =
    /^Bearer error="insufficient_claims", claims="([^"]+)"$/.exec(String(headers['www-authenticate'])) ?? [];
  expect(JSON.parse(Buffer.from(claims, 'base64').toString())).toEqual({
    access_token: { nbf: { essential: true, value: String(seconds() + 1) } },
  });
});

test('T70 guests are let in where the client wants them', async () => {
  const guest = () => mint({ acct: 1, idp: 'https://sts.windows.net/fab71ca0-0000-4000-8000-000000000001/' });
  expect((await get(await guest())).statusCode).toBe(403);
  change('contoso', { allowGuests: true });
  expect((await get(await guest())).statusCode).toBe(200);
});

test('T73 a token already verified ends when it expires', async () => {
  const token = await mint({ exp: seconds() + 600 });
  expect((await get(token)).statusCode).toBe(200);
  desk.clock.advance(659_000);
  expect((await get(token)).statusCode).toBe(200);
  desk.clock.advance(2_000);
  expect((await get(token)).statusCode).toBe(401);
});

test('T78 a host clock stepped back two hours brings no expired token to life', async () => {
  const token = await mint({ exp: seconds() + 600 });
  expect((await get(token)).statusCode).toBe(200);
  desk.clock.now -= 2 * 3_600_000;
  expect((await get(token)).statusCode).toBe(200);
  desk.clock.advance(700_000);
  expect((await get(token)).statusCode).toBe(401);
});

test('T63 the role Operator counts in the operator’s tenant only, and there no other role does', async () => {
  const olga = (roles: string[]) =>
    desk.identity.mint({ tid: operator.tid, subject: operator.people[0].oid, claims: { roles } });
  expect((await get(await olga(['Operator']))).json()).toMatchObject({ client: 'operator', roles: ['Operator'] });
  expect((await get(await olga(['Supervisor']))).statusCode).toBe(403);
  expect((await get(await mint({ roles: ['Consultant', 'Operator'] }))).json()).toMatchObject({
    roles: ['Consultant'],
  });
});

test('a bot is let in as the one its app is registered for', async () => {
  expect((await get(await mintBot(), '/v1/bot/who')).json()).toEqual({
    client: 'contoso',
    id: 'assistant',
    name: 'Contoso assistant',
  });
});

test.each<[string, number, Record<string, unknown>]>([
  ['no role', 403, { roles: undefined }],
  ['a desk role', 403, { roles: ['Supervisor'] }],
  ['the role in lower case', 403, { roles: ['bot'] }],
  ['roles as text', 403, { roles: 'Bot' }],
  ['a scope', 403, { scp: 'Desk.Access' }],
  ['idtyp user', 403, { idtyp: 'user' }],
  ['no idtyp', 403, { idtyp: undefined }],
  ['the bot app of another client', 403, { azp: fabrikam.bot.appId }],
  ['an app nobody registered', 403, { azp: '11111111-0000-4000-8000-0000000000c1' }],
  ['a public app', 403, { azpacr: '0' }],
  ['no azpacr', 403, { azpacr: undefined }],
  ['no azp', 401, { azp: undefined }],
  ['the audience of another client', 401, { aud: fabrikam.apiAppId }],
  ['the tenant of another client', 401, { tid: fabrikam.tid }],
  ['no exp', 401, { exp: undefined }],
])('a bot with %s is answered %i', async (_name, status, claims) => {
  expect((await get(await mintBot(claims), '/v1/bot/who')).statusCode).toBe(status);
});

test('people do not pass the door of bots, nor bots that of people', async () => {
  expect((await get(await mint(), '/v1/bot/who')).statusCode).toBe(403);
  expect((await get(await mintBot())).statusCode).toBe(403);
  // Also not when the same token has been verified at the other door.
  const token = await mintBot();
  expect((await get(token, '/v1/bot/who')).statusCode).toBe(200);
  expect((await get(token)).statusCode).toBe(403);
});
