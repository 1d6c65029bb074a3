import { randomUUID } from 'node:crypto';
import type { Conversation, ConversationView, Problem } from '@parley/contracts';
import { paths } from '@parley/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { botOf, listen, person, startDesk, type BotCaller, type Caller, type TestDesk } from '../src/index.ts';

for (const store of ['memory', 'sqlite', 'cosmos'] as const) {
  describe(`the desk on ${store}`, () => {
    let desk: TestDesk;
    let bot: BotCaller;
    let ana: Caller;
    let lukas: Caller;
    let marta: Caller;
    let noor: Caller;

    beforeAll(async () => {
      desk = await startDesk({ store });
      bot = botOf(desk, 'contoso');
      ana = person(desk, 'ana@contoso.example');
      lukas = person(desk, 'lukas@contoso.example');
      marta = person(desk, 'marta@contoso.example');
      noor = person(desk, 'noor@fabrikam.example');
    });
    afterEach(async () => {
      // Nobody starts the next test with their hands full.
      const { items } = (await marta.get<{ items: Conversation[] }>(`${paths.conversations}?view=live`)).body;
      for (const { id, holder } of items) {
        if (holder.state === 'with-bot') continue;
        expect((await marta.command(id, 'close', { outcome: 'resolved' })).status).toBe(200);
      }
    });
    afterAll(() => desk.close());

    async function waiting(conversation: string): Promise<string> {
      await bot.say('user', conversation, 'my card is gone');
      await bot.say('bot', conversation, 'I am sorry to hear that.');
      return (await bot.escalate(conversation)).conversation;
    }

    test('the whole way: record, escalate, take over with the history, reply, hand back, review', async () => {
      const id = await waiting('whole');
      const list = await ana.get<{ items: Conversation[] }>(`${paths.conversations}?view=waiting`);
      expect(list.body.items.map((one) => one.id)).toContain(id);

      const taken = await ana.command(id, 'claim');
      expect(taken.status).toBe(200);
      const view = (await ana.get<ConversationView>(paths.conversation(id))).body;
      expect(view.entries.map(({ kind }) => kind)).toEqual(['message', 'message', 'handoff-requested', 'accepted']);
      expect(view.abilities.reply).toBe('yes');

      const replied = await ana.command(id, 'reply', { text: 'I have blocked it.', epoch: view.conversation.epoch });
      expect(replied.status).toBe(200);
      await desk.until(() => delivered(desk, id).some((entry) => entry.kind === 'message'));
      expect(await bot.say('user', 'whole', 'thank you')).toMatchObject({ outcome: 'stored', floor: 'human' });

      expect(
        (await ana.command(id, 'return', { packet: { outcome: 'blocked', promises: ['new card by Thursday'] } }))
          .status,
      ).toBe(200);
      expect(await bot.say('user', 'whole', 'when does it arrive?')).toMatchObject({ outcome: 'stored', floor: 'bot' });
      await desk.until(() =>
        delivered(desk, id).find((entry) => entry.kind === 'status' && entry.state === 'completed'),
      );

      const text = await marta.get<string>(`${paths.export(id)}?format=text`);
      expect(text.body).toContain('Ana Ruiz: I have blocked it.');
      expect(text.body).toContain('when does it arrive?');
    });

    test('H4 of 100 parallel claims one wins, and 99 are told who', async () => {
      const id = await waiting('race');
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, n) => (n % 2 ? ana : lukas).command(id, 'claim')),
      );
      const winners = answers.filter(({ status }) => status === 200);
      expect(winners).toHaveLength(1);
      const name = (winners[0]!.body.conversation.holder as { consultant: { name: string } }).consultant.name;
      const losers = answers.filter(({ status }) => status === 409).map(({ body }) => body as unknown as Problem);
      expect(losers).toHaveLength(99);
      for (const loser of losers) {
        expect(['already-held', 'already-yours']).toContain(loser.code);
        expect(loser.holder).toMatchObject({ state: 'assigned', consultant: { name } });
      }
    });

    test('H17 a post repeated 50 times with one id is one message', async () => {
      const turnId = randomUUID();
      const results = await Promise.all(Array.from({ length: 50 }, () => bot.say('user', 'again', 'hello?', turnId)));
      expect(results.filter(({ outcome }) => outcome === 'stored')).toHaveLength(1);
      expect(results.filter(({ outcome }) => outcome === 'repeated')).toHaveLength(49);
      const { conversation: id } = await bot.escalate('again');
      const taken = await ana.command(id, 'claim');
      const reply = { id: randomUUID(), text: 'Here I am.', epoch: taken.body.conversation.epoch };
      const replies = await Promise.all(Array.from({ length: 50 }, () => ana.command(id, 'reply', reply)));
      expect(replies.every(({ status }) => status === 200)).toBe(true);
      const { entries } = (await ana.get<ConversationView>(paths.conversation(id))).body;
      expect(
        entries.filter((entry) => entry.kind === 'message').map((entry) => (entry as { text: string }).text),
      ).toEqual(['hello?', 'Here I am.']);
      expect((await ana.command(id, 'reply', { ...reply, text: 'Something else' })).body).toMatchObject({
        code: 'id-reused',
      });
    });

    test('H6 H8 a bot line after take-over is refused and shown as suppressed, a late reply too', async () => {
      const id = await waiting('floor');
      const { epoch } = (await ana.command(id, 'claim')).body.conversation;
      expect(await bot.say('bot', 'floor', 'Anything else?')).toMatchObject({ outcome: 'suppressed', floor: 'human' });
      await ana.command(id, 'return', { packet: {} });
      const late = await ana.command(id, 'reply', { text: 'one more thing', epoch });
      expect(late.status).toBe(409);
      const { entries } = (await marta.get<ConversationView>(paths.conversation(id))).body;
      expect(
        entries.filter(({ kind }) => kind === 'suppressed').map((entry) => (entry as { text: string }).text),
      ).toEqual(['Anything else?', 'one more thing']);
    });

    test('H23 Y16 a consultant of another client sees 404 everywhere and receives no frame', async () => {
      const spy = await listen(desk, 'noor@fabrikam.example');
      const id = await waiting('walls');
      await ana.command(id, 'claim');
      const unknown = `c_${'0'.repeat(26)}`;
      for (const [method, path, body] of [
        ['GET', paths.conversation(id)],
        ['GET', paths.entries(id)],
        ['GET', `${paths.export(id)}?format=json`],
        ['PUT', paths.draft(id), { text: 'x', mode: 'note' }],
        ['POST', paths.command(id, 'claim'), { id: 'a' }],
        ['POST', paths.command(id, 'decline'), { id: 'a', reason: 'x' }],
        ['POST', paths.command(id, 'reply'), { id: 'a', text: 'x', epoch: 2 }],
        ['POST', paths.command(id, 'note'), { id: 'a', text: 'x' }],
        ['POST', paths.command(id, 'transfer'), { id: 'a', to: { queue: 'general' } }],
        ['POST', paths.command(id, 'return'), { id: 'a', packet: {} }],
        ['POST', paths.command(id, 'close'), { id: 'a', outcome: 'resolved' }],
      ] as const) {
        const foreign = await noor.call(method, path, body);
        const nothing = await noor.call(method, path.replace(id, unknown), body);
        expect(foreign.status, `${method} ${path}`).toBe(404);
        expect(foreign.body).toEqual(nothing.body);
      }
      await expect(spy.watch(id)).rejects.toThrow('not-found');
      await bot.say('user', 'walls', 'canary');
      for (const view of ['waiting', 'mine'] as const)
        expect((await noor.get<{ items: unknown[] }>(`${paths.conversations}?view=${view}`)).body.items).toEqual([]);
      expect(JSON.stringify(spy.frames.filter(({ event }) => event !== 'presence'))).toBe('[]');
      await spy.stop();
    });

    test('Y21 an exchange costs three requests and two pushes', async () => {
      const id = await waiting('cost');
      const screen = await listen(desk, 'ana@contoso.example');
      const taken = await ana.command(id, 'claim');
      await screen.watch(id);
      await desk.until(() => delivered(desk, id).some((entry) => entry.kind === 'status'));
      const pushes = () =>
        screen.frames.filter(
          ({ event, payload }) => (event === 'change' || event === 'list') && JSON.stringify(payload).includes(id),
        ).length;
      // The list news of the claim itself, coalesced, comes to others only once this one has settled.
      await desk.until(
        async () =>
          (await marta.get<ConversationView>(paths.conversation(id))).body.conversation.delivery.deliveredSeq > 0,
      );
      const before = { pushes: pushes(), requests: bot.requests + ana.requests, callbacks: desk.callbacks.length };

      await bot.say('user', 'cost', 'are you there?');
      await ana.command(id, 'reply', { text: 'I am.', epoch: taken.body.conversation.epoch });
      await desk.until(() => desk.callbacks.length > before.callbacks);
      await desk.until(() => pushes() >= before.pushes + 2);
      await desk.until(() =>
        screen
          .of('marks')
          .some(({ items }) =>
            items.some((mark) => mark.id === id && mark.delivery.deliveredSeq === mark.delivery.outSeq),
          ),
      );

      expect(pushes() - before.pushes).toBe(2);
      expect(bot.requests + ana.requests - before.requests + (desk.callbacks.length - before.callbacks)).toBe(3);
      await screen.stop();
    });

    test('R4 an available consultant is offered what waits; declining passes it on, and a lapsed offer too', async () => {
      for (const one of [ana, lukas]) await one.call('PUT', paths.presence, { state: 'available' });
      const screens = await Promise.all([listen(desk, 'ana@contoso.example'), listen(desk, 'lukas@contoso.example')]);
      const id = await waiting('offer');
      const offered = async (name?: string) => {
        const { holder } = (await marta.get<ConversationView>(paths.conversation(id))).body.conversation;
        const to = holder.state === 'queued' ? holder.offer?.to.name : undefined;
        return to !== undefined && (name === undefined || to === name) ? to : undefined;
      };
      const first = await desk.until(() => offered());
      const decliner = first === 'Ana Ruiz' ? ana : lukas;
      const second = first === 'Ana Ruiz' ? 'Lukas Meyer' : 'Ana Ruiz';
      expect((await decliner.command(id, 'decline', { reason: 'lunch' })).status).toBe(200);
      await desk.until(() => offered(second));
      await desk.advance(120_000);
      await desk.until(async () => {
        const { entries } = (await marta.get<ConversationView>(paths.conversation(id))).body;
        return entries.some(({ kind }) => kind === 'offer-expired');
      });
      expect((await ana.command(id, 'claim')).status).toBe(200);
      for (const one of [ana, lukas]) await one.call('PUT', paths.presence, { state: 'away' });
      await Promise.all(screens.map((screen) => screen.stop()));
    });

    test('H10 who is not served falls back by the deadline of the queue, and the bot is told', async () => {
      const id = await waiting('limbo');
      await desk.advance(601_000);
      await desk.advance(3_600_000);
      const { conversation } = (await marta.get<ConversationView>(paths.conversation(id))).body;
      expect(['with-bot', 'closed']).toContain(conversation.holder.state);
      await desk.until(() => delivered(desk, id).some((entry) => entry.kind === 'status' && entry.state === 'failed'));
    });

    test('what cannot be seen is refused, and changes nothing', async () => {
      const id = await waiting('unseen');
      const { epoch } = (await ana.command(id, 'claim')).body.conversation;
      for (const text of ['', '   ', '\n', 'bell \u0007', 'nul \u0000']) {
        const refused = await ana.command(id, 'reply', { text, epoch });
        expect([refused.status, refused.body.code], JSON.stringify(text)).toEqual([400, 'validation']);
      }
      expect((await ana.get(`${paths.entries(id)}?after=1&before=3`)).status).toBe(400);
      expect((await ana.get<ConversationView>(paths.conversation(id))).body.entries.at(-1)?.kind).toBe('accepted');
    });

    test('Y12 a draft is kept per person and conversation, and is gone when empty', async () => {
      const id = await waiting('draft');
      await ana.command(id, 'claim');
      expect((await ana.call('PUT', paths.draft(id), { text: 'half a sent', mode: 'reply' })).status).toBe(204);
      expect((await ana.get<ConversationView>(paths.conversation(id))).body.draft).toMatchObject({
        text: 'half a sent',
        mode: 'reply',
      });
      expect((await marta.get<ConversationView>(paths.conversation(id))).body.draft).toBeUndefined();
      await ana.call('PUT', paths.draft(id), { text: '', mode: 'reply' });
      expect((await ana.get<ConversationView>(paths.conversation(id))).body.draft).toBeUndefined();
    });

    test('supervisors search what was said, consultants may not', async () => {
      await bot.say('user', 'search', 'the zebra crossed my Überweisung');
      const { conversation: id } = await bot.escalate('search');
      const found = await marta.get<{ items: { conversation: Conversation }[] }>(`${paths.transcripts}?text=zebra`);
      expect(found.body.items.map((hit) => hit.conversation.id)).toEqual([id]);
      expect((await ana.get(`${paths.transcripts}?text=zebra`)).status).toBe(403);
      const ines = person(desk, 'ines@fabrikam.example');
      expect((await ines.get<{ items: unknown[] }>(`${paths.transcripts}?text=zebra`)).body.items).toEqual([]);
    });
  });
}

function delivered(desk: TestDesk, id: string) {
  return desk.callbacks.flatMap(({ body }) =>
    body.type === 'conversation.entries' && body.id === id ? body.entries : [],
  );
}
