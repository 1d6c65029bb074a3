import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TurnContext } from 'botbuilder';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { contoso, fabrikam } from '../src/seed.ts';
import { startSandbox } from '../src/server.ts';
import type { Sandbox, SandboxOptions } from '../src/server.ts';
import { call, directLineClient, eventually, startBot } from './channels-support.ts';
import type { TestBot } from './channels-support.ts';

let bot: TestBot;
let sandbox: Sandbox;
let root: string;
let clock = 0;
const closing: (() => unknown)[] = [];
const secret = contoso.bot.directLineSecret;

async function start(options: SandboxOptions = {}): Promise<void> {
  const messagingEndpoints = { [contoso.bot.appId]: bot.endpoint };
  sandbox = await startSandbox({ port: 0, now: () => clock, messagingEndpoints, ...options });
  root = `${sandbox.url}/v3/directline`;
  bot.connect(sandbox.url);
}

beforeEach(async () => {
  clock = Date.now();
  bot = await startBot();
  await start();
});

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await sandbox.close();
  await bot.close();
});

async function generate(user?: { id: string; name?: string }) {
  const { status, body } = await call('POST', `${root}/tokens/generate`, {
    bearer: secret,
    ...(user && { body: { user } }),
  });
  expect(status).toBe(200);
  return body as { token: string; conversationId: string; expires_in: number };
}

async function open(user?: { id: string; name?: string }) {
  const { token } = await generate(user);
  const { status, body } = await call('POST', `${root}/conversations`, { bearer: token });
  expect(status).toBe(201);
  return body as { token: string; conversationId: string; streamUrl: string; expires_in: number };
}

function connect(options: Parameters<typeof directLineClient>[1]) {
  const client = directLineClient(root, options);
  closing.push(client.close);
  return client;
}

const history = async (id: string, token: string, watermark?: string) =>
  (
    await call(
      'GET',
      `${root}/conversations/${id}/activities${watermark === undefined ? '' : `?watermark=${watermark}`}`,
      { bearer: token },
    )
  ).body;

test('Text travels both ways between DirectLineJS and a CloudAdapter bot with authentication on', async () => {
  const { token } = await generate({ id: 'dl_visitor', name: 'Dana Fox' });
  const web = connect({ token });
  const id = await web.say('hello');
  expect(id).toMatch(/^[0-9a-f]{32}\|\d{7}$/);
  await eventually(() => expect(web.texts()).toEqual(['hello', 'You said: hello']));
  const [mine, answer] = web.received;
  expect(mine).toMatchObject({ id, from: { id: 'dl_visitor', name: 'Dana Fox' } });
  expect(answer).toMatchObject({
    from: { id: contoso.bot.appId, name: 'Contoso assistant', role: 'bot' },
    replyToId: id,
  });
  expect(bot.heard.at(-1)).toMatchObject({
    channelId: 'directline',
    serviceUrl: `${sandbox.url}/connector`,
    recipient: { id: contoso.bot.appId },
    callerId: 'urn:botframework:azure',
  });
});

test('A starting conversation announces the bot and the known person to the bot', async () => {
  const { conversationId } = await open({ id: 'dl_visitor' });
  await eventually(() => expect(bot.heard).toHaveLength(1));
  expect(bot.heard[0]).toMatchObject({ type: 'conversationUpdate', conversation: { id: conversationId } });
  expect(bot.heard[0]?.membersAdded?.map(({ id }) => id)).toEqual([contoso.bot.appId, 'dl_visitor']);
});

test('A person who was not known at the start is announced before their first message', async () => {
  const { conversationId, token } = await open();
  await call('POST', `${root}/conversations/${conversationId}/activities`, {
    bearer: token,
    body: { type: 'message', text: 'hi', from: { id: 'visitor' } },
  });
  expect(bot.heard.map(({ type, membersAdded }) => membersAdded?.map(({ id }) => id) ?? type)).toEqual([
    [contoso.bot.appId],
    ['visitor'],
    'message',
  ]);
});

test('A bot speaks unasked with continueConversationAsync', async () => {
  const web = connect({ token: (await generate()).token });
  await web.say('hello');
  const { serviceUrl, conversation, channelId, recipient, from } = bot.heard.at(-1)!;
  const reference = { serviceUrl, conversation, channelId, bot: recipient, user: from };
  const adapter = bot.connect(sandbox.url);
  await adapter.continueConversationAsync(contoso.bot.appId, reference, async (context: TurnContext) => {
    await context.sendActivity('A consultant is here');
  });
  await eventually(() => expect(web.texts()).toEqual(['hello', 'You said: hello', 'A consultant is here']));
});

