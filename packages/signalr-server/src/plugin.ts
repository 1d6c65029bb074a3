import fp from 'fastify-plugin';
import type { EventMap } from './clients.ts';
import { mapHub, type AnyFastify, type EndpointOptions } from './endpoint/map-hub.ts';
import type { Hub } from './hub.ts';

/** Options of the `signalr` plugin. */
export interface SignalrPluginOptions<Events extends EventMap<Events>, Data> extends EndpointOptions<Data> {
  /** Absolute path of the hub, for example `/hubs/desk`. */
  readonly path: string;
  readonly hub: Hub<Events, Data>;
}

/** Fastify 5 plugin that serves one hub: `await app.register(signalr, { path, hub, authenticate })`. Register it once per hub. */
export const signalr = fp(
  async <Events extends EventMap<Events>, Data>(
    app: AnyFastify,
    { path, hub, ...options }: SignalrPluginOptions<Events, Data>,
  ): Promise<void> => mapHub(app, path, hub, options),
  { fastify: '5.x', name: '@parley/signalr-server' },
);
