import { mkdtemp, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { botOf, person, startDesk, type BotCaller, type TestDesk } from '@parley/testkit';
import type { ConversationView } from '@parley/contracts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  browserHost,
  createDesk,
  DeskError,
  memoryStorage,
  type Desk,
  type DeskOptions,
  type DeskStorage,
} from '../src/index.ts';
import { startLine, type Line } from './line.ts';

const ana = 'ana@contoso.example';
const patience = { timeout: 12_000, interval: 50 };

let directory: string;
let storeKey: string;
let real: TestDesk;
let line: Line;
let bot: BotCaller;
let opened: Desk[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'parley-'));
  storeKey = randomBytes(32).toString('base64');
  real = await startDesk({ store: 'sqlite', directory, storeKey });
  line = await startLine(portOf(real));
  bot = botOf(real, 'contoso');
  opened = [];
});
afterEach(async () => {
  for (const desk of opened) await desk.stop();
  await line.close();
  await real.close();
  await rm(directory, { recursive: true, force: true });
});

async function signIn(over: Partial<DeskOptions> = {}): Promise<Desk> {
  const desk = createDesk({
    url: line.url,
    token: () => real.token(ana),
    backOff: { first: 20, cap: 100 },
    timeout: 1_000,
    ...over,
  });
  opened.push(desk);
  desk.start();
  await isLive(desk);
  return desk;
}

const isLive = (desk: Desk) => vi.waitFor(() => expect(desk.connection.getSnapshot().state).toBe('live'), patience);

async function held(desk: Desk): Promise<string> {
  await bot.say('user', 'recovery', 'my card is gone');
  const { conversation: id } = await bot.escalate('recovery');
  await desk.command(id, 'claim', {});
  desk.open(id);
  await vi.waitFor(() => expect(desk.conversation(id).getSnapshot().status).toBe('ready'));
  return id;
}

const epochOf = (desk: Desk, id: string) => desk.conversation(id).getSnapshot().log?.head.epoch ?? 0;
const reply = (desk: Desk, id: string, text: string) => ({
  conversation: id,
  kind: 'reply' as const,
  text,
  epoch: epochOf(desk, id),
});

/** What is on screen equals a fresh read. */
async function inStep(desk: Desk, id: string): Promise<void> {
  await vi.waitFor(async () => {
    const { body } = await person(real, ana).get<ConversationView>(`/v1/conversations/${id}`);
    expect(desk.conversation(id).getSnapshot().log?.entries).toEqual(body.entries);
  }, patience);
}

async function saidByAna(id: string): Promise<string[]> {
  const { body } = await person(real, ana).get<ConversationView>(`/v1/conversations/${id}`);
  return body.entries.flatMap((entry) => (entry.kind === 'message' && entry.by.type === 'person' ? [entry.text] : []));
}

test('Y6 when the machine has slept, the desk is dialled at once: the wall clock has outrun the steady one', async () => {
  let slept = 0;
  const desk = await signIn({ host: { ...browserHost, now: () => Date.now() + slept } });
  const id = await held(desk);
  line.stall();
  await bot.say('user', 'recovery', 'are you there?');
  const begun = performance.now();
  slept = 600_000;
  await inStep(desk, id);
  // The watchdog alone takes thirty seconds.
  expect(performance.now() - begun).toBeLessThan(8_000);
});

test('Y6 on another network the socket is asked for a sign of life, and replaced when it gives none', async () => {
  const desk = await signIn();
  const id = await held(desk);
  const since = () => {
    const state = desk.connection.getSnapshot();
    return state.state === 'live' ? state.since : undefined;
  };
  const before = since();
  desk.wake(true);
  await person(real, ana).get('/v1/session');
  expect(since()).toBe(before);

  line.stall();
  await bot.say('user', 'recovery', 'are you there?');
  desk.wake(true);
  await vi.waitFor(() => expect(since()).not.toBe(before), patience);
  await inStep(desk, id);
});

test('Y18 Y7 the desk restarts: screens come back by themselves, and what was written meanwhile goes out once', async () => {
  const desk = await signIn();
  const id = await held(desk);
  await real.close();
  for (const text of ['one', 'two']) void desk.say(reply(desk, id, text));
  desk.drafts.set(id, { text: 'three, ha', mode: 'reply' });
  await vi.waitFor(() => expect(desk.connection.getSnapshot().state).toBe('reconnecting'), patience);
  real = await startDesk({ store: 'sqlite', directory, storeKey });
  bot = botOf(real, 'contoso');
  line.moveTo(portOf(real));
  await isLive(desk);
  await vi.waitFor(() => expect(desk.outbox.items.getSnapshot()).toEqual([]), patience);
  expect(await saidByAna(id)).toEqual(['one', 'two']);
  await vi.waitFor(() => expect(desk.drafts.items.getSnapshot().get(id)?.state).toBe('saved'), patience);
  await bot.say('user', 'recovery', 'thank you');
  await inStep(desk, id);
});

test('Y13 a sign-in that only the person can renew loses nothing: it is said, and what waits goes out afterwards', async () => {
  let isDead = false;
  const desk = await signIn({
    token: async () => {
      if (isDead) throw new DeskError('unauthenticated');
      return real.token(ana);
    },
  });
  const id = await held(desk);
  isDead = true;
  line.cut();
  line.mend();
  await vi.waitFor(
    () => expect(desk.connection.getSnapshot()).toMatchObject({ state: 'reconnecting', reason: 'sign-in' }),
    patience,
  );
  for (const text of ['one', 'two', 'three']) await desk.say(reply(desk, id, text));
  desk.drafts.set(id, { text: 'half a sen', mode: 'reply' });
  await bot.say('user', 'recovery', 'still there?');
  expect(desk.outbox.items.getSnapshot()).toHaveLength(3);
  isDead = false;
  desk.wake();
  await isLive(desk);
  await vi.waitFor(() => expect(desk.outbox.items.getSnapshot()).toEqual([]), patience);
  expect(await saidByAna(id)).toEqual(['one', 'two', 'three']);
  await vi.waitFor(() =>
    expect(desk.drafts.items.getSnapshot().get(id)).toMatchObject({ text: 'half a sen', state: 'saved' }),
  );
  await inStep(desk, id);
});

test('Y8 a draft is spent once its message is written down, and what was typed meanwhile stays', async () => {
  const kept = memoryStorage();
  let gate: Promise<unknown> = Promise.resolve();
  const storage: DeskStorage = { ...kept, write: (records) => gate.then(() => kept.write(records)) };
  const desk = await signIn({ storage });
  const id = await held(desk);
  const draft = () => desk.drafts.items.getSnapshot().get(id)?.text ?? '';
  desk.drafts.set(id, { text: 'Your card is blocked.', mode: 'reply' });
  await vi.waitFor(() => expect(desk.drafts.items.getSnapshot().get(id)?.state).toBe('saved'));

  const written = Promise.withResolvers<void>();
  gate = written.promise;
  const saying = desk.say(reply(desk, id, 'Your card is blocked.'));
  expect(desk.outbox.items.getSnapshot()).toHaveLength(1);
  expect(draft()).toBe('Your card is blocked.');
  desk.drafts.set(id, { text: 'Your card is blocked. And', mode: 'reply' });
  written.resolve();
  expect(await saying).toBe(true);
  expect(draft()).toBe(' And');
  await vi.waitFor(async () => expect(await saidByAna(id)).toEqual(['Your card is blocked.']), patience);
});

function portOf({ url }: TestDesk): number {
  return Number(new URL(url).port);
}
