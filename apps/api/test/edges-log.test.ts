import { Writable } from 'node:stream';
import { contoso } from '@parley/sandbox';
import { Type } from 'typebox';
import { expect, test } from 'vitest';
import { createEvents } from '../src/events.ts';
import { createLogger } from '../src/logging.ts';
import { startEdgeDesk } from './edges-desk.ts';

const marker = 'MARKER-4111111111111111';

function collect(production = true) {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  return { lines, log: createLogger({ level: 'trace', production, destination }) };
}

test('A60 neither tokens nor what people write reach the log, whatever happens to the request', async () => {
  const Body = Type.Object({ text: Type.String({ maxLength: 100 }) }, { additionalProperties: false });
  const desk = await startEdgeDesk({
    deps: {
      peopleRoutes: [
        (app) => {
          app.post('/v1/echo', { schema: { body: Body, response: { 200: Body } } }, async ({ body }) => body);
          app.post('/v1/broken', { schema: { body: Body, response: { 200: Body } } }, async ({ body }) => {
            throw new Error(`cannot store ${body.text}`, { cause: new Error(body.text) });
          });
          app.post('/v1/rejecting', { schema: { body: Body, response: { 200: Body } } }, ({ body }) =>
            Promise.reject(Object.assign(new TypeError(body.text), { code: 'ECONNRESET', text: body.text })),
          );
        },
      ],
    },
  });
  const token = await desk.identity.mint({
    tid: contoso.tid,
    subject: 'ana@contoso.example',
    claims: { name: 'Ana', department: marker },
  });
  const bad = `${token.slice(0, -4)}AAAA`;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const text = JSON.stringify({ text: marker });
  const statuses = [];
  for (const [method, url, more, payload] of [
    ['POST', '/v1/echo', {}, text],
    ['POST', '/v1/broken', {}, text],
    ['POST', '/v1/rejecting', {}, text],
    ['POST', '/v1/echo', {}, `{"text":"${marker}`],
    ['POST', '/v1/echo', {}, `{"text":"x","${marker}":1}`],
    ['POST', '/v1/echo', {}, JSON.stringify({ text: marker.repeat(20) })],
    ['POST', '/v1/echo', { 'content-type': marker }, text],
    ['POST', '/v1/echo', { authorization: `Bearer ${bad}` }, text],
    ['POST', '/v1/echo', { authorization: `Basic ${marker}` }, text],
    ['GET', `/v1/nothing?access_token=${token}&q=${marker}`, {}, undefined],
    ['GET', `/hub?access_token=${token}&id=${marker}`, {}, undefined],
    ['GET', `/v1/who?text=${marker}`, {}, undefined],
    ['GET', `/${marker}%zz`, {}, undefined],
  ] as const)
    statuses.push(
      (
        await desk.app.inject({
          method,
          url,
          headers: { ...headers, ...more },
          ...(payload !== undefined && { payload }),
        })
      ).statusCode,
    );
  await desk.close();
  expect(new Set(statuses)).toEqual(new Set([200, 500, 400, 415, 401, 404]));
  const log = desk.lines.join('');
  expect(desk.lines.length).toBeGreaterThan(statuses.length);
  for (const secret of [marker, ...token.split('.'), 'ana@contoso.example']) expect(log).not.toContain(secret);
  // It still says what is needed to find the bug.
  expect(log).toContain('"route":"/v1/broken"');
  expect(log).toContain('edges-log.test.ts');
});

test.each<[string, (log: ReturnType<typeof collect>['log']) => void]>([
  [
    'a member with a telling name',
    (log) => log.info({ text: marker, deep: { authorization: marker, list: [{ comment: marker }] } }, 'x'),
  ],
  ['a secret', (log) => log.info({ callbackSecrets: [marker], storeKey: marker }, 'x')],
  [
    'a request',
    (log) => log.info({ req: { url: marker, headers: { authorization: marker } }, res: { body: marker } }, 'x'),
  ],
  ['an error alone', (log) => log.error(new Error(marker))],
  ['an error without a message', (log) => log.error({ err: new Error(marker) })],
  ['the cause of an error', (log) => log.error({ err: new Error('x', { cause: new Error(marker) }) }, 'x')],
  ['something thrown that is no error', (log) => log.error({ err: marker }, 'x')],
  ['something very deep', (log) => log.info({ a: { b: { c: { d: { e: { f: { g: marker } } } } } } }, 'x')],
  ['a child logger', (log) => log.child({ module: 'x' }).info({ text: marker }, 'x')],
])('A60 %s does not show in the log', (_name, write) => {
  const { log, lines } = collect();
  write(log);
  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toContain(marker);
});

test.each([
  'eyJhbGciOiJSUzI1NiJ9.eyJ0aWQiOiJ4In0.c2lnbmF0dXJl',
  '/hub?id=abcdefgh&access_token=opaque-token',
  'Bearer opaque-token',
  'whsec_AQIDBAUGBwgJCgsMDQ4PEBES',
])('A18 a token inside a sentence is cut out: %s', (text) => {
  const { log, lines } = collect();
  log.info({ path: `calling ${text} now` }, `calling ${text} now`);
  expect(lines[0]).not.toMatch(/eyJ|opaque|AQIDBAUG|abcdefgh/);
  expect(lines[0]).toContain('now');
});

test('A61 a line break in a value stays inside its line', () => {
  const { log, lines } = collect();
  log.info({ reason: 'x\n{"level":60,"msg":"forged"}\u001b[31m' }, 'x\ny');
  expect(lines).toHaveLength(1);
  expect(lines[0]!.trim().split('\n')).toHaveLength(1);
  expect(() => JSON.parse(lines[0]!)).not.toThrow();
});

test('in development the text of an error is logged', () => {
  const { log, lines } = collect(false);
  log.error({ err: new Error('the cause') }, 'x');
  expect(lines[0]).toContain('the cause');
});

test('an event is a counter and a line, and never throws', async () => {
  const { log, lines } = collect();
  const { events, registry } = createEvents(log);
  events.claimed({ client: 'contoso', queue: 'cards', conversation: 'c_1', person: 'p', waited: 12 });
  events.claimLost({ client: 'contoso', conversation: 'c_1', person: 'p' });
  events.deliveryFailed({ client: 'contoso', conversation: 'c_1', reason: 'status 500', final: false });
  events.delivered({ client: 'contoso', conversation: 'c_1', entries: 1, took: Number.NaN });
  events.claimed(null as never);
  events.hubConnections('x' as never);
  const metrics = await registry.metrics();
  expect(metrics).toContain('parley_claims_total{client="contoso",queue="cards"} 1');
  expect(metrics).toContain('parley_speed_of_answer_seconds_sum{client="contoso",queue="cards"} 12');
  expect(metrics).toContain('parley_deliveries_failed_total{client="contoso",final="false"} 1');
  expect(lines.some((line) => line.includes('"event":"claims"'))).toBe(true);
  // Ids of conversations and people would make a time series each.
  expect(metrics).not.toMatch(/c_1|person=/);
});
