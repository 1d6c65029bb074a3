import type { FastifyPluginAsync } from 'fastify';
import { mapHub, type EndpointOptions } from './endpoint/map-hub.ts';
import type { Hub } from './hub.ts';

/**
 * Options of the `signalr` plugin. Fastify cannot relate the types of one option to another, so `hub` and `authenticate`
 * are not checked against each other here; `mapHub` does that.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- see above
export interface SignalrPluginOptions extends EndpointOptions<any> {
  /** Absolute path of the hub, for example `/hubs/desk`. */
  readonly path: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- see above
  readonly hub: Hub<any, any>;
}

/** Fastify 5 plugin that serves one hub: `await app.register(signalr, { path, hub, authenticate })`. Register it once per hub. */
export const signalr: FastifyPluginAsync<SignalrPluginOptions> = async (app, { path, hub, ...options }) =>
  mapHub(app, path, hub, options);

// Fastify's mark for a plugin without a scope of its own: several hubs on one instance then share its WebSockets.
Object.assign(signalr, { [Symbol.for('skip-override')]: true });