test('A client whose socket breaks comes back with its watermark and sees each message once', async () => {
  const { token } = await generate();
  const web = connect({ token });
  await web.say('one');
  await eventually(() => expect(web.texts()).toHaveLength(2));
  expect(sandbox.channels.breakSockets()).toBe(1);
  await web.say('two');
  await eventually(() => expect(web.texts()).toEqual(['one', 'You said: one', 'two', 'You said: two']));
  await web.say('three');
  await eventually(() => expect(web.texts().slice(4)).toEqual(['three', 'You said: three']));
  expect(new Set(web.received.map(({ id }) => id)).size).toBe(web.received.length);
}, 15_000);

test('A client without sockets polls the same history', async () => {
  const web = connect({ token: (await generate()).token, webSocket: false, pollingInterval: 200 });
  await web.say('hello');
  await eventually(() => expect(web.texts()).toEqual(['hello', 'You said: hello']));
});

test('Pages of history replay every activity once, until an empty page that keeps the watermark', async () => {
  const { conversationId, token } = await open();
  bot.does(async () => {});
  for (let number = 1; number <= 205; number += 1) {
    await call('POST', `${root}/conversations/${conversationId}/activities`, {
      bearer: token,
      body: { type: 'message', text: String(number), from: { id: 'v' } },
    });
  }
  const texts: string[] = [];
  let page = await history(conversationId, token);
  while (page.activities.length > 0) {
    texts.push(...page.activities.map((activity: { text: string }) => activity.text));
    const { watermark } = page;
    page = await history(conversationId, token, watermark);
    if (page.activities.length === 0) expect(page.watermark).toBe(watermark);
  }
  expect(texts).toEqual(Array.from({ length: 205 }, (_, index) => String(index + 1)));
}, 20_000);

test('Reconnecting replays after the watermark; without one only what is new; an empty one replays all', async () => {
  const { conversationId, token } = await open();
  const say = (text: string) =>
    call('POST', `${root}/conversations/${conversationId}/activities`, {
      bearer: token,
      body: { type: 'message', text, from: { id: 'v' } },
    });
  bot.does(async () => {});
  await say('one');
  const { watermark } = await history(conversationId, token);
  await say('two');
  const replayed = async (query: string) => {
    const { status, body } = await call('GET', `${root}/conversations/${conversationId}${query}`, { bearer: token });
    expect(status).toBe(200);
    expect(body).toMatchObject({ conversationId, token: expect.any(String) });
    const socket = new WebSocket(body.streamUrl);
    closing.push(() => socket.terminate());
    const texts: string[] = [];
    socket.on('message', (data) =>
      texts.push(...JSON.parse(String(data)).activities.map((activity: { text: string }) => activity.text)),
    );
    await once(socket, 'open');
    return texts;
  };
  const [after, none, empty] = [
    await replayed(`?watermark=${watermark}`),
    await replayed(''),
    await replayed('?watermark='),
  ];
  await say('three');
  await eventually(() => {
    expect(after).toEqual(['two', 'three']);
    expect(none).toEqual(['three']);
    expect(empty).toEqual(['one', 'two', 'three']);
  });
  expect((await call('GET', `${root}/conversations/${conversationId}?watermark=abc`, { bearer: token })).status).toBe(
    400,
  );
});

test('A live token is refreshed for the same conversation and person; a dead one is refused with TokenExpired', async () => {
  const { token, conversationId, expires_in } = await generate({ id: 'dl_visitor' });
  expect(expires_in).toBe(1800);
  clock += 1_700_000;
  const fresh = await call('POST', `${root}/tokens/refresh`, { bearer: token });
  expect(fresh.body).toMatchObject({ conversationId, expires_in: 1800 });
  expect(fresh.body.token).not.toBe(token);
  clock += 101_000;
  const expired = { status: 403, body: { error: { code: 'TokenExpired' } } };
  expect(await call('POST', `${root}/tokens/refresh`, { bearer: token })).toMatchObject(expired);
  expect(await call('POST', `${root}/conversations`, { bearer: token })).toMatchObject(expired);
  expect((await call('POST', `${root}/conversations`, { bearer: fresh.body.token })).body.conversationId).toBe(
    conversationId,
  );
});

test('A token starts its conversation once: the second start answers 200 with the same conversation', async () => {
  const { token, conversationId } = await generate();
  const first = await call('POST', `${root}/conversations`, { bearer: token });
  const second = await call('POST', `${root}/conversations`, { bearer: token });
  expect([first.status, second.status]).toEqual([201, 200]);
  expect([first.body.conversationId, second.body.conversationId]).toEqual([conversationId, conversationId]);
});

