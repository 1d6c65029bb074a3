import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Conversation, ConversationView, Session } from '@parley/contracts';
import { paths } from '@parley/contracts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { botOf, listen, person, startDesk, type DeskOptions, type TestClock, type TestDesk } from '../src/index.ts';

/** Several processes of one desk, on one machine and one directory. */
describe('deadlines across processes and restarts', () => {
  let directory: string;
  let storeKey: string;
  let clock: TestClock;
  const running: TestDesk[] = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'parley-'));
    storeKey = randomBytes(32).toString('base64');
    clock = { wall: 0, steady: 0 };
  });
  afterEach(async () => {
    for (const desk of running.splice(0)) await desk.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function start(options: Pick<DeskOptions, 'answerCallback'> = {}): Promise<TestDesk> {
    const desk = await startDesk({ store: 'sqlite', directory, storeKey, clock, ...options });
    running.push(desk);
    return desk;
  }
  async function stop(desk: TestDesk): Promise<void> {
    running.splice(running.indexOf(desk), 1);
    await desk.close();
  }
  /** Time goes by for all of them, and all do at once what is due. */
  async function pass(ms: number): Promise<void> {
    clock.wall += ms;
    clock.steady += ms;
    await Promise.all(running.map((desk) => desk.advance(0)));
  }

  test('H20 H10 what fell due while no process ran is done when one runs again', async () => {
    const first = await start();
    const { conversation: id } = await botOf(first, 'contoso').escalate('down');
    await stop(first);
    clock.wall += 601_000;
    clock.steady += 601_000;
    const second = await start();
    await second.advance(0);
    expect((await view(second, id)).conversation.holder).toMatchObject({ state: 'queued', queue: 'general' });
    await stop(second);
    clock.wall += 901_000;
    const third = await start();
    await third.advance(0);
    expect((await view(third, id)).conversation.holder.state).toBe('with-bot');
    await third.until(() => told(third, id, 'failed').length === 1);
  });

  test('H20 H19 a return that nobody took before a restart comes back after it, once it was tried again', async () => {
    const first = await start({ answerCallback: () => 503 });
    const id = await held(first, 'return');
    await person(first, 'ana@contoso.example').command(id, 'return', { packet: {} });
    await stop(first);
    clock.wall += 120_000;
    clock.steady += 120_000;
    const second = await start({ answerCallback: () => 503 });
    await second.advance(0);
    expect((await view(second, id)).conversation.holder.state).toBe('with-bot');
    await second.advance(11_000);
    await second.until(async () => {
      await second.api.desks.sweep();
      return (await view(second, id)).conversation.holder.state === 'queued';
    });
  });

  test('H20 H19 a return that arrived, with the mark lost in a crash, stays with the bot', async () => {
    const first = await start({ answerCallback: () => 503 });
    const id = await held(first, 'arrived');
    await person(first, 'ana@contoso.example').command(id, 'return', { packet: {} });
    await stop(first);
    clock.wall += 120_000;
    clock.steady += 120_000;
    const second = await start();
    await second.advance(0);
    await second.until(async () => (await view(second, id)).conversation.dueAt === undefined);
    await second.advance(120_000);
    expect((await view(second, id)).conversation.holder.state).toBe('with-bot');
  });

  test('H20 H18 after a restart the grace of those who are not there begins anew', async () => {
    const first = await start();
    const id = await held(first, 'grace');
    await first.advance(80_000);
    await stop(first);
    clock.wall += 3_600_000;
    clock.steady += 3_600_000;
    const second = await start();
    await second.advance(0);
    await second.advance(80_000);
    expect((await view(second, id)).conversation.holder.state).toBe('assigned');
    await second.advance(15_000);
    expect((await view(second, id)).conversation.holder.state).toBe('queued');
  });

  test('H24 H20 a wall clock set back by a day before a restart prolongs no queue', async () => {
    const first = await start();
    const { conversation: id } = await botOf(first, 'contoso').escalate('back');
    await stop(first);
    clock.wall -= 24 * 3_600_000;
    const second = await start();
    await second.advance(590_000);
    const queueNow = async () => (await second.api.desks.open('contoso')).store.head(id);
    expect((await queueNow())?.holder).toMatchObject({ state: 'queued', queue: 'cards' });
    // Until the clocks agree, it may be a twentieth later.
    await second.advance(60_000);
    expect((await queueNow())?.holder).toMatchObject({ state: 'queued', queue: 'general' });
  });

  test('H18 H21 who is connected to another process is not gone; who is to none loses everything once', async () => {
    const a = await start();
    const b = await start();
    await pass(0);
    const window = await listen(b, 'ana@contoso.example');
    const id = await held(a, 'two');
    await b.until(async () => {
      await pass(0);
      return (await a.api.desks.open('contoso')).nodes.elsewhere(anaId);
    });
    for (let n = 0; n < 30; n++) await pass(10_000);
    expect((await view(a, id)).conversation.holder).toMatchObject({ state: 'assigned' });

    await window.stop();
    await b.until(async () => (await b.api.desks.open('contoso')).presence.missing(0).some(({ id }) => id === anaId));
    for (let n = 0; n < 15; n++) await pass(10_000);
    const { conversation, entries } = await view(b, id);
    expect(conversation.holder.state).toBe('queued');
    expect(entries.filter(({ kind }) => kind === 'requeued')).toHaveLength(1);
  });

  test('H21 two processes that sweep at once do each thing once', async () => {
    const [a, b] = [await start({ answerCallback: () => 503 }), await start({ answerCallback: () => 503 })];
    const bot = botOf(a, 'contoso');
    const queued = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => (await bot.escalate(`q${n}`)).conversation),
    );
    const returned = await Promise.all(Array.from({ length: 4 }, (_, n) => held(n % 2 ? a : b, `r${n}`)));
    await Promise.all(returned.map((id) => person(a, 'ana@contoso.example').command(id, 'return', { packet: {} })));
    for (let n = 0; n < 65; n++) await pass(10_000);
    for (const id of queued) {
      const { entries } = await view(n(id) ? a : b, id);
      expect(entries.filter(({ kind }) => kind === 'requeued')).toMatchObject([{ reason: 'queue-deadline' }]);
    }
    for (const id of returned) {
      const { entries } = await view(a, id);
      expect(entries.filter((entry) => entry.kind === 'requeued' && entry.reason === 'bot-did-not-take')).toHaveLength(
        1,
      );
    }
    function n(id: string): number {
      return queued.indexOf(id) % 2;
    }
  });

  test('H22 D14 a bot that does not answer is told of at every screen, hides nothing from the queue, and is told all in order later', async () => {
    let answer = 503;
    const a = await start({ answerCallback: () => answer });
    const b = await start({ answerCallback: () => answer });
    const screen = await listen(b, 'marta@contoso.example');
    const ids = await Promise.all(['one', 'two', 'three', 'four', 'five', 'six'].map((name) => held(a, name)));
    await a.until(async () => (await bots(a))[0]?.down, 15_000);
    expect((await bots(a))[0]?.down).toMatchObject({ reason: 'The bot answered 503', since: expect.any(Number) });
    await a.until(async () => {
      await pass(0);
      return (await bots(b))[0]?.down;
    });
    await a.until(() => screen.of('bots').some(({ items }) => items[0]?.down));

    const { conversation: waiting } = await botOf(a, 'contoso').escalate('meanwhile');
    const lists = await person(b, 'lukas@contoso.example').get<{ items: Conversation[] }>(
      `${paths.conversations}?view=waiting`,
    );
    expect(lists.body.items.map(({ id }) => id)).toContain(waiting);

    answer = 204;
    await a.until(() => ids.every((id) => told(a, id, 'accepted').length === 1), 20_000);
    await a.until(async () => !(await bots(a))[0]?.down, 20_000);
    await a.until(async () => {
      await pass(0);
      return screen.of('bots').at(-1)?.items[0]?.down === undefined;
    });
    await screen.stop();
  }, 60_000);
});

const anaId = 'c0170500-0000-4000-8000-000000000101';

async function held(desk: TestDesk, conversation: string): Promise<string> {
  const bot = botOf(desk, 'contoso');
  await bot.say('user', conversation, 'my card is gone');
  const { conversation: id } = await bot.escalate(conversation);
  // More than one consultant takes at once.
  const { status } = await person(desk, 'ana@contoso.example').command(id, 'claim');
  if (status !== 200) expect((await person(desk, 'lukas@contoso.example').command(id, 'claim')).status).toBe(200);
  return id;
}

async function view(desk: TestDesk, id: string): Promise<ConversationView> {
  const { status, body } = await person(desk, 'marta@contoso.example').get<ConversationView>(paths.conversation(id));
  expect(status).toBe(200);
  return body;
}

async function bots(desk: TestDesk): Promise<Session['bots']> {
  return (await person(desk, 'marta@contoso.example').get<Session>(paths.session)).body.bots;
}

function told(desk: TestDesk, id: string, state: string) {
  return desk.callbacks
    .flatMap(({ body }) => (body.type === 'conversation.entries' && body.id === id ? body.entries : []))
    .filter((entry) => entry.kind === 'status' && entry.state === state);
}
