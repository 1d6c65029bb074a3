import type { Conversation, ConversationView, Entry, OutboundEntry, People } from '@parley/contracts';
import { paths } from '@parley/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { botOf, listen, person, startDesk, type BotCaller, type Caller, type TestDesk } from '../src/index.ts';

const day = 24 * 3_600_000;

for (const store of ['memory', 'sqlite'] as const) {
  describe(`deadlines on ${store}`, () => {
    let desk: TestDesk;
    let bot: BotCaller;
    let ana: Caller;
    let lukas: Caller;
    let marta: Caller;
    let botAnswers = 204;

    beforeAll(async () => {
      desk = await startDesk({ store, answerCallback: () => botAnswers });
      bot = botOf(desk, 'contoso');
      ana = person(desk, 'ana@contoso.example');
      lukas = person(desk, 'lukas@contoso.example');
      marta = person(desk, 'marta@contoso.example');
    });
    afterEach(async () => {
      botAnswers = 204;
      for (const { id } of await live(marta))
        expect((await marta.command(id, 'close', { outcome: 'resolved' })).status).toBe(200);
    });
    afterAll(() => desk.close());

    async function held(conversation: string, by = ana): Promise<string> {
      await bot.say('user', conversation, 'my card is gone');
      const { conversation: id } = await bot.escalate(conversation);
      expect((await by.command(id, 'claim')).status).toBe(200);
      return id;
    }

    test('H18 who has no window open for goneSeconds loses what they hold, and is told so when they come back', async () => {
      const screen = await listen(desk, 'ana@contoso.example');
      const id = await held('gone');
      await ana.call('PUT', paths.draft(id), { text: 'I am just', mode: 'reply' });
      await screen.stop();
      await desk.until(() => absent('Ana Ruiz'));
      await desk.advance(89_000);
      expect((await view(marta, id)).conversation.holder.state).toBe('assigned');
      await desk.advance(1_500);

      const { conversation, entries } = await view(marta, id);
      expect(conversation.holder).toMatchObject({ state: 'queued', queue: 'cards' });
      expect(entries.at(-1)).toMatchObject({ kind: 'requeued', reason: 'consultant-gone', by: { type: 'desk' } });
      await desk.until(() => status(desk, id, 'requeued'));
      expect(status(desk, id, 'requeued')).toMatchObject({ queue: 'cards', reason: 'consultant-gone' });
      expect(await presenceOf('Ana Ruiz')).toMatchObject({ state: 'offline', load: 0, requeued: { count: 1 } });

      const again = await listen(desk, 'ana@contoso.example');
      expect(await presenceOf('Ana Ruiz')).toMatchObject({ state: 'away', requeued: { count: 1 } });
      expect((await view(ana, id)).draft).toMatchObject({ text: 'I am just' });
      expect((await ana.command(id, 'claim')).status).toBe(200);
      await desk.advance(200_000);
      expect((await view(ana, id)).conversation.holder.state).toBe('assigned');
      await again.stop();
    });

    test('H18 a short loss, a reload or being away takes nothing from anybody', async () => {
      const first = await listen(desk, 'ana@contoso.example');
      const id = await held('reload');
      await first.stop();
      await desk.until(() => absent('Ana Ruiz'));
      await desk.advance(80_000);
      const second = await listen(desk, 'ana@contoso.example');
      await desk.until(async () => !(await absent('Ana Ruiz')));
      await desk.advance(80_000);
      await ana.call('PUT', paths.presence, { state: 'away' });
      await desk.advance(400_000);
      const { conversation, entries } = await view(marta, id);
      expect(conversation.holder).toMatchObject({ state: 'assigned', consultant: { name: 'Ana Ruiz' } });
      expect(entries.map(({ kind }) => kind)).not.toContain('requeued');
      await second.stop();
    });

    test('H18 requests are a sign of life where no window is open', async () => {
      const id = await held('requests');
      for (let n = 0; n < 4; n++) {
        await desk.advance(60_000);
        await view(ana, id);
      }
      expect((await view(marta, id)).conversation.holder.state).toBe('assigned');
      await desk.advance(91_000);
      expect((await view(marta, id)).conversation.holder.state).toBe('queued');
    });

    test('H18 H24 a step of the wall clock by a day is no absence', async () => {
      const screen = await listen(desk, 'ana@contoso.example');
      const id = await held('step');
      await screen.stop();
      await desk.until(() => absent('Ana Ruiz'));
      await desk.stepClock(day);
      await desk.stepClock(-2 * day);
      await desk.stepClock(day);
      expect((await view(marta, id)).conversation.holder.state).toBe('assigned');
      await desk.advance(91_000);
      expect((await view(marta, id)).conversation.holder.state).toBe('queued');
    });

    test('H18 of many conversations all are queued again, and none of a colleague’s', async () => {
      const window = await listen(desk, 'lukas@contoso.example');
      const hers = await Promise.all(['m1', 'm2', 'm3', 'm4'].map((name) => held(name)));
      const his = await held('his', lukas);
      await desk.advance(91_000);
      for (const id of hers) expect((await view(marta, id)).conversation.holder.state).toBe('queued');
      expect((await view(marta, his)).conversation.holder.state).toBe('assigned');
      await window.stop();
    });

    test('H18 R4 what a gone consultant held is offered before those who asked later', async () => {
      const first = await held('first');
      const later = await botOf(desk, 'contoso').escalate('later');
      await desk.advance(91_000);
      expect((await view(marta, first)).conversation.holder.state).toBe('queued');
      const window = await listen(desk, 'lukas@contoso.example');
      await lukas.call('PUT', paths.presence, { state: 'available' });
      const offers = await desk.until(async () => {
        const found = (await listed(marta, 'live')).filter(({ holder }) => holder.state === 'queued' && holder.offer);
        return found.length > 0 ? found.map(({ id }) => id) : undefined;
      });
      expect(offers).toEqual([first]);
      expect(offers).not.toContain(later.conversation);
      await lukas.call('PUT', paths.presence, { state: 'away' });
      await window.stop();
    });

    test('H19 what the bot has not taken back in time is queued again, once, and is told of both in order', async () => {
      const id = await held('back');
      await desk.until(() => status(desk, id, 'accepted'));
      botAnswers = 503;
      expect((await ana.command(id, 'return', { packet: { comment: 'over to you' } })).status).toBe(200);
      await bot.say('user', 'back', 'hello?');
      await desk.advance(59_000);
      expect((await view(marta, id)).conversation.holder).toMatchObject({ state: 'with-bot', pending: {} });
      await desk.advance(2_000);
      await desk.advance(1_000);
      const { conversation, entries } = await view(marta, id);
      expect(conversation).toMatchObject({
        holder: { state: 'queued', queue: 'cards' },
        unansweredSince: expect.any(Number),
      });
      expect(entries.filter(({ kind }) => kind === 'requeued')).toMatchObject([{ reason: 'bot-did-not-take' }]);
      expect((await listed(lukas, 'waiting')).map((one) => one.id)).toContain(id);

      botAnswers = 204;
      await desk.until(() => status(desk, id, 'requeued'), 10_000);
      expect(told(desk, id).map((entry) => entry.kind === 'status' && entry.state)).toEqual([
        'accepted',
        'completed',
        'requeued',
      ]);
      expect(await bot.say('user', 'back', 'still there?')).toMatchObject({ floor: 'human' });
    });

    test('H19 what the bot has taken stays with it', async () => {
      const id = await held('taken');
      await ana.command(id, 'return', { packet: {} });
      await desk.until(() => status(desk, id, 'completed'));
      // The answer or the mark may still be on its way into the log: it counts all the same.
      await desk.advance(61_000);
      await desk.advance(1_000);
      const { conversation, entries } = await desk.until(async () => {
        const seen = await view(marta, id);
        return seen.conversation.dueAt === undefined ? seen : undefined;
      });
      expect(conversation.holder).toEqual({ state: 'with-bot', since: expect.any(Number) });
      expect(conversation.dueAt).toBeUndefined();
      expect(entries.map(({ kind }) => kind)).not.toContain('requeued');
    });

    test('H10 H22 with nobody there at all a handoff ends by its deadlines, and the bot is told', async () => {
      await bot.say('user', 'nobody', 'hello');
      const { conversation: id, available } = await bot.escalate('nobody');
      expect(available).toBe(0);
      await desk.advance(601_000);
      expect((await view(marta, id)).conversation.holder).toMatchObject({ state: 'queued', queue: 'general' });
      await desk.advance(901_000);
      expect((await view(marta, id)).conversation.holder.state).toBe('with-bot');
      await desk.until(() => status(desk, id, 'failed'));
      expect(status(desk, id, 'failed')).toMatchObject({ reason: 'queue-deadline', returned: true });
    });

    test('H10 H24 a step of the wall clock by a day neither ends a queue nor prolongs it', async () => {
      for (const step of [day, -day]) {
        await bot.say('user', `step${step}`, 'hello');
        const { conversation: id } = await bot.escalate(`step${step}`);
        await desk.advance(300_000);
        await desk.stepClock(step);
        expect((await view(marta, id)).conversation.holder).toMatchObject({ state: 'queued', queue: 'cards' });
        await desk.advance(250_000);
        expect((await view(marta, id)).conversation.holder).toMatchObject({ queue: 'cards' });
        await desk.advance(100_000);
        expect((await view(marta, id)).conversation.holder).toMatchObject({ queue: 'general' });
        await desk.stepClock(-step);
      }
    });

    test('H10 one sweep goes through more than a page of what is due', async () => {
      const ids: string[] = [];
      for (let n = 0; n < 450; n += 50) {
        const some = Array.from({ length: 50 }, (_, m) => bot.escalate(`many${n + m}`));
        ids.push(...(await Promise.all(some)).map(({ conversation }) => conversation));
      }
      await desk.advance(601_000);
      const queues = new Map(
        (await live(marta)).map(({ id, holder }) => [id, holder.state === 'queued' && holder.queue]),
      );
      expect(ids.filter((id) => queues.get(id) !== 'general')).toEqual([]);
    }, 30_000);

    async function presenceOf(name: string) {
      return (await marta.get<People>(paths.people)).body.items.find((one) => one.person.name === name);
    }
    /** Whether the desk has noticed that somebody has no window open. */
    async function absent(name: string): Promise<boolean> {
      const { presence } = await desk.api.desks.open('contoso');
      return presence.missing(0).some((one) => one.name === name);
    }
  });
}

function told(desk: TestDesk, id: string): OutboundEntry[] {
  return desk.callbacks.flatMap(({ body }) =>
    body.type === 'conversation.entries' && body.id === id ? body.entries : [],
  );
}

function status(desk: TestDesk, id: string, state: string): OutboundEntry | undefined {
  return told(desk, id).find((entry) => entry.kind === 'status' && entry.state === state);
}

async function view(as: Caller, id: string): Promise<ConversationView & { entries: Entry[] }> {
  const { status, body } = await as.get<ConversationView>(paths.conversation(id));
  expect(status).toBe(200);
  return body;
}

async function listed(as: Caller, which: string): Promise<Conversation[]> {
  const all: Conversation[] = [];
  for (let cursor = ''; ;) {
    const page = await as.get<{ items: Conversation[]; next?: string }>(
      `${paths.conversations}?view=${which}&limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    all.push(...page.body.items);
    if (page.body.next === undefined) return all;
    cursor = page.body.next;
  }
}

/** Everything a person could do something about. */
async function live(as: Caller): Promise<Conversation[]> {
  return (await listed(as, 'live')).filter(({ holder }) => holder.state !== 'with-bot');
}
