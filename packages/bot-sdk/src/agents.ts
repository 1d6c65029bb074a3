import type { ServerResponse } from 'node:http';
import { Activity } from '@microsoft/agents-activity';
import type { ConversationReference } from '@microsoft/agents-activity';
import type { BaseAdapter, Middleware, TurnContext } from '@microsoft/agents-hosting';
import { createBotSide } from './bot-side.ts';
import type { SideOptions } from './bot-side.ts';
import { turnRunner } from './framework.ts';
import type { MiddlewareOptions, Reference, TurnLike } from './framework.ts';
import { callbackHandler } from './http-callback.ts';
import type { CallbackRequest } from './http-callback.ts';
import type { HandoffResult, Parley } from './parley.ts';
import { notesOf } from './turn-state.ts';

export { eventNames } from './framework.ts';
export type { MiddlewareOptions, Reference } from './framework.ts';
export type { SideOptions } from './bot-side.ts';

/**
 * Takes part in every turn: records it while the agent holds the floor, keeps the agent silent while a person holds it, and makes
 * `handoff.initiate` events into handoffs. Add it before all other middleware.
 */
export function parleyMiddleware(parley: Parley<Reference>, options: MiddlewareOptions = {}): Middleware {
  const run = turnRunner(parley, options);
  return { onTurn: (context, next) => run(context as unknown as TurnLike, next) };
}

/**
 * The route the desk calls. What consultants say goes to the user; what becomes of a handoff goes to `logic` as a `handoff.status` event.
 * @param appId the agent's app id.
 * @param logic what the agent does with an activity, as given to the adapter.
 */
export function parleyCallback(
  parley: Parley<Reference>,
  adapter: Pick<BaseAdapter, 'continueConversation'>,
  appId: string,
  logic: (context: TurnContext) => Promise<void>,
  options: SideOptions = {},
): (request: CallbackRequest, response: ServerResponse) => Promise<void> {
  const side = createBotSide<TurnContext & TurnLike>({
    proceed: (reference, turn) =>
      adapter.continueConversation(appId, successorReference(reference), (context) =>
        turn(context as TurnContext & TurnLike),
      ),
    logic,
    send: (context, activity) => context.sendActivity(Activity.fromObject(activity)),
    options,
    log: parley.log,
  });
  parley.attach(side);
  return callbackHandler(parley, side);
}

function successorReference({ bot, user, ...rest }: Reference): ConversationReference {
  return { ...rest, agent: { ...bot, id: bot.id ?? '' }, user: { ...user, id: user.id ?? '' } };
}

/** The successor SDK has no `EventFactory`: an activity that asks for a person, with what the agent knows as its value. */
export function createHandoffInitiation(value: object, transcript: readonly object[] = []): Activity {
  const attachments =
    transcript.length > 0
      ? [{ contentType: 'application/json', name: 'Transcript', content: { activities: transcript } }]
      : [];
  return Activity.fromObject({ type: 'event', name: 'handoff.initiate', value, attachments });
}

/** What became of the handoff that this turn has asked for. An agent that looks here gets no `handoff.status` event about a failure in the turn itself. */
export function handoffResult(context: TurnContext): HandoffResult | undefined {
  const notes = notesOf(context.turnState);
  notes.handoffRead = true;
  return notes.handoff;
}
