import type { Delivery, Entry } from '@parley/contracts';

/** How far a line has come: never a better word than what is known. */
export type DeliveryState = 'stored' | 'delivered' | 'seen' | 'failed';

/** Only what a consultant says travels; for everything else there is nothing to say. */
export function deliveryOf(entry: Entry, delivery: Delivery): DeliveryState | undefined {
  if (entry.kind !== 'message' || entry.by.type !== 'person') return undefined;
  if (entry.seq <= delivery.seenSeq) return 'seen';
  if (entry.seq <= delivery.deliveredSeq) return 'delivered';
  if (delivery.failed !== undefined && entry.seq >= delivery.failed.seq) return 'failed';
  return 'stored';
}

export function deliveryWords(state: DeliveryState): string {
  switch (state) {
    case 'stored':
      return 'stored, on its way';
    case 'delivered':
      return 'delivered to device';
    case 'seen':
      return 'seen';
    case 'failed':
      return 'not delivered';
  }
}
