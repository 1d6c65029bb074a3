/** Where the person's eyes are. */
export type Attention = 'here' | 'elsewhere' | 'hidden';

export function attention(visible: boolean, focused: boolean): Attention {
  if (!visible) return 'hidden';
  return focused ? 'here' : 'elsewhere';
}

/** What calls the person, by event and by where they look. An offer always sounds: it goes to somebody else in seconds. */
const matrix = {
  offer: {
    here: { sound: true, desktop: false },
    elsewhere: { sound: true, desktop: true },
    hidden: { sound: true, desktop: true },
  },
  message: {
    here: { sound: false, desktop: false },
    elsewhere: { sound: true, desktop: false },
    hidden: { sound: true, desktop: true },
  },
} as const;

export function signals(event: keyof typeof matrix, where: Attention): { sound: boolean; desktop: boolean } {
  return matrix[event][where];
}

/** `(3) Contoso Bank · Parley`; an offer comes before the count. */
export function titleOf(client: string, offers: number, unread: number): string {
  const badge = offers > 0 ? '▸ Offer · ' : unread > 0 ? `(${unread}) ` : '';
  return `${badge}${client} · Parley`;
}
