import { Agent } from 'node:https';
import { rootCertificates } from 'node:tls';
import type { CosmosClient } from '@azure/cosmos';
import { StoreUnavailable, type Stores } from '@parley/core';
import { checkClient } from '../rules.ts';
import type { StoreLog } from '../sqlite/writer.ts';
import { openContainers, type Containers } from './containers.ts';
import { Gate } from './gate.ts';
import { CosmosStore } from './store.ts';
import { Wire, type Charge, type Retry } from './wire.ts';

export type CosmosOptions = {
  /** `https://<account>.documents.azure.com`. */
  endpoint: string;
  /** Key of the account. Without it: the identity of the machine, a workload or a developer (`DefaultAzureCredential`). */
  key?: string;
  /** Holds the containers `log` and `desk`; made when missing and the sign-in may. Default `parley`. */
  database?: string;
  /** Certificate authority besides the usual ones, PEM: for emulators and inspecting proxies. */
  ca?: string;
  /** Told what each answer cost. Must not throw. */
  onCharge?: (charge: Charge) => void;
  /** Told of each request that is asked again. Must not throw. */
  onRetry?: (retry: Retry) => void;
  log?: StoreLog;
  /** Milliseconds after which one attempt is given up (default 8,000), and after which a call is (default 20,000). */
  patience?: { attempt?: number; deadline?: number };
  /** Requests at once. Default 32: at 6 ms each that is 5,000 a second. */
  connections?: number;
  /** Seconds between two looks for commits of processes that ended before lists showed them. Default 30. */
  repairSeconds?: number;
};

/**
 * Stores in Azure Cosmos DB for NoSQL. Several processes may share a database.
 *
 * `open` rejects with `StoreUnavailable` when Cosmos cannot be reached or refuses the sign-in, and with an Error that says
 * what to do when a container is missing and cannot be made, or is keyed otherwise.
 *
 * @throws RangeError for an endpoint that is not https
 */
export function cosmosStores(options: CosmosOptions): Stores {
  const { database = 'parley', connections = 32, repairSeconds = 30, patience = {}, log } = options;
  if (!options.endpoint.startsWith('https://')) throw new RangeError('Cosmos is spoken to over https only.');
  const gate = new Gate(connections);
  const stores = new Map<string, Promise<CosmosStore>>();
  let connection: Promise<{ cosmos: CosmosClient; agent: Agent }> | undefined;
  let containers: Promise<Containers> | undefined;
  let closed = false;

  async function make(client: string): Promise<CosmosStore> {
    const { onCharge, onRetry } = options;
    const { attempt = 8_000, deadline = 20_000 } = patience;
    const wire = new Wire({ client, onCharge, onRetry, log, gate, attempt, deadline });
    const { cosmos } = await (connection ??= connect(options));
    containers ??= openContainers(cosmos, database, wire);
    containers.catch(() => (containers = undefined));
    const store = new CosmosStore(wire, await containers, log);
    try {
      await store.start(repairSeconds);
    } catch (error) {
      await store.close();
      throw error;
    }
    if (!closed) return store;
    await store.close();
    throw new StoreUnavailable('The stores are closed.');
  }

  return {
    async open(client) {
      checkClient(client);
      if (closed) throw new StoreUnavailable('The stores are closed.');
      const known = stores.get(client);
      if (known) return known;
      const opening = make(client);
      stores.set(client, opening);
      // A failed attempt must not be the answer for ever.
      opening.catch(() => stores.delete(client));
      return opening;
    },
    async close() {
      closed = true;
      const opened = await Promise.allSettled(stores.values());
      await Promise.all(opened.map((store) => (store.status === 'fulfilled' ? store.value.close() : undefined)));
      const connected = await connection?.catch(() => undefined);
      connected?.cosmos.dispose();
      connected?.agent.destroy();
    },
  };
}

/** The libraries take their time to load: only those who use Cosmos wait for it. */
async function connect({ endpoint, key, ca }: CosmosOptions): Promise<{ cosmos: CosmosClient; agent: Agent }> {
  const { CosmosClient: Client } = await import('@azure/cosmos');
  const agent = new Agent({ keepAlive: true, ...(ca !== undefined && { ca: [...rootCertificates, ca] }) });
  const { hostname } = new URL(endpoint);
  const cosmos = new Client({
    endpoint,
    ...(key === undefined
      ? { aadCredentials: new (await import('@azure/identity')).DefaultAzureCredential() }
      : { key }),
    agent,
    userAgentSuffix: 'parley',
    connectionPolicy: {
      // Emulators name an address of their own; an account names its regions.
      enableEndpointDiscovery: hostname !== 'localhost' && hostname !== '127.0.0.1',
      // One rule for all pauses and repetitions: that of the wire, which counts them and keeps to a deadline.
      retryOptions: { maxRetryAttemptCount: 0, fixedRetryIntervalInMilliseconds: 0, maxWaitTimeInSeconds: 0 },
    },
  });
  return { cosmos, agent };
}
