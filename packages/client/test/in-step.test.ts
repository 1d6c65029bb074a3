import { botOf, person, startDesk, type BotCaller, type Caller, type TestDesk } from '@parley/testkit';
import type { ConversationView } from '@parley/contracts';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { connectSignalR, createDesk, isBehind, select, viewerOf, type Desk } from '../src/index.ts';
import { startLine, type Line } from './line.ts';

const ana = 'ana@contoso.example';
const lukas = 'lukas@contoso.example';

let real: TestDesk;
let line: Line;
let bot: BotCaller;
let desk: Desk;
let n = 0;
const opened: Desk[] = [];

beforeAll(async () => {
  real = await startDesk();
  bot = botOf(real, 'contoso');
});
afterAll(() => real.close());
beforeEach(async () => {
  line = await startLine(Number(new URL(real.url).port));
  desk = await signIn(ana);
});
afterEach(async () => {
  // What is left over counts against how much Ana can hold.
  for (const id of list('mine')) await person(real, ana).command(id, 'close', { outcome: 'resolved' });
  for (const each of opened.splice(0)) await each.stop();
  await line.close();
});

/** A console of somebody, over a line that tests may cut, mute and mend. */
async function signIn(email: string): Promise<Desk> {
  const made = createDesk({
    url: line.url,
    token: () => real.token(email),
    backOff: { first: 20, cap: 100 },
    timeout: 1_000,
    silence: 30_000,
  });
  opened.push(made);
  made.start();
  await vi.waitFor(() => expect(made.connection.getSnapshot().state).toBe('live'), { timeout: 10_000 });
  await vi.waitFor(() => expect(made.session.getSnapshot().status).toBe('ready'));
  return made;
}

/** A conversation that Ana holds and has open. */
async function held(): Promise<{ channel: string; id: string }> {
  const channel = `in-step-${n++}`;
  await bot.say('user', channel, 'my card is gone');
  const { conversation: id } = await bot.escalate(channel);
  await vi.waitFor(() => expect(list('waiting')).toContain(id));
  await desk.command(id, 'claim', {});
  await vi.waitFor(() => expect(list('mine')).toContain(id));
  desk.open(id);
  await vi.waitFor(() => expect(desk.conversation(id).getSnapshot().status).toBe('ready'));
  return { channel, id };
}

function list(view: 'waiting' | 'mine', of: Desk = desk): string[] {
  const viewer = viewerOf(of.session.getSnapshot().session);
  return viewer === undefined ? [] : select(of.lists.state.getSnapshot().heads, view, viewer).map(({ id }) => id);
}

/** The cache invariant: what is on screen equals a fresh read. */
async function expectInStep(id: string, as: Caller = person(real, ana)): Promise<void> {
  await vi.waitFor(
    async () => {
      const { body } = await as.get<ConversationView>(`/v1/conversations/${id}`);
      const { log, abilities } = desk.conversation(id).getSnapshot();
      expect(log?.entries).toEqual(body.entries);
      expect(log?.head).toEqual(body.conversation);
      expect(abilities).toEqual(body.abilities);
      expect(log && isBehind(log)).toBe(false);
    },
    { timeout: 10_000, interval: 100 },
  );
}

test('the cache invariant holds for every command', async () => {
  const { channel, id } = await held();
  await expectInStep(id);
  desk.outbox.send({
    conversation: id,
    kind: 'reply',
    text: 'I am looking into it',
    epoch: desk.conversation(id).getSnapshot().log?.head.epoch ?? 0,
  });
  desk.outbox.send({ conversation: id, kind: 'note', text: 'seems lost', epoch: 0 });
  await bot.say('user', channel, 'thank you');
  await bot.say('bot', channel, 'Anything else?');
  await vi.waitFor(() => expect(desk.outbox.items.getSnapshot()).toEqual([]));
  await expectInStep(id);
  await desk.command(id, 'transfer', { to: { queue: 'general' }, comment: 'please' });
  await expectInStep(id);
  expect(list('mine')).not.toContain(id);
  await desk.command(id, 'claim', {});
  await expectInStep(id);
  await desk.command(id, 'return', { packet: { outcome: 'resolved' } });
  await expectInStep(id);
});

test('Y6 what happened while the line was cut is there after it, without a reload', async () => {
  const { channel, id } = await held();
  line.cut();
  await vi.waitFor(() => expect(desk.connection.getSnapshot().state).toBe('reconnecting'));
  for (const text of ['are you there?', 'hello?', 'still waiting']) await bot.say('user', channel, text);
  const other = `in-step-${n++}`;
  await bot.say('user', other, 'me too');
  const { conversation: second } = await bot.escalate(other);
  line.mend();
  await vi.waitFor(() => expect(desk.connection.getSnapshot().state).toBe('live'), { timeout: 10_000 });
  await expectInStep(id);
  expect(list('waiting')).toContain(second);
  expect(desk.unread.getSnapshot().get(id)).toBe(3);
});

