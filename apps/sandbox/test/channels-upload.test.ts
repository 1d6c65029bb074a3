import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { contoso } from '../src/seed.ts';
import { startSandbox } from '../src/server.ts';
import type { Sandbox } from '../src/server.ts';
import { call, directLineClient, startBot } from './channels-support.ts';
import type { TestBot } from './channels-support.ts';

let bot: TestBot;
let sandbox: Sandbox;
let root: string;
let directory: string;
let clock = 0;

beforeEach(async () => {
  clock = Date.now();
  directory = await mkdtemp(join(tmpdir(), 'sandbox-uploads-'));
  bot = await startBot();
  bot.does(async () => {});
  sandbox = await startSandbox({
    port: 0,
    now: () => clock,
    dataDirectory: directory,
    messagingEndpoints: { [contoso.bot.appId]: bot.endpoint },
  });
  root = `${sandbox.url}/v3/directline`;
  bot.connect(sandbox.url);
});

afterEach(async () => {
  await sandbox.close();
  await bot.close();
  await rm(directory, { recursive: true, force: true });
});

async function open(user?: { id: string }) {
  const generated = await call('POST', `${root}/tokens/generate`, {
    bearer: contoso.bot.directLineSecret,
    ...(user && { body: { user } }),
  });
  const { body } = await call('POST', `${root}/conversations`, { bearer: generated.body.token });
  return body as { token: string; conversationId: string };
}

async function upload(
  { token, conversationId }: { token: string; conversationId: string },
  body: string | FormData | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
  userId = 'v',
) {
  return fetch(`${root}/conversations/${conversationId}/upload?userId=${userId}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, ...headers },
    body,
  });
}

async function attachments({ token, conversationId }: { token: string; conversationId: string }) {
  const { body } = await call('GET', `${root}/conversations/${conversationId}/activities`, { bearer: token });
  return body.activities.at(-1).attachments as { contentType: string; contentUrl: string; name: string }[];
}

test('A file sent with DirectLineJS reaches the bot as an attachment that can be fetched, with its text', async () => {
  const chat = await open({ id: 'dl_visitor' });
  await upload(chat, 'first', {
    'content-type': 'text/plain',
    'content-disposition': 'name="file"; filename="source.txt"',
  });
  const [source] = await attachments(chat);
  const web = directLineClient(root, { token: chat.token });
  const id = await web.client
    .postActivity({
      type: 'message',
      text: 'see',
      from: { id: 'dl_visitor' },
      attachments: [{ contentType: 'text/plain', contentUrl: source!.contentUrl, name: 'copy.txt' }],
    })
    .toPromise();
  web.close();
  const heard = bot.heard.at(-1)!;
  expect(heard).toMatchObject({ id, text: 'see', from: { id: 'dl_visitor' } });
  expect(heard.attachments).toMatchObject([{ name: 'copy.txt', contentType: 'text/plain' }]);
  expect(await (await fetch(heard.attachments![0]!.contentUrl!)).text()).toBe('first');
});

test('Several files travel with one activity, which keeps its cards', async () => {
  const chat = await open();
  const form = new FormData();
  const card = { contentType: 'application/vnd.microsoft.card.hero', content: { title: 'Card' } };
  form.append(
    'activity',
    new Blob([JSON.stringify({ type: 'message', text: 'two', from: { id: 'v' }, attachments: [card] })], {
      type: 'application/vnd.microsoft.activity',
    }),
  );
  form.append('file', new Blob(['a'], { type: 'image/png' }), 'a.png');
  form.append('file', new Blob(['b'], { type: 'image/png' }), 'b.png');
  expect((await upload(chat, form)).status).toBe(200);
  expect((await attachments(chat)).map(({ name, contentType }) => name ?? contentType)).toEqual([
    'application/vnd.microsoft.card.hero',
    'a.png',
    'b.png',
  ]);
});

test('A file is served so that it cannot run: no sniffing, sandboxed, dangerous types only as a download', async () => {
  const chat = await open();
  for (const [contentType, disposition, served] of [
    ['text/html', /^attachment;/, 'application/octet-stream'],
    ['image/svg+xml', /^attachment;/, 'application/octet-stream'],
    ['image/png', /^inline;/, 'image/png'],
  ] as const) {
    await upload(chat, '<script>alert(1)</script>', {
      'content-type': contentType,
      'content-disposition': `name="file"; filename="ev'il;.html"`,
    });
    const response = await fetch((await attachments(chat))[0]!.contentUrl);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(served);
    expect(response.headers.get('content-disposition')).toMatch(disposition);
    expect(response.headers.get('content-disposition')).toContain('ev%27il%3B.html');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
  }
});

test('A file is gone from the service and the disk after 24 h', async () => {
  const chat = await open();
  await upload(chat, 'x', { 'content-type': 'text/plain' });
  const [file] = await attachments(chat);
  const onDisk = async () =>
    (await readdir(join(directory, 'channels', 'files'))).filter((name) => name.endsWith('.bin'));
  clock += 24 * 3_600_000 - 60_000;
  expect((await fetch(file!.contentUrl)).status).toBe(200);
  expect(await onDisk()).toHaveLength(1);
  clock += 60_000;
  expect((await fetch(file!.contentUrl)).status).toBe(404);
  expect(await onDisk()).toEqual([]);
});

test('An upload is refused when it is too big, empty, from nobody, or for another conversation', async () => {
  const chat = await open();
  const big = await upload(chat, new Uint8Array(4 * 1024 * 1024 + 1), { 'content-type': 'image/png' });
  expect(big.status).toBe(413);
  expect(await big.json()).toMatchObject({ error: { code: 'MessageSizeTooBig' } });
  const form = new FormData();
  form.append('file', new Blob([new Uint8Array(4 * 1024 * 1024 + 1)]), 'big.bin');
  expect((await upload(chat, form)).status).toBe(413);
  expect((await upload(chat, new FormData())).status).toBe(400);
  expect((await upload(chat, 'x', { 'content-type': 'text/plain' }, '')).status).toBe(400);
  expect(
    (await upload({ ...(await open()), conversationId: chat.conversationId }, 'x', { 'content-type': 'text/plain' }))
      .status,
  ).toBe(403);
});
