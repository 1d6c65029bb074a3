import type { Committed } from './desk.ts';
import type { Events } from './events.ts';

/** Tells the business events what a durable change meant. One change, as many events as it has entries that count. */
export function observe(events: Events, client: string, { before, conversation: after, entries }: Committed): void {
  const conversation = after.id;
  const queue = 'queue' in after.holder ? after.holder.queue : (after.handoff?.queue ?? 'none');
  for (const entry of entries) {
    const person = entry.by.type === 'person' ? entry.by.id : 'desk';
    switch (entry.kind) {
      case 'message':
        if (entry.by.type === 'person')
          events.replied({
            client,
            conversation,
            person,
            ...(before.unansweredSince === undefined ? {} : { waited: (entry.at - before.unansweredSince) / 1000 }),
          });
        else if (entry.by.type !== 'desk') events.turnRecorded({ client, speaker: entry.by.type, outcome: 'stored' });
        break;
      case 'suppressed':
        events.suppressed({ client, conversation, speaker: entry.by.type });
        break;
      case 'handoff-requested':
        events.handoffRequested({ client, queue: entry.queue, conversation });
        break;
      case 'offered':
        events.offered({ client, queue, conversation, person: entry.to.id });
        break;
      case 'offer-declined':
        events.offerPassed({ client, queue, conversation, why: 'declined' });
        break;
      case 'offer-expired':
        events.offerPassed({ client, queue, conversation, why: 'expired' });
        break;
      case 'accepted':
        events.claimed({
          client,
          queue: entry.queue,
          conversation,
          person: entry.consultant.id,
          waited: (entry.at - (after.handoff?.requestedAt ?? entry.at)) / 1000,
        });
        break;
      case 'note':
        events.noted({ client, conversation, person });
        break;
      case 'transferred':
        events.transferred({ client, queue: entry.queue, conversation, to: 'person' in entry.to ? 'person' : 'queue' });
        break;
      case 'requeued':
        events.requeued({ client, queue: entry.queue, conversation, why: entry.reason });
        break;
      case 'returned':
        events.returned({ client, conversation, by: entry.by.type === 'person' ? 'person' : 'desk' });
        break;
      case 'closed':
        events.closed({ client, conversation, by: entry.by.type, outcome: entry.outcome });
        break;
      case 'rated':
        events.rated({ client, conversation, score: entry.score });
        break;
      case 'delivery-failed':
        events.deliveryFailed({ client, conversation, reason: entry.reason, final: true });
        break;
      case 'user-left':
        break;
    }
  }
}
