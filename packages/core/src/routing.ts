import type { Conversation, PersonRef, Presence } from '@parley/contracts';

/**
 * Whom to offer a waiting conversation: available, serves the queue, has room, has not passed on it.
 * The lowest load relative to capacity first, then who has been in that state longest, then the id.
 *
 * @param people presences of the client's consultants
 * @param pending offers each person has been made and not answered, by person id
 * @returns undefined where nobody is to be asked now
 */
export function pick(
  conversation: Conversation,
  people: readonly Presence[],
  pending: ReadonlyMap<string, number>,
): PersonRef | undefined {
  const { holder } = conversation;
  if (holder.state !== 'queued' || holder.offer) return undefined;
  const { reservedFor } = holder;
  const burden = (one: Presence) => (one.load + (pending.get(one.person.id) ?? 0)) / Math.max(1, one.capacity);
  const candidates = people
    .filter((one) => one.state === 'available' && burden(one) < 1)
    // One question at a time: nobody is asked twice at once.
    .filter((one) => !pending.get(one.person.id))
    .filter((one) =>
      reservedFor
        ? one.person.id === reservedFor.id
        : one.queues.includes(holder.queue) && !holder.passedBy.includes(one.person.id),
    )
    .sort((a, b) => burden(a) - burden(b) || a.since - b.since || (a.person.id < b.person.id ? -1 : 1));
  return candidates[0]?.person;
}
