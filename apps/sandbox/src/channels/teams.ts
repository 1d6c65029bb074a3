import type { FastifyInstance } from 'fastify';
import { isRecord } from './activity.ts';
import type { ChannelBot } from './bots.ts';
import type { Conversation, Conversations, Line } from './conversations.ts';
import { answerWithProblems, badArgument, ChannelProblem } from './problems.ts';
import type { TeamsChannel, TeamsPerson } from './teams-channel.ts';
import { teamsPageRoutes } from './teams-page.ts';

export interface TeamsParts {
  readonly channel: TeamsChannel;
  readonly conversations: Conversations;
  readonly bots: readonly ChannelBot[];
}

/**
 * What a person does in Teams, as an API for tests and for the page: open a chat, write, read. It asks for no sign-in,
 * since whoever runs the sandbox plays every person in it.
 */
export async function teamsRoutes(app: FastifyInstance, { channel, conversations, bots }: TeamsParts): Promise<void> {
  answerWithProblems(app);
  await app.register(teamsPageRoutes);

  app.get('/bots', async () => ({ bots: bots.map(({ appId, name }) => ({ appId, name })) }));

  app.post('/conversations', async (request, reply) => {
    const body = isRecord(request.body) ? request.body : {};
    const conversation = channel.open(botOf(bots, body['bot']), personOf(body['from']));
    return reply.code(201).send(summary(conversation, bots));
  });

  app.get<{ Params: { id: string } }>('/conversations/:id', async (request) =>
    summary(chat(conversations, request.params.id), bots),
  );

  app.post<{ Params: { id: string } }>('/conversations/:id/messages', async (request, reply) => {
    const body = isRecord(request.body) ? request.body : {};
    const { text, value, locale } = body;
    if (typeof text !== 'string' || (text === '' && value === undefined)) throw badArgument('text is required');
    const known = conversations.find(request.params.id, 'msteams');
    const conversation = known ?? channel.open(botOf(bots, body['bot']), personOf(body['from']), request.params.id);
    const said = channel.say(conversation, {
      text,
      ...(value !== undefined && { value }),
      ...(typeof locale === 'string' && { locale }),
    });
    return reply.code(201).send({ id: said.id });
  });

  app.get<{ Params: { id: string }; Querystring: { after?: string } }>(
    '/conversations/:id/messages',
    async (request) => {
      const conversation = chat(conversations, request.params.id);
      const after = Number(request.query.after ?? 0);
      if (!Number.isSafeInteger(after)) throw badArgument('after is the next of an earlier answer');
      const lines = conversation.lines.filter((line) => line.version > after);
      const next = Math.max(after, ...lines.map((line) => line.version));
      return { messages: lines.map((line) => view(line, channel)), next };
    },
  );
}

function view({ seq, activity }: Line, channel: TeamsChannel) {
  const { channelData: _channelData, conversation: _conversation, entities: _entities, ...shown } = activity;
  const delivery = channel.deliveryOf(activity.id);
  return { seq, ...shown, ...(delivery && { delivery }) };
}

function summary(conversation: Conversation, bots: readonly ChannelBot[]) {
  const bot = bots.find((candidate) => candidate.appId === conversation.botAppId);
  return { id: conversation.id, bot: { appId: conversation.botAppId, name: bot?.name }, user: conversation.user };
}

function chat(conversations: Conversations, id: string): Conversation {
  const conversation = conversations.find(id, 'msteams');
  if (!conversation) throw new ChannelProblem(404, 'ConversationNotFound', 'Conversation not found');
  return conversation;
}

function botOf(bots: readonly ChannelBot[], appId: unknown): ChannelBot {
  const bot = appId === undefined ? bots[0] : bots.find((candidate) => candidate.appId === appId);
  if (!bot) throw badArgument('bot is the app id of a bot of this sandbox');
  return bot;
}

function personOf(from: unknown): TeamsPerson {
  if (!isRecord(from) || typeof from['name'] !== 'string' || from['name'] === '')
    throw badArgument('from.name is required');
  const { name, aadObjectId } = from;
  return { name, ...(typeof aadObjectId === 'string' && { aadObjectId }) };
}
