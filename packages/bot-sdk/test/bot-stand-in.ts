import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TestAdapter } from 'botbuilder';
import type { Activity, ConversationReference, TurnContext } from 'botbuilder';
import { createParley, memoryStorage } from '../src/index.ts';
import type { ParleyOptions, ParleyStorage } from '../src/index.ts';
import { parleyCallback, parleyMiddleware } from '../src/botbuilder.ts';
import type { Reference } from '../src/botbuilder.ts';
import type { DeskStandIn } from './desk-stand-in.ts';

/** A channel that can also be spoken to between turns, and that may refuse. */
export class Channel extends TestAdapter {
  /** What the user has seen, in order. */
  readonly shown: Partial<Activity>[] = [];
  refuse: (activity: Partial<Activity>) => boolean = () => false;

  override async sendActivities(context: TurnContext, activities: Partial<Activity>[]) {
    for (const activity of activities) {
      if (this.refuse(activity)) throw new Error('The channel refuses');
      this.shown.push(structuredClone(activity));
    }
    return super.sendActivities(context, activities);
  }

  override async continueConversationAsync(_appId: unknown, reference: Partial<ConversationReference>, logic: unknown) {
    const activity = {
      type: 'event',
      name: 'ContinueConversation',
      channelId: reference.channelId,
      conversation: reference.conversation,
      serviceUrl: reference.serviceUrl,
      from: reference.user,
      recipient: reference.bot,
      // The channel gives continued turns no id of their own.
      id: undefined,
    } as unknown as Partial<Activity>;
    await this.runMiddleware(this.createContext(activity), logic as (context: TurnContext) => Promise<void>);
  }

  texts(): string[] {
    return this.shown.filter((activity) => activity.type === 'message').map((activity) => activity.text ?? '');
  }
}

export interface BotStandIn {
  readonly channel: Channel;
  readonly parley: ReturnType<typeof createParley<Reference>>;
  readonly callbackUrl: string;
  /** What reached the bot. */
  readonly heard: Partial<Activity>[];
  readonly logs: { level: string; message: string }[];
  readonly storage: ParleyStorage;
  says(text: string, id?: string, conversation?: string): Promise<void>;
  sends(activity: Partial<Activity>): Promise<void>;
  close(): Promise<void>;
}

export type Logic = (context: TurnContext) => Promise<void>;

export const echo: Logic = async (context) => {
  if (context.activity.type === 'message') await context.sendActivity(`You said ${context.activity.text}`);
};

/** A bot with our middleware and a real callback route. */
export async function startBot(
  desk: DeskStandIn,
  logic: Logic = echo,
  options: Partial<ParleyOptions> = {},
): Promise<BotStandIn> {
  const heard: Partial<Activity>[] = [];
  const logs: { level: string; message: string }[] = [];
  const storage = options.storage ?? memoryStorage();
  const parley = createParley<Reference>({
    url: desk.url,
    auth: { tokenUrl: `${desk.url}/token`, clientId: 'bot', clientSecret: 'secret', scope: 'api://desk/.default' },
    callbackSecret: desk.callbackSecret,
    log: (level, message) => logs.push({ level, message }),
    recording: { delayMs: 20 },
    ...options,
    storage,
  });
  const channel = new Channel();
  const listening: Logic = async (context) => {
    heard.push(structuredClone(context.activity));
    await logic(context);
  };
  channel.use(parleyMiddleware(parley));
  const callback = parleyCallback(parley, channel, 'app-id', listening);
  const server = createServer((request, response) => void callback(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  let said = 0;
  const run = Math.random().toString(36).slice(2, 8);

  const sends = (activity: Partial<Activity>) =>
    channel.processActivity({ id: `u-${run}-${(said += 1)}`, ...activity }, listening) as Promise<void>;
  return {
    channel,
    parley,
    callbackUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    heard,
    logs,
    storage,
    sends,
    says: (text, id, conversation = 'Convo1') =>
      sends({
        type: 'message',
        text,
        ...(id && { id }),
        conversation: { id: conversation, isGroup: false, name: '', conversationType: '' },
      }),
    async close() {
      await parley.close(200);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
