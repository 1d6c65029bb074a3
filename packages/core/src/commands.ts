import type { Actor, Attachment, HandoffPacket, PersonRef, ReturnPacket, User } from '@parley/contracts';
import type { Caller } from './ports.ts';

/**
 * Everything that can be asked of a conversation. `id` is the sender's; repeating it has no second effect.
 * `epoch` is the one the sender judged by: what came in between makes a reply late and a requeue needless.
 * `lane` is the number of the delivery lane the sender holds, or, to take it, the one it was seen with.
 * `at` is when a line was said, in ms since the epoch, where the desk hears of it later; displayed, and nothing else.
 */
export type Command =
  | { type: 'user-turn'; id: string; text: string; attachments?: Attachment[]; user: User; at?: number }
  | { type: 'bot-turn'; id: string; text: string; attachments?: Attachment[]; announces?: number; at?: number }
  | { type: 'request-handoff'; id: string; queue?: string; packet: HandoffPacket; user: User }
  | { type: 'offer'; id: string; to: PersonRef }
  | { type: 'claim'; id: string }
  | { type: 'decline'; id: string; reason: string }
  | { type: 'reply'; id: string; text: string; epoch: number }
  | { type: 'note'; id: string; text: string }
  | { type: 'transfer'; id: string; to: { queue: string } | { person: PersonRef }; comment?: string }
  | { type: 'return'; id: string; packet: ReturnPacket }
  | { type: 'close'; id: string; outcome: string; comment?: string }
  | { type: 'end'; id: string; reason: 'user-left' | 'bot-ended' }
  | { type: 'rate'; id: string; score: number; comment?: string }
  | { type: 'deadline'; id: string }
  | { type: 'requeue'; id: string; reason: string; epoch: number }
  | { type: 'mark-delivered'; id: string; seq: number; lane: number }
  | { type: 'mark-seen'; id: string; seq: number }
  | { type: 'fail-delivery'; id: string; of: number; reason: string; lane: number }
  | { type: 'delay-delivery'; id: string; tries: number; until: number; reason: string; lane: number }
  | { type: 'take-lane'; id: string; lane: number }
  | { type: 'retry-delivery'; id: string };

export type CommandType = Command['type'];

/** Who gives a command: a person with rights, or one of the others as they are recorded. */
export type By = Exclude<Actor, { type: 'person' }> | Caller;

/** How the giver of a command is recorded. */
export function actorOf(by: By): Actor {
  return by.type === 'person' ? { type: 'person', id: by.id, name: by.name } : by;
}
