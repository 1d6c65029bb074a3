import { createHmac, generateKeyPairSync } from 'node:crypto';
import type { TurnContext } from 'botbuilder';
import { ConnectorClient } from 'botframework-connector';
import { SignJWT } from 'jose';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { contoso, fabrikam } from '../src/seed.ts';
import { startSandbox } from '../src/server.ts';
import type { Sandbox } from '../src/server.ts';
import { call, directLineClient, eventually, FetchCredentials, startBot } from './channels-support.ts';
import type { TestBot } from './channels-support.ts';

let bot: TestBot;
let sandbox: Sandbox;
let connector: string;
const closing: (() => unknown)[] = [];

beforeEach(async () => {
  bot = await startBot();
  sandbox = await startSandbox({ port: 0, messagingEndpoints: { [contoso.bot.appId]: bot.endpoint } });
  connector = `${sandbox.url}/connector`;
  bot.connect(sandbox.url);
});

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await sandbox.close();
  await bot.close();
});

async function conversation() {
  const root = `${sandbox.url}/v3/directline`;
  const { body } = await call('POST', `${root}/tokens/generate`, {
    bearer: contoso.bot.directLineSecret,
    body: { user: { id: 'dl_visitor', name: 'Dana Fox' } },
  });
  const web = directLineClient(root, { token: body.token });
  closing.push(web.close);
  await web.say('hello');
  await eventually(() => expect(web.texts()).toEqual(['hello', 'You said: hello']));
  return { id: body.conversationId as string, token: body.token as string, web };
}

const mint = (appId: string) => sandbox.connectorKeys.mintBotToken({ appId });

test("Another bot's token is refused on a conversation: 403 on every operation, and nothing is said", async () => {
  const { id, web } = await conversation();
  const bearer = await mint(fabrikam.bot.appId);
  const body = { type: 'message', text: 'intruder', from: { id: fabrikam.bot.appId } };
  const place = `${connector}/v3/conversations/${id}`;
  const answers = [
    await call('POST', `${place}/activities`, { bearer, body }),
    await call('POST', `${place}/activities/1`, { bearer, body }),
    await call('PUT', `${place}/activities/1`, { bearer, body }),
    await call('DELETE', `${place}/activities/1`, { bearer }),
    await call('POST', `${place}/activities/history`, { bearer, body: { activities: [body] } }),
    await call('GET', `${place}/members`, { bearer }),
    await call('GET', `${place}/pagedmembers`, { bearer }),
    await call('GET', `${place}/members/dl_visitor`, { bearer }),
    await call('POST', `${place}/attachments`, { bearer, body: { type: 'text/plain', originalBase64: '' } }),
  ];
  for (const answer of answers)
    expect(answer).toMatchObject({ status: 403, body: { error: { code: 'BotNotInConversationRoster' } } });
  expect((await call('GET', `${connector}/v3/conversations`, { bearer })).body).toEqual({ conversations: [] });
  expect(web.texts()).toEqual(['hello', 'You said: hello']);
});

