import { StoreUnavailable } from '@parley/core';
import { contoso } from '@parley/sandbox';
import { Type } from 'typebox';
import { afterAll } from 'vitest';
import { Refusal } from '../src/problems.ts';
import type { RouteGroup } from '../src/server.ts';
import { startEdgeDesk, type EdgeDesk, type EdgeOptions } from './edges-desk.ts';

export const closed = { additionalProperties: false } as const;
/** What `POST /v1/echo` takes and answers. */
export const Echo = Type.Object({ text: Type.String({ maxLength: 20 }), n: Type.Optional(Type.Integer()) }, closed);

/** One route for each way in which a request can go. */
export const routes: RouteGroup = (app) => {
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

/** Starts desks that are closed at the end of the test file. */
export function deskStarter(): (options?: EdgeOptions) => Promise<EdgeDesk> {
  const desks: EdgeDesk[] = [];
  afterAll(() => Promise.all(desks.map((desk) => desk.close())));
  return async (options = {}) => {
    const desk = await startEdgeDesk(options);
    desks.push(desk);
    return desk;
  };
}

export function tokenOf(desk: EdgeDesk, subject = 'ana@contoso.example'): Promise<string> {
  return desk.identity.mint({ tid: contoso.tid, subject });
}
