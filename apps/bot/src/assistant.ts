import { ActivityHandler, ConversationState, EventFactory } from 'botbuilder';
import type { Storage, TurnContext } from 'botbuilder';
import { handoffResult } from '@parley/bot-sdk/botbuilder';
import type { HandoffResult } from '@parley/bot-sdk';
import type { Bank } from './bank.ts';
import type { ClientConfig } from './config.ts';
import { answer, newDialogue, packetOf } from './dialogue.ts';
import type { Caller, Dialogue } from './dialogue.ts';
import { linesAbout } from './status-lines.ts';
import type { StatusValue } from './status-lines.ts';

/** `rating`: the user has been asked for one. */
type Remembered = Dialogue & { rating?: boolean };

/** Channels whose page lets the user rate by itself. */
const ratingChannels = new Set(['directline', 'webchat']);

/**
 * The assistant as a bot of the Bot Framework. It knows nothing of desks but the events of the handoff protocol.
 * @param rate takes in a rating the user has written.
 */
export function createAssistant(parts: {
  client: Pick<ClientConfig, 'name' | 'queues'>;
  bank: Bank;
  storage: Storage;
  rate: (context: TurnContext, score: number) => void;
}): (context: TurnContext) => Promise<void> {
  const { client, bank } = parts;
  const state = new ConversationState(parts.storage);
  const dialogues = state.createProperty<Remembered>('dialogue');
  const handler = new ActivityHandler();

  handler.onMembersAdded(async (context, next) => {
    const people = (context.activity.membersAdded ?? []).filter(
      (member) => member.id !== context.activity.recipient.id,
    );
    if (people.length > 0)
      await context.sendActivity(`Hello, I am the assistant of ${client.name}. What can I do for you?`);
    await next();
  });

  handler.onMessage(async (context, next) => {
    const { rating, ...dialogue } = await dialogues.get(context, newDialogue());
    const text = context.activity.text ?? '';
    if (rating && /^\s*[1-5]\s*$/.test(text)) {
      parts.rate(context, Number(text));
      await remember(context, dialogue);
      await context.sendActivity('Thank you! Is there anything else I can do for you?');
      return next();
    }
    const caller = callerOf(context);
    const reply = answer(dialogue, text, { caller, bank, bankName: client.name, at: Date.now() });
    await remember(context, reply.dialogue);
    for (const line of reply.lines) await context.sendActivity(line);
    if (reply.escalate !== undefined) await escalate(context, reply.dialogue, reply.escalate, caller);
    await next();
  });

  handler.onEvent(async (context, next) => {
    if (context.activity.name === 'handoff.status') await onStatus(context, context.activity.value as StatusValue);
    await next();
  });

  /** Before anything is said: a quick user answers what the assistant has only just asked. */
  async function remember(context: TurnContext, dialogue: Remembered): Promise<void> {
    await dialogues.set(context, dialogue);
    await state.saveChanges(context);
  }

  async function escalate(context: TurnContext, dialogue: Dialogue, reason: string, caller: Caller): Promise<void> {
    const value = { ...packetOf(dialogue, reason, caller), queue: client.queues[dialogue.matter] };
    await context.sendActivity(EventFactory.createHandoffInitiation(context, value));
    await context.sendActivity(outlook(handoffResult(context)));
  }

  async function onStatus(context: TurnContext, status: StatusValue): Promise<void> {
    const asksForRating = !ratingChannels.has(context.activity.channelId);
    if (status.state === 'completed') {
      const { facts } = await dialogues.get(context, newDialogue());
      const rating = status.message?.returned === false && asksForRating;
      // What the consultant found out is known from now on; what was tried before is settled.
      const learnt = status.message?.packet?.facts ?? [];
      const known = [...facts.filter(({ name }) => !learnt.some((fact) => fact.name === name)), ...learnt].slice(-30);
      await remember(context, { ...newDialogue(), facts: known, ...(rating && { rating }) });
    }
    for (const line of linesAbout(status, client.name, asksForRating)) await context.sendActivity(line);
  }

  return (context) => handler.run(context);
}

/** The truth about the queue, as the desk has told it. */
function outlook(result: HandoffResult | undefined): string {
  if (!result?.ok) return linesAbout({ state: 'failed' }, '', false)[0]!;
  const { ahead, available, state } = result.answer;
  if (state === 'assigned') return 'A colleague is already with you.';
  if (available === 0)
    return 'None of my colleagues is free at this moment. You are in line, and I will tell you as soon as somebody is there.';
  if (ahead === 0) return 'You are next in line.';
  return `There ${ahead === 1 ? 'is one person' : `are ${ahead} people`} in line before you.`;
}

function callerOf({ activity }: TurnContext): Caller {
  const { id, name } = activity.from;
  return { id, ...(name && { name }) };
}
