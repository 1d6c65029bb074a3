import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TurnContext } from 'botbuilder';
import { TeamsInfo } from 'botbuilder';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { contoso, fabrikam } from '../src/seed.ts';
import { startSandbox } from '../src/server.ts';
import type { Sandbox, SandboxOptions } from '../src/server.ts';
import { call, eventually, startBot } from './channels-support.ts';
import type { TestBot } from './channels-support.ts';

let bot: TestBot;
let sandbox: Sandbox;
const objectId = '11111111-2222-4333-8444-555555555555';

async function start(options: SandboxOptions = {}): Promise<void> {
  sandbox = await startSandbox({ port: 0, messagingEndpoints: { [contoso.bot.appId]: bot.endpoint }, ...options });
  bot.connect(sandbox.url);
}

beforeEach(async () => {
  bot = await startBot();
  await start();
});

afterEach(async () => {
  await sandbox.close();
  await bot.close();
});

async function chat() {
  const { status, body } = await call('POST', `${sandbox.url}/teams/conversations`, {
    body: { bot: contoso.bot.appId, from: { name: 'Dana Fox', aadObjectId: objectId } },
  });
  expect(status).toBe(201);
  const place = `${sandbox.url}/teams/conversations/${encodeURIComponent(body.id)}/messages`;
  return {
    id: body.id as string,
    say: async (text: string) => (await call('POST', place, { body: { text } })).body.id as string,
    read: async (after = 0) =>
      (await call('GET', `${place}?after=${after}`)).body as { messages: Record<string, any>[]; next: number },
    texts: async () => ((await call('GET', place)).body.messages as { text: string }[]).map(({ text }) => text),
  };
}

test('A Teams message reaches the bot as from Teams, and what the bot says is shown', async () => {
  const { id, say, read } = await chat();
  const said = await say('hello');
  await eventually(async () => expect((await read()).messages).toHaveLength(2));
  const { messages, next } = await read();
  expect(messages).toMatchObject([
    { id: said, text: 'hello', from: { name: 'Dana Fox', aadObjectId: objectId } },
    { text: 'You said: hello', from: { id: `28:${contoso.bot.appId}`, name: 'Contoso assistant', role: 'bot' } },
  ]);
  expect((await read(next)).messages).toEqual([]);
  expect(bot.heard.map(({ type }) => type)).toEqual(['conversationUpdate', 'message']);
  expect(bot.heard[1]).toMatchObject({
    id: said,
    channelId: 'msteams',
    from: { id: expect.stringMatching(/^29:/), name: 'Dana Fox', aadObjectId: objectId },
    recipient: { id: `28:${contoso.bot.appId}` },
    conversation: { id, conversationType: 'personal', tenantId: contoso.tid },
    channelData: { tenant: { id: contoso.tid } },
    serviceUrl: `${sandbox.url}/connector`,
  });
  await eventually(async () => expect((await read()).messages[0]).toMatchObject({ delivery: 'delivered' }));
});

test('The first message to an unknown chat opens it', async () => {
  const place = `${sandbox.url}/teams/conversations/my-chat/messages`;
  expect((await call('POST', place, { body: { text: 'hi', from: { name: 'Dana Fox' } } })).status).toBe(201);
  await eventually(() => expect(bot.messages()).toEqual(['hi']));
  expect((await call('POST', place, { body: { from: { name: 'Dana Fox' } } })).status).toBe(400);
  expect((await call('GET', `${sandbox.url}/teams/conversations/none/messages`)).status).toBe(404);
});

test('A message that the bot does not answer in time is sent again as the same activity', async () => {
  await sandbox.close();
  await start({ channels: { teamsResendAfterMs: 100, teamsAttempts: 3 } });
  let release = () => {};
  const stuck = new Promise<void>((resolve) => (release = resolve));
  bot.does(async (context) => {
    if (context.activity.type === 'message' && bot.messages().length === 1) await stuck;
  });
  const { say, read } = await chat();
  const id = await say('once');
  await eventually(() => expect(bot.messages()).toEqual(['once', 'once']));
  await eventually(async () => expect((await read()).messages[0]).toMatchObject({ delivery: 'delivered' }));
  release();
  const [, first, second, ...rest] = bot.heard;
  expect([first?.id, second?.id, first?.timestamp]).toEqual([id, id, second?.timestamp]);
  expect(rest).toEqual([]);
  expect((await read()).messages).toHaveLength(1);
});

test('A message that a bot refuses, or never answers, is shown as failed', async () => {
  await sandbox.close();
  await start({ channels: { teamsResendAfterMs: 50, teamsAttempts: 2 } });
  const { say, read } = await chat();
  sandbox.channels.faults.dropDeliveries = 1;
  await say('lost');
  await eventually(async () => expect((await read()).messages[0]).toMatchObject({ delivery: 'failed' }));
  let release = () => {};
  bot.does(() => new Promise((resolve) => (release = resolve)));
  await say('ignored');
  await eventually(async () => expect((await read()).messages[1]).toMatchObject({ delivery: 'failed' }));
  expect(bot.messages()).toEqual(['ignored', 'ignored']);
  release();
});

