import type { FastifyPluginAsync } from 'fastify';
import fp from 'fastify-plugin';
import { mapHub, type AnyFastify, type EndpointOptions } from './endpoint/map-hub.ts';
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
export const signalr: FastifyPluginAsync<SignalrPluginOptions> = fp(
  async (app: AnyFastify, { path, hub, ...options }: SignalrPluginOptions) => mapHub(app, path, hub, options),
  { fastify: '5.x', name: '@parley/signalr-server' },
);
