import { abilityNames, type Abilities, type AbilityName, type Conversation, type ErrorCode } from '@parley/contracts';
import type { Policy } from './policy.ts';
import type { Caller } from './ports.ts';
import { transitions } from './transitions.ts';

/** @returns undefined where the caller may, else the code the command would be refused with */
export function refusal(
  caller: Caller,
  ability: AbilityName,
  conversation: Conversation,
  policy: Policy,
): ErrorCode | undefined {
  const { holder } = conversation;
  if (!reads(caller, conversation)) {
    // Who lost a race is told who won, and who held it once may learn that it moved on. To others it does not exist.
    if (ability === 'claim' && holder.state === 'assigned' && consults(caller) && caller.queues.includes(holder.queue))
      return 'already-held';
    return ability === 'reply' && consults(caller) && heldOnce(conversation, caller) ? 'not-holder' : 'not-found';
  }
  const inState = ability === 'read' || ability === 'export' ? 'go' : transitions[ability][holder.state];
  if (inState !== 'go' && inState !== 'suppress')
    return inState === 'already-held' && holds(caller, conversation) ? 'already-yours' : (inState as ErrorCode);

  switch (ability) {
    case 'read':
      return undefined;
    case 'export':
      return supervises(caller) ? undefined : 'forbidden';
    case 'claim':
      return claimRefusal(caller, conversation, policy);
    case 'decline':
      return holder.state === 'queued' && holder.offer?.to.id === caller.id ? undefined : 'no-offer';
    case 'reply':
      if (holds(caller, conversation)) return undefined;
      if (holder.state === 'with-bot') return 'with-bot';
      return holder.state === 'closed' ? 'closed' : 'not-holder';
    case 'note':
      return undefined;
    case 'transfer':
    case 'return':
    case 'close':
      if (supervises(caller) || holds(caller, conversation)) return undefined;
      if (holder.state === 'queued' && caller.queues.includes(holder.queue)) return undefined;
      return 'not-holder';
  }
}

/** What the caller may do, by name: `yes`, or why not. */
export function abilities(caller: Caller, conversation: Conversation, policy: Policy): Abilities {
  return Object.fromEntries(
    abilityNames.map((name) => [name, refusal(caller, name, conversation, policy) ?? 'yes']),
  ) as Abilities;
}

/**
 * Whether the caller may see the conversation at all. Supervisors see all of their client's. Consultants see what they hold,
 * what waits in queues they serve, what is offered to or reserved for them, and, to finish their notes, what they held last.
 */
export function reads(caller: Caller, conversation: Conversation): boolean {
  if (supervises(caller)) return true;
  if (!consults(caller)) return false;
  const { holder, handoff } = conversation;
  switch (holder.state) {
    case 'assigned':
      return holder.consultant.id === caller.id;
    case 'queued':
      return (
        caller.queues.includes(holder.queue) ||
        holder.offer?.to.id === caller.id ||
        holder.reservedFor?.id === caller.id
      );
    default:
      return handoff?.acceptedBy?.id === caller.id;
  }
}

export function supervises(caller: Pick<Caller, 'roles'>): boolean {
  return caller.roles.includes('Supervisor');
}

export function consults(caller: Pick<Caller, 'roles'>): boolean {
  return caller.roles.includes('Consultant') || caller.roles.includes('Supervisor');
}

export function administers(caller: Pick<Caller, 'roles'>): boolean {
  return caller.roles.includes('Admin');
}

export function holds(caller: Caller, conversation: Conversation): boolean {
  return conversation.holder.state === 'assigned' && conversation.holder.consultant.id === caller.id;
}

/** Whether the caller held it in this episode. */
export function heldOnce(conversation: Conversation, caller: Pick<Caller, 'id'>): boolean {
  return conversation.handoff?.heldBy.includes(caller.id) ?? false;
}

function claimRefusal(caller: Caller, { holder }: Conversation, policy: Policy): ErrorCode | undefined {
  if (holder.state === 'with-bot') {
    if (!policy.uninvited || !supervises(caller)) return 'with-bot';
  } else if (holder.state === 'queued') {
    const invited = holder.offer?.to.id === caller.id || holder.reservedFor?.id === caller.id;
    if (holder.reservedFor && !invited && !supervises(caller)) return 'reserved';
    if (!invited && !supervises(caller) && !caller.queues.includes(holder.queue)) return 'not-served';
  }
  return caller.load >= caller.capacity ? 'at-capacity' : undefined;
}
