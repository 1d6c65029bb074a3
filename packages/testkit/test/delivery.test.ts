import { paths, type CallbackBody, type ConversationView, type EntryLedger } from '@parley/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { botOf, person, startDesk, type TestDesk } from '../src/index.ts';

describe('delivery, asked over HTTP', () => {
  let desk: TestDesk;
  let status = 204;
  const tried: CallbackBody[] = [];
  beforeAll(async () => {
    desk = await startDesk({
      store: 'sqlite',
      answerCallback: ({ body }) => {
        tried.push(body);
        return status;
      },
    });
  });
  afterAll(() => desk.close());

  async function held(name: string): Promise<string> {
    const bot = botOf(desk, 'contoso');
    await bot.say('user', name, 'a person please');
    const { conversation } = await bot.escalate(name);
    const claimed = await person(desk, 'ana@contoso.example').command(conversation, 'claim');
    expect(claimed.status).toBe(200);
    return conversation;
  }

  const view = async (id: string) =>
    (await person(desk, 'marta@contoso.example').get<ConversationView>(paths.conversation(id))).body;

  test('D4 D5 D12 what failed says why, its ledger tells the tries, and the holder has it tried again', async () => {
    const ana = person(desk, 'ana@contoso.example');
    const id = await held('retry-1');
    await desk.until(async () => (await view(id)).conversation.delivery.deliveredSeq > 0);
    status = 410;
    const said = await ana.command(id, 'reply', { text: 'one', epoch: (await view(id)).conversation.epoch });
    const seq = said.body.entries[0]!.seq;
    await desk.until(async () => (await view(id)).conversation.delivery.failed);
    const ledger = (await ana.get<EntryLedger>(paths.ledger(id, seq))).body;
    expect(ledger).toMatchObject({ seq, state: 'failed', outbound: true, failed: { seq } });
    expect(ledger.tries).toMatchObject([{ reason: expect.stringContaining('410') as string }]);

    const { delivery } = (await view(id)).conversation;
    expect((await person(desk, 'lukas@contoso.example').command(id, 'retry-delivery')).status).toBe(409);
    expect((await view(id)).conversation.delivery).toEqual(delivery);

    status = 204;
    const again = await ana.command(id, 'retry-delivery');
    expect(again.status).toBe(200);
    expect(again.body.conversation.delivery).not.toHaveProperty('failed');
    await desk.until(async () => (await view(id)).conversation.delivery.deliveredSeq >= seq);
    const after = (await ana.get<EntryLedger>(paths.ledger(id, seq))).body;
    expect(after).toMatchObject({ state: 'delivered', deliveredAt: expect.any(Number) as number });
    expect(after.tries).toHaveLength(2);
    expect(after).not.toHaveProperty('seenAt');
  });

  test('D12 a ledger is for who may read the conversation, and of entries that exist', async () => {
    const id = await held('ledger-1');
    const ana = person(desk, 'ana@contoso.example');
    expect((await ana.get<EntryLedger>(paths.ledger(id, 1))).body).toMatchObject({ state: 'stored', outbound: false });
    expect((await ana.get(paths.ledger(id, 999))).status).toBe(404);
    expect((await ana.get(paths.ledger(id, 'x'))).status).toBe(400);
    expect((await person(desk, 'noor@fabrikam.example').get(paths.ledger(id, 1))).status).toBe(404);
    expect((await person(desk, 'lukas@contoso.example').get(paths.ledger(id, 1))).status).toBe(404);
  });

  test('D12 when a line was written is kept where its sender says so, and is never later than when it was stored', async () => {
    const id = await held('ledger-2');
    const ana = person(desk, 'ana@contoso.example');
    const { epoch } = (await view(id)).conversation;
    const early = Date.now() - 60_000;
    const one = await ana.command(id, 'reply', { text: 'kept a while', epoch, composedAt: early });
    const two = await ana.command(id, 'reply', { text: 'a wrong clock', epoch, composedAt: Date.now() + 3_600_000 });
    const ledger = async (seq: number) => (await ana.get<EntryLedger>(paths.ledger(id, seq))).body;
    expect(await ledger(one.body.entries[0]!.seq)).toMatchObject({ composedAt: early });
    const wrong = await ledger(two.body.entries[0]!.seq);
    expect(wrong.composedAt).toBe(wrong.storedAt);
  });
});