test('Y7 replies written while the line is cut arrive once and in order', async () => {
  const { id } = await held();
  const epoch = desk.conversation(id).getSnapshot().log?.head.epoch ?? 0;
  line.cut();
  for (const text of ['one', 'two', 'three']) desk.outbox.send({ conversation: id, kind: 'reply', text, epoch });
  expect(desk.outbox.items.getSnapshot()).toHaveLength(3);
  line.mend();
  await vi.waitFor(() => expect(desk.outbox.items.getSnapshot()).toEqual([]), { timeout: 10_000 });
  await expectInStep(id);
  const said = desk
    .conversation(id)
    .getSnapshot()
    .log?.entries.flatMap((entry) => (entry.kind === 'message' && entry.by.type === 'person' ? [entry.text] : []));
  expect(said).toEqual(['one', 'two', 'three']);
});

test('Y9 an answer lost after the desk has stored the reply does not double it', async () => {
  const { id } = await held();
  line.mute();
  desk.outbox.send({
    conversation: id,
    kind: 'reply',
    text: 'once only',
    epoch: desk.conversation(id).getSnapshot().log?.head.epoch ?? 0,
  });
  const seen = () =>
    person(real, ana)
      .get<ConversationView>(`/v1/conversations/${id}`)
      .then(
        ({ body }) => body.entries.filter((entry) => entry.kind === 'message' && entry.text === 'once only').length,
      );
  await vi.waitFor(async () => expect(await seen()).toBe(1), { timeout: 10_000 });
  expect(desk.outbox.items.getSnapshot()).toHaveLength(1);
  line.cut();
  line.mend();
  await vi.waitFor(() => expect(desk.outbox.items.getSnapshot()).toEqual([]), { timeout: 10_000 });
  await expectInStep(id);
  expect(await seen()).toBe(1);
});

test('Y5 a socket that stays open and says nothing is given up', async () => {
  const quick = createDesk({
    url: line.url,
    token: () => real.token(ana),
    backOff: { first: 20, cap: 100 },
    timeout: 500,
    silence: 600,
  });
  opened.push(quick);
  quick.start();
  await vi.waitFor(() => expect(quick.connection.getSnapshot().state).toBe('live'), { timeout: 10_000 });
  line.mute();
  await vi.waitFor(() => expect(quick.connection.getSnapshot().state).toBe('reconnecting'), { timeout: 10_000 });
  line.cut();
  line.mend();
  await vi.waitFor(() => expect(quick.connection.getSnapshot().state).toBe('live'), { timeout: 10_000 });
});

test('Y5 a socket that is kept open and carries nothing of the desk is given up too', async () => {
  const quick = createDesk({
    url: line.url,
    token: () => real.token(ana),
    backOff: { first: 20, cap: 100 },
    timeout: 500,
    silence: 600,
    // The protocol's own pings go through, so to say: only what the desk itself says counts.
    connect: (options) => connectSignalR({ ...options, silence: 600_000 }),
  });
  opened.push(quick);
  quick.start();
  await vi.waitFor(() => expect(quick.connection.getSnapshot().state).toBe('live'), { timeout: 10_000 });
  await vi.waitFor(() => expect(quick.connection.getSnapshot().state).toBe('reconnecting'), { timeout: 5_000 });
});

test('Y15 of two who accept at once one wins, and the other is told who', async () => {
  const other = await signIn(lukas);
  const channel = `in-step-${n++}`;
  await bot.say('user', channel, 'help');
  const { conversation: id } = await bot.escalate(channel);
  await vi.waitFor(() =>
    expect([list('waiting').includes(id), list('waiting', other).includes(id)]).toEqual([true, true]),
  );
  const results = await Promise.allSettled([desk.command(id, 'claim', {}), other.command(id, 'claim', {})]);
  const lost = results.filter((result) => result.status === 'rejected');
  expect(lost).toHaveLength(1);
  expect(lost[0]?.reason).toMatchObject({
    code: 'already-held',
    holder: { state: 'assigned', consultant: { name: results[0].status === 'fulfilled' ? 'Ana Ruiz' : 'Lukas Meyer' } },
  });
  await vi.waitFor(() => expect([...list('waiting'), ...list('waiting', other)]).not.toContain(id));
});

test('Y11 a draft is at the desk within a second and comes back on another machine', async () => {
  const { id } = await held();
  desk.drafts.set(id, { text: 'half a sentence', mode: 'reply' });
  await vi.waitFor(() => expect(desk.drafts.items.getSnapshot().get(id)?.state).toBe('saved'), { timeout: 1_000 });
  const elsewhere = await signIn(ana);
  elsewhere.open(id);
  await vi.waitFor(() =>
    expect(elsewhere.drafts.items.getSnapshot().get(id)).toMatchObject({ text: 'half a sentence', mode: 'reply' }),
  );
});

test('Y10 a reply written under a floor that has passed fails with its reason and can be sent again', async () => {
  const { id } = await held();
  desk.outbox.send({ conversation: id, kind: 'reply', text: 'too early', epoch: 0 });
  await vi.waitFor(() => expect(desk.outbox.items.getSnapshot()[0]?.state).toBe('failed'));
  const [failed] = desk.outbox.items.getSnapshot();
  expect(failed?.problem?.code).toBe('stale-epoch');
  await expectInStep(id);
  desk.outbox.retry(failed?.id ?? '', desk.conversation(id).getSnapshot().log?.head.epoch ?? 0);
  await vi.waitFor(() => expect(desk.outbox.items.getSnapshot()).toEqual([]));
  await expectInStep(id);
});