test('The holder of a bare token cannot name themselves as a person known by a token', async () => {
  const start = async (id: string) => {
    const { token, conversationId } = await generate();
    await call('POST', `${root}/conversations`, { bearer: token, body: { user: { id } } });
    await eventually(() => expect(bot.heard.at(-1)?.conversation.id).toBe(conversationId));
    return bot.heard.at(-1)?.membersAdded?.map((member) => member.id);
  };
  expect(await start('anna')).toEqual([contoso.bot.appId, 'anna']);
  expect(await start('dl_somebody_else')).toEqual([contoso.bot.appId]);
});

test('A token opens one conversation, and a secret only the conversations of its bot', async () => {
  const mine = await open();
  const other = await open();
  for (const path of ['', '/activities']) {
    expect(
      await call('GET', `${root}/conversations/${other.conversationId}${path}`, { bearer: mine.token }),
    ).toMatchObject({ status: 403, body: { error: { code: 'Forbidden' } } });
  }
  expect(
    (
      await call('POST', `${root}/conversations/${other.conversationId}/activities`, {
        bearer: mine.token,
        body: { type: 'message', from: { id: 'v' } },
      })
    ).status,
  ).toBe(403);
  expect(
    (
      await call('GET', `${root}/conversations/${mine.conversationId}/activities`, {
        bearer: fabrikam.bot.directLineSecret,
      })
    ).status,
  ).toBe(404);
  expect(
    (await call('GET', `${root}/conversations/${mine.conversationId}/activities`, { bearer: secret })).status,
  ).toBe(200);
  expect((await call('POST', `${root}/tokens/generate`, { bearer: mine.token })).status).toBe(403);
  expect((await call('POST', `${root}/tokens/generate`, { bearer: 'wrong' })).status).toBe(403);
  expect((await call('POST', `${root}/tokens/generate`)).status).toBe(401);
});

test('The user id of the token replaces whatever the client says it is', async () => {
  const { token, conversationId } = await open({ id: 'dl_real' });
  await call('POST', `${root}/conversations/${conversationId}/activities`, {
    bearer: token,
    body: { type: 'message', text: 'hi', from: { id: 'dl_forged' } },
  });
  expect((await history(conversationId, token)).activities[0].from.id).toBe('dl_real');
  expect(bot.heard.at(-1)?.from.id).toBe('dl_real');
  expect(
    (await call('POST', `${root}/tokens/generate`, { bearer: secret, body: { user: { id: 'anna' } } })).status,
  ).toBe(400);
});

test('A stream address opens a socket for 60 s and only for its own conversation', async () => {
  const { streamUrl } = await open();
  const other = await open();
  const refused = async (address: string) => {
    const socket = new WebSocket(address);
    const [, response] = await once(socket, 'unexpected-response');
    return response.statusCode as number;
  };
  expect(await refused(streamUrl.replace(/conversations\/[^/]+/, `conversations/${other.conversationId}`))).toBe(403);
  expect(await refused(streamUrl.replace(/t=.*/, `t=${other.token}`))).toBe(403);
  clock += 59_000;
  const socket = new WebSocket(streamUrl);
  await once(socket, 'open');
  socket.terminate();
  clock += 2_000;
  expect(await refused(streamUrl)).toBe(403);
});

test('Typing reaches the socket or the bot and is not kept', async () => {
  bot.does(async (context) => {
    if (context.activity.type === 'message')
      await context.sendActivities([{ type: 'typing' }, { type: 'message', text: 'done' }]);
  });
  const { token, conversationId } = await generate();
  const web = connect({ token });
  await web.say('work');
  await eventually(() => expect(web.received.map(({ type }) => type)).toEqual(['message', 'typing', 'message']));
  await web.client.postActivity({ type: 'typing', from: { id: 'dl_visitor' } }).toPromise();
  expect(bot.heard.at(-1)).toMatchObject({ type: 'typing', from: { id: 'dl_visitor' } });
  const { activities, watermark } = await history(conversationId, token);
  expect(activities.map(({ type }: { type: string }) => type)).toEqual(['message', 'message']);
  expect((web.client as unknown as { watermark: string }).watermark).toBe(watermark);
});

test('Empty frames keep an idle socket open', async () => {
  await sandbox.close();
  await start({ channels: { keepAliveMs: 20 } });
  const { streamUrl } = await open();
  const socket = new WebSocket(streamUrl);
  closing.push(() => socket.terminate());
  const [frame] = await once(socket, 'message');
  expect(String(frame)).toBe('');
});

