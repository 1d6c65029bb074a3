/** How an app vouches for somebody: ten minutes ago, or days before that. */
export const verified = (as: string, daysAgo = 0) => ({
  as,
  by: 'Contoso app',
  at: Date.now() - (daysAgo * 24 * 3_600 + 600) * 1_000,
});

/** Somebody who has been here before. */
export const jonas = { id: 'dl_jonas', name: 'Jonas Weber', language: 'de-DE', verified: verified('Jonas Weber') };
