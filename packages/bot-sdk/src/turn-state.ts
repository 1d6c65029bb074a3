import type { HandoffResult } from './parley.ts';
import type { Progress } from './receiver.ts';

/** What the SDK notes while one turn of the bot runs. */
export interface TurnNotes {
  /** Place in the desk's log of the handoff or status that this turn is about: its lines reach the user although a person holds the floor. */
  announces?: number;
  progress?: Progress;
  /** Lines still to be passed over, because a broken attempt has shown them. */
  skip?: number;
  /** The channel refused a line of this turn. */
  channelError?: unknown;
  handoff?: HandoffResult;
  /** The bot has looked at {@link TurnNotes.handoff} and needs no event about it. */
  handoffRead?: boolean;
  /** The turn passes on what the desk says: nothing of it is recorded or held back. */
  relay?: boolean;
  /** The turn is made by the SDK: nothing in it is the user's doing. */
  own?: boolean;
}

/** Turn contexts are handed around as revocable proxies; `turnState` is the same object behind all of them. */
const notesByTurn = new WeakMap<object, TurnNotes>();

export function notesOf(turnState: object): TurnNotes {
  let notes = notesByTurn.get(turnState);
  if (!notes) {
    notes = {};
    notesByTurn.set(turnState, notes);
  }
  return notes;
}
