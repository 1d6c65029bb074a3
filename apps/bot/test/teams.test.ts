import { randomUUID } from 'node:crypto';
import { contoso } from '@parley/sandbox';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

const eventually = <Value>(check: () => Value | Promise<Value>) => vi.waitFor(check, { timeout: 8_000, interval: 20 });
let world: World;
beforeAll(async () => {
  world = await startWorld();
}, 30_000);
afterAll(() => world.close());

const call = async (method: string, path: string, body?: object) => {
  const response = await fetch(`${world.sandbox.url}/teams${path}`, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  return (await response.json()) as { id: string; messages: { text?: string; from?: { id: string } }[] };
};

test('in Teams a consultant speaks under a name before the words, and the user rates by a number', async () => {
  const chat = await call('POST', '/conversations', { bot: contoso.bot.appId, from: { name: 'Dana' } });
  const say = (text: string) => call('POST', `/conversations/${chat.id}/messages`, { text });
  const texts = async () => {
    const { messages } = await call('GET', `/conversations/${chat.id}/messages`);
    return messages.filter(({ from }) => from?.id.startsWith('28:')).map(({ text }) => text);
  };
  const marta = (method: string, path: string, body?: object) => world.as('marta@contoso.example', method, path, body);
  const ana = (id: string, name: string, body: object = {}) =>
    world.as('ana@contoso.example', 'POST', `/v1/conversations/${id}/${name}`, { id: randomUUID(), ...body });
  const listed = () =>
    eventually(async () => {
      const { body } = await marta('GET', '/v1/conversations?view=live');
      const found = body.items.find((one: { channelConversation: string }) => one.channelConversation === chat.id);
      expect(found).toBeDefined();
      expect(found.holder.state).not.toBe('with-bot');
      return found as { id: string; epoch: number };
    });

  await say('a human please');
  const { id } = await listed();
  expect((await ana(id, 'claim')).status).toBe(200);
  await eventually(async () => expect(await texts()).toContain('You are now talking to Ana Ruiz from Contoso Bank.'));
  const { epoch } = await listed();
  await ana(id, 'reply', { text: 'Good morning', epoch });
  await eventually(async () => expect((await texts()).at(-1)).toBe('Ana Ruiz: Good morning'));
  expect((await ana(id, 'close', { outcome: 'resolved' })).status).toBe(200);
  await eventually(async () => expect((await texts()).at(-1)).toMatch(/from 1 \(bad\) to 5/));
  await say('5');
  await eventually(async () => {
    expect((await texts()).at(-1)).toMatch(/^Thank you!/);
    const { body } = await marta('GET', `/v1/conversations/${id}/entries?after=0`);
    expect(body.entries).toContainEqual(expect.objectContaining({ kind: 'rated', score: 5 }));
  });
}, 30_000);
