/** What a desk process is made of, for those who put it together without a port: simulations. `createApi` is for all others. */
export { ClientDesks, type ClientDesk, type Parts } from './client-desk.ts';
export type { Callback } from './callback.ts';
export { createDesk, type Committed, type Desk, type Outcome } from './desk.ts';
export { createDeskHub, type DeskHub, type HubData, type MakeHub } from './hub.ts';
export { createErrorHandler } from './problems.ts';
export { botRoutes } from './routes/bots.ts';
export { peopleRoutes } from './routes/people.ts';
export type { Api } from './server.ts';
