import { contoso } from '@parley/sandbox';
import { Type } from 'typebox';
import { describe, expect, test } from 'vitest';
import { closed, deskStarter, tokenOf } from './edges-routes.ts';

const start = deskStarter();

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

  test('Y17 more requests at once than there is room for are answered 503, and room comes back', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<'let in'>();
    let waiting = 0;
    const desk = await start({
      limits: { maxInFlight: 2 },
      deps: {
        peopleRoutes: [
          (app) =>
            void app.get('/v1/slow', { schema: { response: { 200: Type.Object({}, closed) } } }, async () => {
              waiting += 1;
              if (waiting === 3) entered.resolve('let in');
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
    const letIn = () => Promise.race([call().then(({ status }) => status), entered.promise]);
    await expect.poll(letIn).toBe('let in');
    resolve();
    expect((await first).status).toBe(200);
  });
});
