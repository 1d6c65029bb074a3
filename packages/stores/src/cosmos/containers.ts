import type { Container, ContainerDefinition, CosmosClient } from '@azure/cosmos';
import { Refused, type Wire } from './wire.ts';

/** `log`: one partition per conversation, `{client}/{id}`, with its head and its entries. */
export const logDefinition = {
  id: 'log',
  partitionKey: { paths: ['/conversation'] },
  indexingPolicy: {
    indexingMode: 'consistent',
    automatic: true,
    includedPaths: ['/conversation/?', '/client/?', '/type/?', '/first/?', '/last/?'].map((path) => ({ path })),
    excludedPaths: [{ path: '/*' }],
  },
} satisfies ContainerDefinition;

/** `desk`: three partitions per client: `{client}` with what lists show, `{client}/documents` and `{client}/audit`. */
export const deskDefinition = {
  id: 'desk',
  partitionKey: { paths: ['/partition'] },
  indexingPolicy: {
    indexingMode: 'consistent',
    automatic: true,
    includedPaths: [
      '/partition/?',
      '/type/?',
      '/change/?',
      '/place/?',
      '/queue/?',
      '/consultant/?',
      '/due/?',
      '/undelivered/?',
      '/user/?',
      '/opened/?',
      '/updated/?',
      '/facts/openedAt/?',
      '/facts/state/?',
      '/facts/outcome/?',
      '/facts/channel/?',
      '/facts/handoff/?',
      '/facts/consultants/[]/?',
      '/facts/queues/[]/?',
      '/words/[]/?',
      '/kind/?',
      '/n/?',
    ].map((path) => ({ path })),
    excludedPaths: [{ path: '/*' }],
  },
} satisfies ContainerDefinition;

export type Containers = { log: Container; desk: Container };

/**
 * Finds the containers, and makes what is missing where the sign-in may: keys may, data roles may not.
 *
 * @throws Error that says what to do when something is missing and cannot be made, or is keyed otherwise
 */
export async function openContainers(cosmos: CosmosClient, database: string, wire: Wire): Promise<Containers> {
  const home = cosmos.database(database);
  const existing = async (container: Container) =>
    (await found(() => wire.call('open', (abortSignal) => container.read({ abortSignal }))))?.resource;

  const open = async (definition: typeof logDefinition | typeof deskDefinition) => {
    const container = home.container(definition.id);
    const there = await existing(container);
    if (there) {
      const paths = there.partitionKey?.paths ?? [];
      if (paths.join() !== definition.partitionKey.paths.join())
        throw new Error(
          `Container ${database}/${definition.id} has the partition key ${paths.join()}, not ${definition.partitionKey.paths.join()}: name another database in COSMOS_DATABASE.`,
        );
      return container;
    }
    await made(`${database}/${definition.id}`, () =>
      wire.call('open', (abortSignal) => home.containers.create(definition, { abortSignal })),
    );
    return container;
  };

  if (!(await found(() => wire.call('open', (abortSignal) => home.read({ abortSignal })))))
    await made(database, () =>
      wire.call('open', (abortSignal) => cosmos.databases.create({ id: database }, { abortSignal })),
    );
  return { log: await open(logDefinition), desk: await open(deskDefinition) };
}

async function found<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return undefined;
    throw error;
  }
}

async function made(what: string, make: () => Promise<unknown>): Promise<void> {
  try {
    await make();
  } catch (error) {
    // Another process was faster.
    if (error instanceof Refused && error.status === 409) return;
    throw new Error(
      `${what} is missing in Cosmos and could not be made: create it as docs/cosmos.md says, or sign in once with COSMOS_KEY.`,
      { cause: error },
    );
  }
}
