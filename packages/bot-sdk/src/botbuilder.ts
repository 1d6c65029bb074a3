import type { Activity, BotAdapter, ConversationReference, Middleware, TurnContext } from 'botbuilder';
import { createBotSide } from './bot-side.ts';
import type { SideOptions } from './bot-side.ts';
import { turnRunner } from './framework.ts';
import type { MiddlewareOptions, Reference, TurnLike } from './framework.ts';
import { callbackHandler } from './http-callback.ts';
import type { CallbackRequest } from './http-callback.ts';
import type { HandoffResult, Parley } from './parley.ts';
import type { ServerResponse } from 'node:http';
import { notesOf } from './turn-state.ts';

export { strictAuthentication } from './botbuilder-auth.ts';
export { eventNames } from './framework.ts';
export type { MiddlewareOptions, Reference } from './framework.ts';
export type { SideOptions } from './bot-side.ts';

/**
 * Takes part in every turn: records it while the bot holds the floor, keeps the bot silent while a person holds it, and makes
 * `handoff.initiate` events into handoffs. Add it before all other middleware.
 */
export function parleyMiddleware(parley: Parley<Reference>, options: MiddlewareOptions = {}): Middleware {
  const run = turnRunner(parley, options);
  return { onTurn: (context, next) => run(context as unknown as TurnLike, next) };
}

/**
 * The route the desk calls. What consultants say goes to the user; what becomes of a handoff goes to `logic` as a `handoff.status` event.
 * @param appId the bot's app id.
 * @param logic what the bot does with an activity, as given to the adapter.
 */
export function parleyCallback(
  parley: Parley<Reference>,
  adapter: Pick<BotAdapter, 'continueConversationAsync'>,
  appId: string,
  logic: (context: TurnContext) => Promise<void>,
  options: SideOptions = {},
): (request: CallbackRequest, response: ServerResponse) => Promise<void> {
  const side = createBotSide<TurnContext & TurnLike>({
    proceed: (reference, turn) =>
      adapter.continueConversationAsync(appId, reference as unknown as ConversationReference, (context) =>
        turn(context as TurnContext & TurnLike),
      ),
    logic,
    send: (context, activity) => context.sendActivity(activity as Partial<Activity>),
    options,
    log: parley.log,
  });
  parley.attach(side);
  return callbackHandler(parley, side);
}

/** What became of the handoff that this turn has asked for. A bot that looks here gets no `handoff.status` event about a failure in the turn itself. */
export function handoffResult(context: TurnContext): HandoffResult | undefined {
  const notes = notesOf(context.turnState);
  notes.handoffRead = true;
  return notes.handoff;
}
