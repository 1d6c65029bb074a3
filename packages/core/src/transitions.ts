import type { Actor, ErrorCode, HolderState } from '@parley/contracts';
import type { CommandType } from './commands.ts';

/**
 * What each command meets in each state: `go`, `suppress` (refused, but kept and shown), `nothing` (true already), or a refusal.
 * Tests iterate this table and the documentation prints it.
 */
export const transitions: Record<CommandType, Record<HolderState, 'go' | 'suppress' | 'nothing' | ErrorCode>> = {
  'user-turn': { 'with-bot': 'go', queued: 'go', assigned: 'go', closed: 'go' },
  'bot-turn': { 'with-bot': 'go', queued: 'suppress', assigned: 'suppress', closed: 'go' },
  'request-handoff': { 'with-bot': 'go', queued: 'nothing', assigned: 'nothing', closed: 'go' },
  offer: { 'with-bot': 'not-queued', queued: 'go', assigned: 'already-held', closed: 'closed' },
  claim: { 'with-bot': 'go', queued: 'go', assigned: 'already-held', closed: 'closed' },
  decline: { 'with-bot': 'no-offer', queued: 'go', assigned: 'no-offer', closed: 'no-offer' },
  reply: { 'with-bot': 'suppress', queued: 'suppress', assigned: 'go', closed: 'suppress' },
  note: { 'with-bot': 'go', queued: 'go', assigned: 'go', closed: 'go' },
  transfer: { 'with-bot': 'with-bot', queued: 'go', assigned: 'go', closed: 'closed' },
  return: { 'with-bot': 'with-bot', queued: 'go', assigned: 'go', closed: 'closed' },
  close: { 'with-bot': 'go', queued: 'go', assigned: 'go', closed: 'closed' },
  end: { 'with-bot': 'go', queued: 'go', assigned: 'go', closed: 'nothing' },
  rate: { 'with-bot': 'go', queued: 'go', assigned: 'go', closed: 'go' },
  deadline: { 'with-bot': 'go', queued: 'go', assigned: 'nothing', closed: 'nothing' },
  requeue: { 'with-bot': 'not-assigned', queued: 'nothing', assigned: 'go', closed: 'not-assigned' },
  'mark-delivered': { 'with-bot': 'go', queued: 'go', assigned: 'go', closed: 'go' },
  'mark-seen': { 'with-bot': 'go', queued: 'go', assigned: 'go', closed: 'go' },
  'fail-delivery': { 'with-bot': 'go', queued: 'go', assigned: 'go', closed: 'go' },
  'delay-delivery': { 'with-bot': 'go', queued: 'go', assigned: 'go', closed: 'go' },
  'take-lane': { 'with-bot': 'go', queued: 'go', assigned: 'go', closed: 'go' },
  'retry-delivery': { 'with-bot': 'go', queued: 'go', assigned: 'go', closed: 'go' },
};

/** Who may give each command at all; whether that person may is a matter of abilities. */
export const givers: Record<CommandType, readonly Actor['type'][]> = {
  'user-turn': ['user'],
  'bot-turn': ['bot'],
  'request-handoff': ['bot', 'user'],
  offer: ['desk'],
  claim: ['person'],
  decline: ['person'],
  reply: ['person'],
  note: ['person'],
  transfer: ['person'],
  return: ['person'],
  close: ['person'],
  end: ['bot', 'user'],
  rate: ['user'],
  deadline: ['desk'],
  requeue: ['desk'],
  'mark-delivered': ['desk'],
  'mark-seen': ['user'],
  'fail-delivery': ['desk'],
  'delay-delivery': ['desk'],
  'take-lane': ['desk'],
  'retry-delivery': ['person', 'desk'],
};
