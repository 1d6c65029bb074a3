import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Activity } from '@microsoft/agents-activity';
import type { ConversationReference } from '@microsoft/agents-activity';
import { BaseAdapter, TurnContext } from '@microsoft/agents-hosting';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createHandoffInitiation, handoffResult, parleyCallback, parleyMiddleware } from '../src/agents.ts';
import type { Reference } from '../src/agents.ts';
import { createParley } from '../src/index.ts';
import type { Parley } from '../src/index.ts';
import { startDeskStandIn } from './desk-stand-in.ts';
import type { DeskStandIn } from './desk-stand-in.ts';

/** A channel for the Microsoft 365 Agents SDK, whose own has no adapter for tests. */
class Channel extends BaseAdapter {
  readonly shown: Activity[] = [];

  override sendActivities(_context: TurnContext, activities: Activity[]) {
    this.shown.push(...activities);
    return Promise.resolve(activities.map((_activity, index) => ({ id: `a-${this.shown.length}-${index}` })));
  }

  override continueConversation(
    _appId: unknown,
    reference: ConversationReference,
    logic: (context: TurnContext) => Promise<void>,
  ) {
    return this.runMiddleware(new TurnContext(this, Activity.getContinuationActivity(reference)), logic);
  }

  says(text: string, id: string, logic: (context: TurnContext) => Promise<void>) {
    const activity = Activity.fromObject({
      type: 'message',
      id,
      text,
      channelId: 'test',
      serviceUrl: 'https://channel.example',
      from: { id: 'user1', name: 'Dana' },
      recipient: { id: 'agent' },
      conversation: { id: 'Convo1' },
    });
    return this.runMiddleware(new TurnContext(this, activity), logic);
  }

  texts() {
    return this.shown.map((activity) => activity.text);
  }

  override updateActivity = () => Promise.resolve();
  override deleteActivity = () => Promise.resolve();
  override uploadAttachment = () => Promise.reject(new Error('not here'));
  override getAttachmentInfo = () => Promise.reject(new Error('not here'));
  override getAttachment = () => Promise.reject(new Error('not here'));
}

let desk: DeskStandIn;
let parley: Parley<Reference>;
let channel: Channel;
let callbackUrl: string;
let close: () => Promise<void>;

const logic = async (context: TurnContext) => {
  const { type, name, text, value } = context.activity;
  if (type === 'event' && name === 'handoff.status') {
    await context.sendActivity(`status ${(value as { state: string }).state}`);
  } else if (text === 'help') {
    await context.sendActivity(
      createHandoffInitiation({ reason: 'Lost card', queue: 'cards' }, [
        { type: 'message', id: 't1', text: 'before', from: { id: 'user1', role: 'user' } },
      ]),
    );
    const result = handoffResult(context);
    await context.sendActivity(result?.ok ? `${result.answer.ahead} before you` : 'nobody there');
  } else {
    await context.sendActivity(`You said ${text}`);
  }
};

beforeEach(async () => {
  desk = await startDeskStandIn();
  parley = createParley<Reference>({
    url: desk.url,
    auth: { tokenUrl: `${desk.url}/token`, clientId: 'agent', clientSecret: 'secret', scope: 'api://desk/.default' },
    callbackSecret: desk.callbackSecret,
    recording: { delayMs: 20 },
  });
  channel = new Channel();
  channel.use(parleyMiddleware(parley));
  const callback = parleyCallback(parley, channel, 'app-id', logic);
  const server = createServer((request, response) => void callback(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  callbackUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  close = async () => {
    await parley.close(200);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await desk.close();
  };
});
afterEach(() => close());

test('an agent of the Microsoft 365 Agents SDK hands off, stays silent, and speaks of what became of it', async () => {
  await channel.says('hello', 'u1', logic);
  await channel.says('help', 'u2', logic);
  expect(channel.texts()).toEqual(['You said hello', '2 before you']);
  expect(desk.handoffs).toMatchObject([{ id: 'handoff-u2', queue: 'cards', packet: { reason: 'Lost card' } }]);
  expect(desk.turns.map((turn) => turn.text).slice(0, 4)).toEqual(
    expect.arrayContaining(['hello', 'You said hello', 'help', 'before']),
  );

  await channel.says('anybody?', 'u3', logic);
  expect(channel.texts()).toHaveLength(2);
  const entries = desk.entries('Convo1', [
    { kind: 'status', state: 'accepted' },
    { kind: 'message', text: 'Good morning' },
  ]);
  expect(await desk.callback(callbackUrl, entries)).toBe(200);
  expect(channel.texts().slice(2)).toEqual(['status accepted', 'Ana Ruiz: Good morning']);
  await vi.waitFor(() => expect(desk.turns.at(-1)).toMatchObject({ text: 'status accepted', notice: true }));
});
