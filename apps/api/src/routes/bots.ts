import {
  EndingBody,
  FloorAnswer,
  HandoffAnswer,
  HandoffBody,
  paths,
  RatingBody,
  ReceiptBody,
  SignalBody,
  TurnsAnswer,
  TurnsBody,
  type Conversation,
  type Turn,
  type TurnResult,
  type User,
} from '@parley/contracts';
import type { Command, Host } from '@parley/core';
import { Type } from 'typebox';
import type { ClientDesk, ClientDesks } from '../client-desk.ts';
import type { Opening, Outcome } from '../desk.ts';
import { conversationId } from '../ids.ts';
import { Refusal } from '../problems.ts';
import type { Api } from '../server.ts';

/** What bots may ask. The client and the bot come from the validated token only. */
export function botRoutes(desks: ClientDesks, host: Host) {
  return (app: Api): void => {
    const tags = ['Bots'];

    app.post(
      paths.botTurns,
      {
        schema: {
          tags,
          operationId: 'recordTurns',
          summary: 'Record turns; the answer says who speaks next',
          body: TurnsBody,
          response: { 200: TurnsAnswer },
        },
      },
      async (request) => {
        const { bot, body } = request;
        const desk = desks.ready(bot.client) ?? (await desks.open(bot.client));
        const [only] = body.turns;
        if (only && body.turns.length === 1) return { results: [await record(desk, bot, only)] };
        // Started together and in order: turns of one conversation share a commit.
        const results = await Promise.all(body.turns.map((turn) => record(desk, bot, turn)));
        return { results };
      },
    );

    app.post(
      paths.botHandoffs,
      {
        schema: {
          tags,
          operationId: 'requestHandoff',
          summary: 'Ask for a human',
          body: HandoffBody,
          response: { 200: HandoffAnswer },
        },
      },
      async (request) => {
        const { turns = [], id, user, queue, packet, channel, conversation } = request.body;
        const desk = await desks.open(request.bot.client);
        const at = place(request.bot, channel, conversation, user);
        const recorded = turns.map((turn) => record(desk, request.bot, { ...turn, channel, conversation }));
        const asked = desk.desk.execute(
          at,
          { type: 'request-handoff', id, packet, user, ...(queue === undefined ? {} : { queue }) },
          by(request.bot),
        );
        await Promise.all(recorded);
        return handedOff(desk, await asked);
      },
    );

    app.post(
      paths.botReceipts,
      {
        schema: {
          tags,
          operationId: 'recordReceipt',
          summary: 'The user’s device has shown everything up to a number',
          body: ReceiptBody,
          response: { 200: FloorAnswer },
        },
      },
      async (request) => {
        const { channel, conversation, seenSeq } = request.body;
        return floorAfter(
          await run(request.bot, channel, conversation, { type: 'mark-seen', id: host.newId(), seq: seenSeq }),
        );
      },
    );

    app.post(
      paths.botEndings,
      {
        schema: {
          tags,
          operationId: 'endConversation',
          summary: 'The user left, or the bot ended the conversation',
          body: EndingBody,
          response: { 200: FloorAnswer },
        },
      },
      async (request) => {
        const { channel, conversation, id, reason } = request.body;
        return floorAfter(await run(request.bot, channel, conversation, { type: 'end', id, reason }));
      },
    );

    app.post(
      paths.botRatings,
      {
        schema: {
          tags,
          operationId: 'rateConversation',
          summary: 'The user’s rating',
          body: RatingBody,
          response: { 200: FloorAnswer },
        },
      },
      async (request) => {
        const { channel, conversation, ...rating } = request.body;
        return floorAfter(await run(request.bot, channel, conversation, { type: 'rate', ...rating }));
      },
    );

    app.post(
      paths.botSignals,
      {
        schema: {
          tags,
          operationId: 'signal',
          summary: 'The user is typing; never stored',
          body: SignalBody,
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        const { channel, conversation } = request.body;
        const desk = await desks.open(request.bot.client);
        const head = await desk.store.head(idOf(request.bot, channel, conversation));
        if (!head) throw new Refusal('not-found');
        desk.userTyping(head);
        return reply.status(204).send(null);
      },
    );

    app.get(
      paths.botFloor,
      {
        schema: {
          tags,
          operationId: 'readFloor',
          summary: 'Who speaks next, for a bot that does not know',
          querystring: Type.Pick(SignalBody, ['channel', 'conversation'], { additionalProperties: false }),
          response: { 200: FloorAnswer },
        },
      },
      async (request) => {
        const desk = await desks.open(request.bot.client);
        const id = idOf(request.bot, request.query.channel, request.query.conversation);
        const head = await desk.store.head(id);
        return head
          ? { conversation: id, floor: floorOf(head), seq: head.seq }
          : { conversation: id, floor: 'bot' as const, seq: 0 };
      },
    );

    async function run(bot: Bot, channel: string, conversation: string, command: Command): Promise<Outcome> {
      const desk = await desks.open(bot.client);
      const speaker =
        command.type === 'rate' ||
        (command.type === 'end' && command.reason === 'user-left') ||
        command.type === 'mark-seen'
          ? ({ type: 'user' } as const)
          : by(bot);
      return desk.desk.execute(idOf(bot, channel, conversation), command, speaker);
    }
  };
}

type Bot = { client: string; id: string; name: string };

async function record(desk: ClientDesk, bot: Bot, turn: Turn): Promise<TurnResult> {
  const { channel, conversation, id, speaker, text, attachments, user, announces } = turn;
  const at = place(bot, channel, conversation, user);
  const said = {
    id,
    text,
    ...(attachments ? { attachments } : {}),
    ...(turn.at === undefined ? {} : { at: turn.at }),
  };
  const outcome =
    speaker === 'user'
      ? await desk.desk.execute(
          at,
          { type: 'user-turn', ...said, user },
          { type: 'user', ...(user.name === undefined ? {} : { name: user.name }) },
        )
      : await desk.desk.execute(
          at,
          { type: 'bot-turn', ...said, ...(announces === undefined ? {} : { announces }) },
          by(bot),
        );

  const floor = floorOf(outcome.conversation);
  if (outcome.ok)
    return {
      id,
      conversation: at.id,
      outcome: outcome.repeated ? 'repeated' : 'stored',
      floor,
      ...(outcome.entries[0] ? { seq: outcome.entries[0].seq } : {}),
    };
  if (outcome.suppressed)
    return { id, conversation: at.id, outcome: 'suppressed', code: outcome.code, floor, seq: outcome.suppressed.seq };
  return { id, conversation: at.id, outcome: 'refused', code: outcome.code, floor };
}

async function handedOff(desk: ClientDesk, outcome: Outcome) {
  if (!outcome.ok) throw new Refusal(outcome.code);
  const { conversation } = outcome;
  const { holder } = conversation;
  const held = holder.state === 'queued' || holder.state === 'assigned' ? holder : undefined;
  const queue = held?.queue ?? conversation.handoff?.queue ?? desk.client().policy.defaultQueue;
  const waiting = await desk.store.count({ states: ['queued'], queues: [queue] });
  return {
    conversation: conversation.id,
    state: holder.state === 'assigned' ? ('assigned' as const) : ('queued' as const),
    queue,
    ahead: holder.state === 'queued' ? Math.max(0, waiting - 1) : 0,
    available: desk.presence.list().filter((one) => one.state === 'available' && one.queues.includes(queue)).length,
    floor: floorOf(conversation),
    seq: conversation.handoff?.requestedSeq ?? conversation.seq,
  };
}

function floorAfter(outcome: Outcome) {
  if (!outcome.ok) throw new Refusal(outcome.code);
  const { conversation } = outcome;
  return { conversation: conversation.id, floor: floorOf(conversation), seq: conversation.seq };
}

function floorOf({ holder }: Conversation): 'bot' | 'human' {
  return holder.state === 'queued' || holder.state === 'assigned' ? 'human' : 'bot';
}

function idOf(bot: Bot, channel: string, conversation: string): string {
  return conversationId(bot.client, bot.id, channel, conversation);
}

function place(bot: Bot, channel: string, conversation: string, user: User): Opening {
  return {
    id: idOf(bot, channel, conversation),
    channel,
    channelConversation: conversation,
    bot: { id: bot.id, name: bot.name },
    user,
  };
}

function by(bot: Bot) {
  return { type: 'bot', name: bot.name } as const;
}