test('An event, such as a handoff, is refused with 400 and shown to nobody', async () => {
  const refusals: unknown[] = [];
  bot.does(async (context) => {
    if (context.activity.type !== 'message') return;
    for (const type of ['event', 'handoff', 'endOfConversation']) {
      await context
        .sendActivity({ type, name: 'handoff.initiate', value: {} })
        .catch((error: { statusCode: number; code: string }) => refusals.push([error.statusCode, error.code]));
    }
    await context.sendActivity('still here');
  });
  const { say, texts } = await chat();
  await say('human please');
  await eventually(async () => expect(await texts()).toEqual(['human please', 'still here']));
  expect(refusals).toEqual([
    [400, 'BadSyntax'],
    [400, 'BadSyntax'],
    [400, 'BadSyntax'],
  ]);
});

test('A bot edits and deletes what it said, never what a person said, and readers see the change', async () => {
  const refusals: number[] = [];
  bot.does(async (context) => {
    if (context.activity.text === 'go') {
      const sent = await context.sendActivity('draft');
      await context.updateActivity({ type: 'message', id: sent!.id, text: 'final' });
    }
    if (context.activity.text === 'mine') {
      await context
        .updateActivity({ type: 'message', id: context.activity.id!, text: 'forged' })
        .catch((error: { statusCode: number }) => refusals.push(error.statusCode));
      await context
        .deleteActivity(context.activity.id!)
        .catch((error: { statusCode: number }) => refusals.push(error.statusCode));
    }
    if (context.activity.text === 'stop') {
      const sent = await context.sendActivity('oops');
      await context.deleteActivity(sent!.id);
    }
  });
  const { say, read } = await chat();
  await say('go');
  await eventually(async () => expect((await read()).messages[1]).toMatchObject({ text: 'final', edited: true }));
  const { next } = await read();
  await say('stop');
  await eventually(async () => expect((await read(next)).messages[1]).toMatchObject({ deleted: true }));
  expect((await read()).messages.map(({ text }) => text)).not.toContain('oops');
  await say('mine');
  await eventually(() => expect(refusals).toEqual([403, 403]));
  expect((await read()).messages.at(-1)).toMatchObject({ text: 'mine' });
});

test('A bot opens the chat of a person who has added it, and speaks there; of nobody else', async () => {
  const { id, texts } = await chat();
  await eventually(() => expect(bot.heard).toHaveLength(1));
  const adapter = bot.connect(sandbox.url);
  const create = (member: string) =>
    adapter.createConversationAsync(
      contoso.bot.appId,
      'msteams',
      `${sandbox.url}/connector`,
      'https://api.botframework.com',
      {
        isGroup: false,
        bot: { id: contoso.bot.appId, name: '' },
        members: [{ id: member, name: '' }],
        tenantId: contoso.tid,
        channelData: { tenant: { id: contoso.tid } },
      },
      async (context: TurnContext) => {
        expect(context.activity.conversation.id).toBe(id);
        await context.sendActivity('A consultant is here');
      },
    );
  await create(bot.heard[0]!.from.id);
  expect(await texts()).toEqual(['A consultant is here']);
  await expect(create('29:stranger')).rejects.toMatchObject({ statusCode: 403 });
  const foreign = await call('POST', `${sandbox.url}/connector/v3/conversations`, {
    bearer: await sandbox.connectorKeys.mintBotToken({ appId: fabrikam.bot.appId }),
    body: { members: [{ id: bot.heard[0]!.from.id }] },
  });
  expect(foreign.status).toBe(403);
});

test('TeamsInfo tells the bot who writes', async () => {
  const found: unknown[] = [];
  bot.does(async (context) => {
    if (context.activity.type === 'message') found.push(await TeamsInfo.getMember(context, context.activity.from.id));
  });
  const { say } = await chat();
  await say('who am I?');
  await eventually(() => expect(found).toHaveLength(1));
  expect(found[0]).toMatchObject({
    name: 'Dana Fox',
    givenName: 'Dana',
    surname: 'Fox',
    aadObjectId: objectId,
    tenantId: contoso.tid,
    email: 'dana.fox@people.example',
  });
});

test('A Teams chat outlives a restart, and the same person comes back to the same chat', async () => {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'sandbox-teams-'));
  await sandbox.close();
  await start({ dataDirectory });
  const first = await chat();
  await first.say('before');
  await eventually(async () => expect(await first.texts()).toEqual(['before', 'You said: before']));
  await sandbox.close();
  await start({ dataDirectory });
  const again = await chat();
  expect(again.id).toBe(first.id);
  await again.say('after');
  await eventually(async () =>
    expect(await again.texts()).toEqual(['before', 'You said: before', 'after', 'You said: after']),
  );
  await sandbox.close();
  await start();
  await rm(dataDirectory, { recursive: true, force: true });
});

test('The chat page comes with a policy that lets only its own script run', async () => {
  for (const [path, type] of [
    ['', 'text/html'],
    ['chat.js', 'text/javascript'],
    ['chat.css', 'text/css'],
  ] as const) {
    const response = await fetch(`${sandbox.url}/teams/${path}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain(type);
    expect(response.headers.get('content-security-policy')).toContain("script-src 'self'");
  }
});
