import { contoso, fabrikam } from '@parley/sandbox';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startEdgeDesk, type EdgeDesk } from './edges-desk.ts';

const minute = 60_000;
const hour = 60 * minute;
let desk: EdgeDesk;

beforeEach(async () => {
  desk = await startEdgeDesk();
});
afterEach(() => desk.close());

const mint = (header: Record<string, unknown> = {}, claims: Record<string, unknown> = {}) =>
  desk.identity.mint({ tid: contoso.tid, subject: 'ana@contoso.example', header, claims });
const status = async (token: string) =>
  (await desk.app.inject({ url: '/v1/who', headers: { authorization: `Bearer ${token}` } })).statusCode;
const fetches = () => desk.fetches.get(contoso.tid) ?? 0;
const down = () => {
  desk.endpoint.answer = () => Promise.reject(new Error('down'));
};
const up = () => {
  desk.endpoint.answer = (tid) => desk.identity.jwks(tid);
};
const oldKid = async () => (await desk.identity.keyRing.keys(contoso.tid))[0]!.kid;

test('T28b a key published a minute ago is accepted without a restart', async () => {
  expect(await status(await mint())).toBe(200);
  desk.clock.advance(minute);
  await desk.identity.rotateKey(contoso.tid);
  desk.clock.advance(minute);
  expect(await status(await mint())).toBe(200);
  expect(fetches()).toBe(2);
});

test('T28a a key withdrawn over a day ago is refused, and tokens already verified with it too', async () => {
  const old = await mint({}, { exp: Math.floor(desk.clock.now / 1000) + 28 * 3_600 });
  expect(await status(old)).toBe(200);
  const kid = await oldKid();
  await desk.identity.rotateKey(contoso.tid);
  await desk.identity.withdrawKey(contoso.tid, kid);
  desk.clock.advance(25 * hour);
  expect(await status(await mint())).toBe(200);
  expect(await status(old)).toBe(401);
});

test('an old key stays good until a token of the new key set was verified, and no longer', async () => {
  const old = () => mint({ kid: undefined });
  expect(await status(await mint())).toBe(200);
  const [key] = await desk.identity.keyRing.keys(contoso.tid);
  const withOldKey = () =>
    desk.identity.mint({ tid: contoso.tid, subject: 'ana@contoso.example', header: { kid: key!.kid }, key: key! });
  await desk.identity.rotateKey(contoso.tid);
  await desk.identity.withdrawKey(contoso.tid, key!.kid);
  // A key id nobody knows makes the desk look at the new set.
  expect(await status(await mint({ kid: 'nobody-knows' }))).toBe(401);
  expect(fetches()).toBe(2);
  expect(await status(await withOldKey())).toBe(200);
  expect(await status(await mint())).toBe(200);
  expect(await status(await withOldKey())).toBe(401);
  expect(await status(await old())).toBe(401);
});

test('T21 10,000 tokens with unknown key ids cause one fetch in five minutes and cost nobody else anything', async () => {
  const good = await mint();
  expect(await status(good)).toBe(200);
  const template = (await mint()).split('.');
  const header = JSON.parse(Buffer.from(template[0]!, 'base64url').toString()) as object;
  const tokens = Array.from({ length: 10_000 }, (_, n) =>
    [Buffer.from(JSON.stringify({ ...header, kid: `k${n}` })).toString('base64url'), ...template.slice(1)].join('.'),
  );
  const verdicts = await Promise.all(tokens.map((token) => desk.verifier.verifyPerson(token)));
  expect(verdicts.every((verdict) => !verdict.ok && verdict.status === 401)).toBe(true);
  expect(fetches()).toBe(2);
  expect(await status(good)).toBe(200);
  desk.clock.advance(5 * minute);
  await desk.verifier.verifyPerson(tokens[1]!);
  await desk.verifier.verifyPerson(tokens[2]!);
  expect(fetches()).toBe(3);
});

test('PC6 while the key endpoint is down for six hours, known keys still count', async () => {
  expect(await status(await mint())).toBe(200);
  down();
  for (let hours = 0; hours < 6; hours += 1) {
    desk.clock.advance(hour);
    expect(await status(await mint())).toBe(200);
  }
});

test('keys older than a day that cannot be refreshed no longer count: 503, until they can', async () => {
  expect(await status(await mint())).toBe(200);
  down();
  desk.clock.advance(24 * hour);
  expect(await status(await mint())).toBe(503);
  up();
  desk.clock.advance(minute);
  expect(await status(await mint())).toBe(200);
});

test('a cold start without the key endpoint answers 503 with Retry-After, and asks it at most every five seconds', async () => {
  down();
  const token = await mint();
  const answer = await desk.app.inject({ url: '/v1/who', headers: { authorization: `Bearer ${token}` } });
  expect(answer.statusCode).toBe(503);
  expect(answer.json()).toMatchObject({ code: 'keys-unavailable' });
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  for (let n = 0; n < 10; n += 1) expect(await status(token)).toBe(503);
  expect(fetches()).toBe(1);
  up();
  desk.clock.advance(5_000);
  expect(await status(token)).toBe(200);
});

test('an unknown key id while the endpoint is down is answered 503, for nobody knows whether it is new', async () => {
  expect(await status(await mint())).toBe(200);
  down();
  await desk.identity.rotateKey(contoso.tid);
  expect(await status(await mint())).toBe(503);
  up();
  desk.clock.advance(5 * minute);
  expect(await status(await mint())).toBe(200);
});

test.each([
  ['nothing', null],
  ['an empty set', { keys: [] }],
  ['keys of another tenant', { keys: 'other' }],
  ['a list that is none', { keys: { 0: {} } }],
  ['garbage', { keys: [null, 7, 'x', { kid: 'a' }, { kty: 'RSA', kid: 'a', n: '!', e: '' }] }],
])('an endpoint that suddenly publishes %s does not take the known keys away', async (_name, document) => {
  expect(await status(await mint())).toBe(200);
  desk.endpoint.answer = async () => (document?.keys === 'other' ? desk.identity.jwks(fabrikam.tid) : document);
  desk.clock.advance(2 * hour);
  expect(await status(await mint())).toBe(200);
  expect(await status(await mint())).toBe(200);
  expect(fetches()).toBeGreaterThan(1);
});

test('the background refresh comes hourly, and requests do not wait for it', async () => {
  expect(await status(await mint())).toBe(200);
  desk.endpoint.answer = () => new Promise(() => {});
  desk.clock.advance(hour + 1);
  expect(await status(await mint())).toBe(200);
  expect(fetches()).toBe(2);
});

test('one tenant’s outage does not touch another', async () => {
  desk.endpoint.answer = (tid) => (tid === contoso.tid ? Promise.reject(new Error('down')) : desk.identity.jwks(tid));
  expect(await status(await mint())).toBe(503);
  expect(await status(await desk.identity.mint({ tid: fabrikam.tid, subject: 'noor@fabrikam.example' }))).toBe(200);
});
