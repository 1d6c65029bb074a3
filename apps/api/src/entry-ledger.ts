import { isOutbound, type Conversation, type Entry, type EntryLedger } from '@parley/contracts';
import type { ClientDesk } from './client-desk.ts';

/** What became of one entry: its state from the head, which is certain, and the times from the ledger, as far as noted. */
export async function ledgerOf(
  desk: ClientDesk,
  { id, delivery }: Conversation,
  seq: number,
): Promise<EntryLedger | undefined> {
  const [entry] = await desk.store.entries(id, { after: seq - 1, limit: 1 });
  if (!entry) return undefined;
  const { tries, seenAt, composedAt } = await desk.ledger.of(id, seq);
  const outbound = isOutbound(entry);
  const state = outbound ? stateOf(seq, delivery) : 'stored';
  const taken = tries.find(({ reason }) => reason === undefined);
  const reached = state === 'delivered' || state === 'seen';
  return {
    seq,
    state,
    outbound,
    ...(composedAt === undefined ? {} : { composedAt }),
    storedAt: entry.at,
    tries: tries.map(({ at, took, reason }) => ({ at, took, ...(reason === undefined ? {} : { reason }) })),
    ...(reached && taken ? { deliveredAt: taken.at + taken.took } : {}),
    ...(state === 'seen' && seenAt !== undefined ? { seenAt } : {}),
    ...(state === 'failed' ? { failed: delivery.failed } : {}),
    ...(outbound && state === 'stored' && delivery.retry ? { retry: delivery.retry } : {}),
  };
}

/** Notes when a reply was written, where its sender says so: never later than it was stored. */
export function noteComposed(desk: ClientDesk, { conversation, entries }: Written, body: object): void {
  const at = 'composedAt' in body ? body.composedAt : undefined;
  const entry = entries[0];
  if (typeof at === 'number' && entry) desk.ledger.composed(conversation.id, entry.seq, Math.min(at, entry.at));
}

type Written = { conversation: Conversation; entries: readonly Entry[] };

function stateOf(seq: number, delivery: Conversation['delivery']): EntryLedger['state'] {
  if (seq <= delivery.deliveredSeq) return seq <= delivery.seenSeq ? 'seen' : 'delivered';
  return delivery.failed ? 'failed' : 'stored';
}
