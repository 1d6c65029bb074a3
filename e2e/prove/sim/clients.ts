import type { Client } from '@parley/api';
import { canaryOf, clientIds } from './truth.ts';

/** The clients of every simulated desk: small queues and short deadlines, so that much happens in a minute. */
export const clients: readonly Client[] = clientIds.map((id, n) => ({
  id,
  name: id,
  kind: 'client',
  tenant: `tenant-${n}`,
  issuer: `https://login.sandbox.test/tenant-${n}/v2.0`,
  jwksUrl: `https://login.sandbox.test/tenant-${n}/keys`,
  cloudInstance: 'https://login.sandbox.test/',
  audience: `audience-${n}`,
  consoleAppId: `console-${n}`,
  allowedApps: [`console-${n}`],
  scopes: ['Desk.Access'],
  allowGuests: false,
  suspended: false,
  signIn: { authority: 'https://login.sandbox.test', scopes: [] },
  bots: [
    {
      appId: `bot-${n}`,
      id: `${id}-bot`,
      name: `${id} bot`,
      callbackUrl: `https://bot.test/${id}`,
      callbackSecrets: ['whsec_c2ltdWxhdGVkIHNlY3JldA=='],
    },
  ],
  people: [],
  policy: {
    queues: [
      { id: 'general', name: 'General', warnAfter: 5, dueAfter: 10, deadlineSeconds: 8, fallback: { to: 'bot' } },
      {
        id: 'cards',
        name: 'Cards',
        warnAfter: 5,
        dueAfter: 10,
        deadlineSeconds: 8,
        fallback: { to: 'queue', queue: 'general' },
      },
    ],
    defaultQueue: 'general',
    outcomes: [{ id: 'resolved', name: 'Resolved' }],
    offerSeconds: 3,
    goneSeconds: 8,
    takeBackSeconds: 4,
    uninvited: true,
    capacity: 2,
  },
  replies: [{ id: 'hello', title: 'Hello', text: `Hello ${canaryOf(id)}` }],
  embedOrigins: [],
  chatOrigins: [],
}));

/** Ids of people look like those of Entra. */
export function personId(client: number, n: number): string {
  return `c017050${client}-0000-4000-8000-00000000010${n}`;
}
