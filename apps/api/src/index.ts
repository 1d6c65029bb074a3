export { createApi, type ApiOptions, type ComposedApi } from './compose.ts';
export { createEgress } from './egress.ts';
export { createClients, parseClients, type Client, type Clients } from './clients.ts';
export { loadConfig, type Config } from './config.ts';
export { realHost } from './host.ts';
export { createLogger } from './logging.ts';
export { conversationId } from './ids.ts';
export { sign } from './callback.ts';
