import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { DirectLine } from './direct-line.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

const eventually = <Value>(check: () => Value | Promise<Value>) => vi.waitFor(check, { timeout: 8_000, interval: 20 });
const ana = 'ana@contoso.example';
let world: World;

interface Entry {
  readonly kind: string;
  readonly text?: string;
  readonly packet?: object;
}

beforeAll(async () => {
  world = await startWorld();
}, 30_000);
afterAll(() => world.close());

async function visit(client = 'contoso') {
  return DirectLine.open(`${world.botUrl}/${client}/api/token`, world.deskUrl);
}

/** The conversation of this visitor as the desk lists it. */
async function listed(visitor: DirectLine, email = 'marta@contoso.example') {
  return eventually(async () => {
    const { body } = await world.as(email, 'GET', '/v1/conversations?view=live');
    const found = body.items.find(
      (one: { channelConversation: string }) => one.channelConversation === visitor.conversationId,
    );
    expect(found).toBeDefined();
    return found as { id: string; epoch: number; holder: { state: string; queue?: string } };
  });
}

const command = (id: string, name: string, body: object = {}, email = ana) =>
  world.as(email, 'POST', `/v1/conversations/${id}/${name}`, { id: randomUUID(), ...body });
const entries = async (id: string) =>
  (await world.as(ana, 'GET', `/v1/conversations/${id}/entries?after=0`)).body.entries as Entry[];

describe('from the bot to a person and back', () => {
  test('everything is seen on both sides, in order and once', async () => {
    const visitor = await visit();
    await visitor.say('Hello');
    await visitor.say('I lost my card');
    await visitor.say('yes, block it');
    await visitor.say('yes');
    await eventually(() => expect(visitor.texts().at(-1)).toMatch(/in line|next/));

    const { id, holder } = await listed(visitor);
    expect(holder).toMatchObject({ state: 'queued', queue: 'cards' });
    const handoff = (await entries(id)).find((entry) => entry.kind === 'handoff-requested');
    expect(handoff?.packet).toMatchObject({
      topics: ['Lost card'],
      lastPhrase: 'yes',
      tried: [{ what: expect.stringContaining('Blocked') }],
    });

    await visitor.say('Are you there?');
    expect((await command(id, 'claim')).status).toBe(200);
    await eventually(() => expect(visitor.texts()).toContain('You are now talking to Ana Ruiz from Contoso Bank.'));
    const { epoch } = await listed(visitor);
    for (const text of ['Good morning', 'Your new card is on its way'])
      expect((await command(id, 'reply', { text, epoch })).status).toBe(200);
    await eventually(() =>
      expect(visitor.lines().slice(-2)).toMatchObject([
        { text: 'Good morning', channelData: { parley: { name: 'Ana Ruiz' } } },
        { text: 'Your new card is on its way' },
      ]),
    );
    await visitor.say('Thank you!');
    const answered = visitor.lines().length;

    await command(id, 'return', {
      packet: {
        comment: 'internal',
        promises: ['a new card within five days'],
        facts: [{ name: 'Address', value: 'Main Street 1' }],
      },
    });
    await eventually(() =>
      expect(visitor.texts().slice(answered).join('\n')).toMatch(
        /assistant.*\n.*five days.*\n.*Main Street 1.*\n.*anything else/,
      ),
    );
    expect(visitor.texts().join()).not.toContain('internal');
    await visitor.say('What is my balance?');
    await eventually(() => expect(visitor.texts().at(-1)).toMatch(/balance of your account/));

    await eventually(async () => {
      const said = (await entries(id)).filter((entry) => entry.kind === 'message').map((entry) => entry.text ?? '');
      expect(said.filter((text) => !visitor.texts().includes(text) && !visitor.said.includes(text))).toEqual([]);
      expect(said).toHaveLength(new Set(said).size);
      expect(said.at(-1)).toMatch(/balance of your account/);
      expect(said.filter((text) => visitor.said.includes(text))).toEqual(visitor.said);
    });
    expect((await entries(id)).filter((entry) => entry.kind === 'suppressed')).toEqual([]);
    visitor.close();
  }, 30_000);

  test('the page is told of the state by an event', async () => {
    const visitor = await visit();
    await visitor.say('a human please');
    const { id } = await listed(visitor);
    await command(id, 'claim');
    await eventually(() =>
      expect(visitor.activities).toContainEqual(
        expect.objectContaining({
          type: 'event',
          name: 'parley/status',
          value: expect.objectContaining({ state: 'accepted', consultant: { name: 'Ana Ruiz' } }),
        }),
      ),
    );
    visitor.close();
  });

  test('D1 D2 replies written while the bot is down arrive in order, once, when it is back', async () => {
    const visitor = await visit();
    await visitor.say('a human please');
    const { id } = await listed(visitor);
    await command(id, 'claim');
    await eventually(() => expect(visitor.texts().at(-1)).toMatch(/talking to Ana/));
    const { epoch } = await listed(visitor);
    await world.restartBot(async () => {
      for (const text of ['one', 'two', 'three']) await command(id, 'reply', { text, epoch });
    });
    await eventually(() => expect(visitor.texts().slice(-3)).toEqual(['one', 'two', 'three']));
    await visitor.say('I am back too');
    await eventually(async () =>
      expect((await entries(id)).at(-1)).toMatchObject({ kind: 'message', text: 'I am back too' }),
    );
    expect(visitor.texts().at(-1)).toBe('three');
    visitor.close();
  }, 30_000);

  test('H23 a client never sees another’s conversation', async () => {
    const visitor = await visit('fabrikam');
    await visitor.say('a human please');
    await listed(visitor, 'ines@fabrikam.example');
    const { body } = await world.as('marta@contoso.example', 'GET', '/v1/conversations?view=live');
    expect(body.items).toBeInstanceOf(Array);
    expect(JSON.stringify(body)).not.toContain(visitor.conversationId);
    visitor.close();
  });
});

describe('the door of the bot', () => {
  const activity = {
    type: 'message',
    id: 'x',
    text: 'hi',
    channelId: 'directline',
    serviceUrl: 'http://127.0.0.1:1',
    from: { id: 'u' },
    recipient: { id: 'b' },
    conversation: { id: 'c' },
  };
  const post = (path: string, headers: Record<string, string>, body: unknown) =>
    fetch(world.botUrl + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    }).then((response) => response.status);

  test('is closed to activities without a channel’s token, or with that of another bot', async () => {
    const { fabrikam } = await import('@parley/sandbox');
    const other = await world.sandbox.connectorKeys.sign({
      appId: fabrikam.bot.appId,
      serviceUrl: activity.serviceUrl,
    });
    expect(await post('/contoso/api/messages', {}, activity)).toBe(401);
    expect(await post('/contoso/api/messages', { authorization: `Bearer ${other}` }, activity)).toBe(401);
  });

  test('is closed to callbacks without the desk’s signature', async () => {
    expect(await post('/contoso/parley/callback', {}, { type: 'conversation.entries' })).toBe(401);
  });
});
