import { Change, entryKinds, type Conversation, type Entry } from '@parley/contracts';
import { expect, test } from 'vitest';
import type { RouteGroup } from '../src/server.ts';
import { compileWriter } from '../src/shapes.ts';
import { serializerCompiler } from '../src/validation.ts';
import { deskStarter, tokenOf } from './edges-routes.ts';

const start = deskStarter();

const conversation: Conversation = {
  id: `c_${'a'.repeat(26)}`,
  channel: 'directline',
  channelConversation: 'x',
  bot: { id: 'assistant', name: 'Assistant' },
  user: { id: 'dl_1', name: 'Kim', verified: { as: 'kim', by: 'BankX', at: 1 } },
  version: 3,
  seq: 12,
  epoch: 2,
  holder: { state: 'queued', since: 5, queue: 'cards', passedBy: [], deadline: 9 },
  userLines: ['“Zürich” 💳 \u2028'],
  openedAt: 1,
  updatedAt: 2,
  delivery: { outSeq: 1, deliveredSeq: 0, seenSeq: 0 },
};
const frame = {
  at: 1,
  epoch: 1,
  by: { type: 'person' as const, id: 'c0170500-0000-4000-8000-000000000101', name: 'Ana' },
};
const ana = { id: 'c0170500-0000-4000-8000-000000000101', name: 'Ana' };
const bodies = [
  { kind: 'message', text: 'Hallo "Welt" \\ \u0007 💳', attachments: [], notice: true },
  { kind: 'suppressed', text: 'x', spokenUnder: 0 },
  { kind: 'handoff-requested', handoff: 1, queue: 'cards', packet: { reason: 'user-request' }, user: { id: 'dl_1' } },
  { kind: 'offered', to: ana, until: 7 },
  { kind: 'offer-declined', reason: 'busy' },
  { kind: 'offer-expired', to: ana },
  { kind: 'accepted', consultant: ana, uninvited: true, queue: 'cards' },
  { kind: 'note', text: 'x' },
  { kind: 'transferred', to: { person: ana }, queue: 'cards', comment: 'x' },
  { kind: 'transferred', to: { queue: 'cards' }, queue: 'cards' },
  { kind: 'requeued', queue: 'cards', reason: 'gone' },
  { kind: 'returned', packet: { outcome: 'resolved', facts: [] }, fallback: 'queue-deadline' },
  { kind: 'closed', outcome: 'resolved' },
  { kind: 'user-left' },
  { kind: 'rated', score: 5 },
  { kind: 'delivery-failed', of: 3, reason: 'status 500' },
];
const entries = bodies.map((body, position) => ({
  seq: position + 1,
  id: `entry-${position}`,
  ...frame,
  ...body,
})) as unknown as Entry[];

const answer = { conversation, entries };
const routes: RouteGroup = (app) => {
  const schema = { response: { 200: Change } };
  app.get('/v1/change', { schema }, async () => answer);
  app.get('/v1/leak', { schema }, async () => ({ conversation: { ...conversation, secret: 'canary' }, entries }));
  app.get('/v1/deep', { schema }, async () => ({ conversation, entries: [{ ...entries[0]!, secret: 'canary' }] }));
  // Written by an older desk that allowed more.
  app.get('/v1/long', { schema }, async () => ({
    conversation: { ...conversation, userLines: ['x'.repeat(1_000)] },
    entries,
  }));
};

async function answers() {
  const desk = await start({ deps: { peopleRoutes: [routes] } });
  const headers = { authorization: `Bearer ${await tokenOf(desk)}` };
  return (url: string) => desk.app.inject({ url, headers });
}

test('every kind of entry leaves the desk exactly as it is', async () => {
  expect(new Set(entries.map(({ kind }) => kind))).toEqual(new Set(Object.keys(entryKinds)));
  const get = await answers();
  expect((await get('/v1/change')).json()).toEqual(answer);
});

test('A9 an undeclared member does not leave, at whatever depth', async () => {
  const get = await answers();
  for (const url of ['/v1/leak', '/v1/deep']) expect((await get(url)).body).not.toContain('canary');
  expect((await get('/v1/leak')).json()).toEqual(answer);
});

test('an answer that breaks a limit of today is still readable', async () => {
  const get = await answers();
  expect((await get('/v1/long')).json().conversation.userLines[0]).toHaveLength(1_000);
});

test('a page of 200 entries is written in a few milliseconds', () => {
  const write = serializerCompiler({ schema: Change } as never);
  const page = { conversation, entries: Array.from({ length: 200 }, (_, n) => entries[n % entries.length]) };
  const rounds = Array.from({ length: 20 }, () => {
    const begin = performance.now();
    write(page);
    return performance.now() - begin;
  });
  // The serializer that Fastify would use takes over thirty; the least of several is what the machine can do.
  expect(Math.min(...rounds)).toBeLessThan(8);
});

test('what is written for one answer is the same text in every other', () => {
  const write = compileWriter(Change)!;
  const whole = JSON.parse(write(answer)!) as typeof answer;
  expect(whole).toEqual(answer);
  expect(write({ conversation, entries: [] })).toContain(JSON.stringify(conversation));
  for (const wrong of [
    { conversation: { ...conversation, secret: 1 }, entries },
    { conversation, entries: [{ ...entries[0]!, by: { ...frame.by, secret: 1 } }] },
    { conversation, entries, secret: 1 },
    { conversation },
    { conversation: { ...conversation, version: '3' }, entries },
    { conversation: Object.assign(Object.create({ toJSON: () => 'canary' }), conversation), entries },
    { conversation, entries: Object.assign([...entries], { toJSON: () => 'canary' }) },
  ])
    expect(write(wrong)).toBeUndefined();
});