test('Without a live token issued to a bot here, the Connector answers 401', async () => {
  const { id, token } = await conversation();
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const claims = {
    appid: contoso.bot.appId,
    ver: '1.0',
    iss: 'https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/',
    aud: 'https://api.botframework.com',
  };
  const now = Math.floor(Date.now() / 1000);
  const forged = await new SignJWT({ ...claims, iat: now, nbf: now, exp: now + 600 })
    .setProtectedHeader({ alg: 'RS256', kid: 'mine' })
    .sign(privateKey);
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify({ ...claims, exp: now + 600 })).toString('base64url')}.`;
  const symmetric = `${unsigned.slice(0, -1)}.${createHmac('sha256', 'x').update(unsigned).digest('base64url')}`;
  const dead = await sandbox.connectorKeys.mintBotToken({ appId: contoso.bot.appId, lifetimeSeconds: -301 });
  const channel = await sandbox.connectorKeys.sign({ appId: contoso.bot.appId, serviceUrl: connector });
  for (const bearer of [
    undefined,
    '',
    'nonsense',
    forged,
    unsigned,
    symmetric,
    dead,
    channel,
    token,
    contoso.bot.directLineSecret,
  ]) {
    const answer = await call('POST', `${connector}/v3/conversations/${id}/activities`, {
      ...(bearer !== undefined && { bearer }),
      body: { type: 'message', text: 'x' },
    });
    expect(answer).toMatchObject({ status: 401, body: { error: { code: 'Unauthorized' } } });
  }
});

test('A conversation that is not there is answered with 404', async () => {
  const bearer = await mint(contoso.bot.appId);
  expect(
    await call('POST', `${connector}/v3/conversations/none/activities`, { bearer, body: { type: 'message' } }),
  ).toMatchObject({ status: 404, body: { error: { code: 'ConversationNotFound' } } });
});

test('The bot refuses a channel token for another bot, of another service, from another issuer, expired or unsigned', async () => {
  const activity = {
    type: 'message',
    text: 'hi',
    id: '1',
    channelId: 'directline',
    serviceUrl: connector,
    from: { id: 'v' },
    recipient: { id: 'b' },
    conversation: { id: 'c' },
  };
  const { sign } = sandbox.connectorKeys;
  const { appId } = contoso.bot;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const forged = await new SignJWT({ serviceurl: connector })
    .setProtectedHeader({ alg: 'RS256', kid: 'mine' })
    .setIssuer('https://api.botframework.com')
    .setAudience(appId)
    .setExpirationTime('1h')
    .sign(privateKey);
  const refused = [
    await sign({ appId: fabrikam.bot.appId, serviceUrl: connector }),
    await sign({ appId, serviceUrl: `${connector}/` }),
    await sign({ appId, serviceUrl: connector, lifetimeSeconds: -301 }),
    await mint(appId),
    forged,
    '',
  ];
  const deliver = async (bearer: string, body: object) =>
    (
      await fetch(bot.endpoint, {
        method: 'POST',
        headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    ).status;
  for (const bearer of refused) expect(await deliver(bearer, activity)).toBe(401);
  const right = await sign({ appId, serviceUrl: connector });
  expect(await deliver(right, { ...activity, channelId: 'slack' })).toBe(401);
  expect(bot.heard).toEqual([]);
  bot.does(async () => {});
  expect(await deliver(right, activity)).toBe(200);
});

test('What a bot says carries its own name and place, whatever it writes there', async () => {
  const { id, web } = await conversation();
  const body = {
    type: 'message',
    text: 'hi',
    id: 'mine',
    timestamp: '2001-01-01T00:00:00Z',
    from: { id: 'dl_visitor', name: 'Robo', role: 'user' },
    conversation: { id: 'other' },
  };
  const { body: sent } = await call('POST', `${connector}/v3/conversations/${id}/activities`, {
    bearer: await mint(contoso.bot.appId),
    body,
  });
  await eventually(() =>
    expect(web.received.at(-1)).toMatchObject({
      id: sent.id,
      from: { id: contoso.bot.appId, name: 'Robo', role: 'bot' },
      conversation: { id },
    }),
  );
  expect(Date.parse((web.received.at(-1) as { timestamp: string }).timestamp)).toBeGreaterThan(Date.now() - 60_000);
});

test('ConnectorClient reads members, sends attachments and is told what Direct Line cannot do', async () => {
  const { id, web } = await conversation();
  const client = new ConnectorClient(
    new FetchCredentials(contoso.bot, `${sandbox.url}/botframework.com`, 'https://api.botframework.com'),
    { baseUri: connector },
  );
  const members = await client.conversations.getConversationMembers(id);
  expect(members.map((member) => member.id)).toEqual(['dl_visitor', contoso.bot.appId]);
  expect((await client.conversations.getConversationPagedMembers(id)).members).toHaveLength(2);
  expect(await client.conversations.getConversationMember(id, 'dl_visitor')).toMatchObject({ name: 'Dana Fox' });
  const bytes = Uint8Array.from([1, 2, 3]);
  const { id: file } = await client.conversations.uploadAttachment(id, {
    type: 'image/png',
    name: 'a.png',
    originalBase64: bytes,
    thumbnailBase64: bytes,
  });
  expect(await client.attachments.getAttachmentInfo(file)).toMatchObject({
    name: 'a.png',
    type: 'image/png',
    views: [{ viewId: 'original', size: 3 }],
  });
  const shown = await fetch(`${connector}/v3/attachments/${file}/views/original`);
  expect([shown.headers.get('content-type'), shown.headers.get('x-content-type-options')]).toEqual([
    'image/png',
    'nosniff',
  ]);
  expect(new Uint8Array(await shown.arrayBuffer())).toEqual(bytes);
  await expect(client.conversations.updateActivity(id, '1', { type: 'message', text: 'x' })).rejects.toMatchObject({
    statusCode: 405,
  });
  expect(web.texts()).toHaveLength(2);
});

test('A dropped reply reaches nobody, a failed one is refused, a cut one arrives although the bot hears no answer', async () => {
  const { id, web } = await conversation();
  const bearer = await mint(contoso.bot.appId);
  const speak = (text: string) =>
    call('POST', `${connector}/v3/conversations/${id}/activities`, { bearer, body: { type: 'message', text } });
  sandbox.channels.faults.dropReplies = 1;
  expect((await speak('dropped')).status).toBe(200);
  await call('PUT', `${sandbox.url}/channels/faults`, { body: { failReplies: 1, failStatus: 429, unknown: 3 } });
  expect((await speak('refused')).status).toBe(429);
  sandbox.channels.faults.cutReplies = 1;
  await expect(speak('cut')).rejects.toThrow();
  sandbox.channels.faults.delayReplies = 50;
  const before = performance.now();
  expect((await speak('late')).status).toBe(200);
  expect(performance.now() - before).toBeGreaterThan(45);
  await eventually(() => expect(web.texts().slice(2)).toEqual(['cut', 'late']));
});

test('A bot that keeps a reference speaks after the sandbox forgot nothing but its sockets', async () => {
  const { id, web } = await conversation();
  const { serviceUrl, channelId, recipient, from } = bot.heard.at(-1)!;
  sandbox.channels.breakSockets();
  const adapter = bot.connect(sandbox.url);
  await adapter.continueConversationAsync(
    contoso.bot.appId,
    { serviceUrl, channelId, bot: recipient, user: from, conversation: { id } as never },
    async (context: TurnContext) => {
      for (const text of ['1', '2', '3']) await context.sendActivity(text);
    },
  );
  await eventually(() => expect(web.texts().slice(2)).toEqual(['1', '2', '3']));
}, 15_000);
