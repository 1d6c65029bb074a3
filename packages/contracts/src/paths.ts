/** Paths of the desk. `{id}` is a conversation id. */
export const paths = {
  hub: '/hub',
  session: '/v1/session',
  presence: '/v1/session/presence',
  people: '/v1/people',
  conversations: '/v1/conversations',
  conversation: (id: string) => `/v1/conversations/${id}`,
  entries: (id: string) => `/v1/conversations/${id}/entries`,
  ledger: (id: string, seq: number | string) => `/v1/conversations/${id}/entries/${seq}/ledger`,
  command: (id: string, command: string) => `/v1/conversations/${id}/${command}`,
  draft: (id: string) => `/v1/conversations/${id}/draft`,
  export: (id: string) => `/v1/conversations/${id}/export`,
  changes: '/v1/changes',
  transcripts: '/v1/transcripts',
  overview: '/v1/overview',
  signIn: (client: string) => `/v1/public/clients/${client}/sign-in`,
  botTurns: '/v1/bot/turns',
  botHandoffs: '/v1/bot/handoffs',
  botReceipts: '/v1/bot/receipts',
  botSignals: '/v1/bot/signals',
  botEndings: '/v1/bot/endings',
  botRatings: '/v1/bot/ratings',
  botFloor: '/v1/bot/floor',
  health: '/healthz',
  ready: '/readyz',
  metrics: '/metrics',
  openapi: '/openapi.json',
  docs: '/docs',
} as const;

/** Header names of Standard Webhooks, as the callback carries them. */
export const webhookHeaders = {
  id: 'webhook-id',
  timestamp: 'webhook-timestamp',
  signature: 'webhook-signature',
} as const;

/** The delegated permission people's tokens must carry, and the app role of bots. */
export const scope = 'Desk.Access';
export const botRole = 'Bot';