test('An event of a bot reaches the client as it was sent', async () => {
  bot.does(async (context) => {
    if (context.activity.type === 'message')
      await context.sendActivity({ type: 'event', name: 'handoff.status', value: { state: 'accepted' } });
  });
  const web = connect({ token: (await generate()).token });
  await web.say('human please');
  await eventually(() =>
    expect(web.received.at(-1)).toMatchObject({ type: 'event', name: 'handoff.status', value: { state: 'accepted' } }),
  );
});

test('A message that the bot rejects is answered with 502 BotRejectedActivity', async () => {
  const { token, conversationId } = await open();
  const say = () =>
    call('POST', `${root}/conversations/${conversationId}/activities`, {
      bearer: token,
      body: { type: 'message', text: 'x', from: { id: 'v' } },
    });
  bot.does(async () => {
    throw new Error('broken bot');
  });
  expect(await say()).toMatchObject({ status: 502, body: { error: { code: 'BotRejectedActivity' } } });
  sandbox.channels.faults.dropDeliveries = 1;
  expect((await say()).status).toBe(502);
  await bot.close();
  expect((await say()).status).toBe(502);
});

test('A bot that does not answer in time costs its sender a 502', async () => {
  await sandbox.close();
  await start({ channels: { botTimeoutMs: 100 } });
  const { token, conversationId } = await open();
  await eventually(() => expect(bot.answers).toEqual([200]));
  let release = () => {};
  bot.does(() => new Promise((resolve) => (release = resolve)));
  const answer = await call('POST', `${root}/conversations/${conversationId}/activities`, {
    bearer: token,
    body: { type: 'message', text: 'x', from: { id: 'v' } },
  });
  release();
  expect(answer).toMatchObject({
    status: 502,
    body: { error: { code: 'BotRejectedActivity', message: 'Failed to send activity: bot timed out' } },
  });
});

test('What is no activity or comes from nobody is refused with 400, what is over 256 KiB with 413', async () => {
  const { token, conversationId } = await open();
  for (const body of [{}, { type: 'message' }, [], { type: 'message', from: {} }, { type: 1, from: { id: 'v' } }]) {
    expect(
      await call('POST', `${root}/conversations/${conversationId}/activities`, { bearer: token, body }),
    ).toMatchObject({ status: 400, body: { error: { code: 'BadArgument' } } });
  }
  const big = { type: 'message', text: 'x'.repeat(256 * 1024), from: { id: 'v' } };
  expect(
    await call('POST', `${root}/conversations/${conversationId}/activities`, { bearer: token, body: big }),
  ).toMatchObject({ status: 413, body: { error: { code: 'MessageSizeTooBig' } } });
  expect((await call('GET', `${root}/nothing`, { bearer: token })).body).toMatchObject({ error: { code: 'NotFound' } });
});

test('A conversation and its tokens outlive a restart of the sandbox', async () => {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'sandbox-channels-'));
  closing.push(() => rm(dataDirectory, { recursive: true, force: true }));
  await sandbox.close();
  await start({ dataDirectory });
  const { token, conversationId } = await open({ id: 'dl_visitor' });
  const say = (text: string) =>
    call('POST', `${root}/conversations/${conversationId}/activities`, {
      bearer: token,
      body: { type: 'message', text },
    });
  await say('before');
  const before = await history(conversationId, token);
  await sandbox.close();
  await start({ dataDirectory });
  expect(await history(conversationId, token)).toEqual(before);
  expect((await say('after')).status).toBe(200);
  const { activities } = await history(conversationId, token, before.watermark);
  expect(activities.map(({ text }: { text: string }) => text)).toEqual(['after', 'You said: after']);
  expect(new Set([...before.activities, ...activities].map(({ id }) => id)).size).toBe(4);
});

test('A browser of any origin may call, and gets a session id with a cookie', async () => {
  const { token } = await generate();
  const preflight = await fetch(`${root}/conversations`, {
    method: 'OPTIONS',
    headers: {
      origin: 'https://shop.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,x-ms-bot-agent',
    },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('access-control-allow-origin')).toBe('https://shop.example');
  expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization,x-ms-bot-agent');
  const session = await call('GET', `${root}/session/getsessionid`, { bearer: token });
  expect(session.body.sessionId).toMatch(/^[\w-]{32}$/);
  expect(session.headers.get('set-cookie')).toContain(`webchat_session_v2=${session.body.sessionId}`);
  expect(session.headers.get('cache-control')).toBe('no-store');
});
