import type { Delivery, Entry, EntryLedger } from '@parley/contracts';
import { clockTime, exactTime, shortDate } from './time-words.ts';

/** How far a line has come: never a better word than what is known. */
export type DeliveryState = 'stored' | 'delivered' | 'seen' | 'failed';

/** Only what a consultant says travels; for everything else there is nothing to say. */
export function deliveryOf(entry: Entry, delivery: Delivery): DeliveryState | undefined {
  if (entry.kind !== 'message' || entry.by.type !== 'person') return undefined;
  if (entry.seq <= delivery.seenSeq) return 'seen';
  if (entry.seq <= delivery.deliveredSeq) return 'delivered';
  // What is said after a failure waits behind it.
  return delivery.failed === undefined ? 'stored' : 'failed';
}

/** The state in the words below a line. */
export function deliverySentence(state: DeliveryState, { failed, retry }: Delivery, now: number): string {
  switch (state) {
    case 'stored':
      return retry ? `stored, not taken by the bot yet; next try ${when(retry.at, now)}` : 'stored, on its way';
    case 'delivered':
      return 'delivered';
    case 'seen':
      return 'seen';
    case 'failed':
      return `not delivered: ${failed?.reason ?? 'no reason known'}`;
  }
}

export interface LedgerLine {
  what: string;
  when: string;
  detail?: string;
  tone?: 'bad';
}

/** When what became of a line, one thing below the other. What is certain but was not noted says so. */
export function ledgerLines(ledger: EntryLedger, now: number): LedgerLine[] {
  const { composedAt, storedAt, tries, state, deliveredAt, seenAt, failed, retry } = ledger;
  const reached = state === 'delivered' || state === 'seen';
  return [
    ...(composedAt === undefined ? [] : [{ what: 'Written', when: exactTime(composedAt), detail: 'then kept here' }]),
    { what: 'Stored', when: exactTime(storedAt) },
    ...failures(tries),
    ...(reached
      ? [{ what: 'Delivered', when: deliveredAt === undefined ? notNoted : exactTime(deliveredAt) }]
      : [{ what: 'Delivered', when: 'not yet' }]),
    ...(state === 'seen'
      ? [{ what: 'Seen', when: seenAt === undefined ? notNoted : exactTime(seenAt) }]
      : reached
        ? [{ what: 'Seen', when: 'not known' }]
        : []),
    ...(retry ? [{ what: 'Next try', when: when(retry.at, now), detail: retry.reason }] : []),
    ...(failed ? [{ what: 'Failed', when: exactTime(failed.at), detail: failed.reason, tone: 'bad' as const }] : []),
  ];
}

/** The first and the last of many: what lies between looks the same. */
function failures(tries: EntryLedger['tries']): LedgerLine[] {
  const lines = tries.flatMap(({ at, reason }) =>
    reason === undefined ? [] : [{ what: 'Tried', when: exactTime(at), detail: reason, tone: 'bad' as const }],
  );
  const left = lines.length - 4;
  return left < 2 ? lines : [...lines.slice(0, 1), { what: '', when: `${left} more tries` }, ...lines.slice(-3)];
}

const notNoted = 'yes; the time was not noted';

function when(at: number, now: number): string {
  if (at <= now) return 'any moment';
  return at - now < 20 * 60 * 60 * 1000 ? `at ${clockTime(at)}` : `on ${shortDate(at, now)} at ${clockTime(at)}`;
}
