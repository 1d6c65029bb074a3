import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmulator, type Emulator } from '@parley/stores/emulator';
import { freePorts, root, Service } from './processes.ts';

export type WorldStore = 'sqlite' | 'cosmos';

/** Sandbox, desk and bot as three processes on free ports, with a store of their own: encrypted files, or a Cosmos emulator. */
export class World {
  readonly sandbox: Service;
  readonly desk: Service;
  readonly bot: Service;
  readonly #directory: string;
  readonly #emulator: Emulator | undefined;

  private constructor(
    directory: string,
    [sandbox = 0, desk = 0, bot = 0]: readonly number[],
    emulator: Emulator | undefined,
  ) {
    this.#directory = directory;
    this.#emulator = emulator;
    const url = (port: number) => `http://localhost:${port}`;
    const variables = {
      SANDBOX_PORT: String(sandbox),
      DESK_PORT: String(desk),
      BOT_PORT: String(bot),
      PARLEY_DATA: directory,
      ...(emulator
        ? {
            STORE: 'cosmos',
            COSMOS_ENDPOINT: emulator.endpoint,
            COSMOS_KEY: emulator.key,
            COSMOS_CA: join(directory, 'cosmos.pem'),
          }
        : { STORE: 'sqlite' }),
      LOG_LEVEL: 'warn',
      BOT_LOG: 'warn',
      BOT_TOKENS_PER_MINUTE: '1000',
    };
    this.sandbox = new Service('sandbox', url(sandbox), variables);
    this.desk = new Service('api', url(desk), variables);
    this.bot = new Service('bot', url(bot), variables);
  }

  /** @throws in words when the console or the web chat has not been built */
  static async start(store: WorldStore = 'sqlite'): Promise<World> {
    for (const [variable, room] of [
      ['CONSOLE_DIR', 'apps/console'],
      ['WIDGET_DIR', 'apps/widget'],
    ] as const) {
      if (!process.env[variable] && !existsSync(join(root, room, 'dist')))
        throw new Error(`${room} has not been built: \`npm test\` does it, or \`pnpm --filter ./${room} build\`.`);
    }
    const directory = await mkdtemp(join(tmpdir(), 'parley-e2e-'));
    const emulator = store === 'cosmos' ? await startEmulator() : undefined;
    if (emulator) await writeFile(join(directory, 'cosmos.pem'), emulator.ca);
    const world = new World(directory, await freePorts(3), emulator);
    try {
      await Promise.all(world.services.map((service) => service.start()));
    } catch (error) {
      await world.close();
      throw error;
    }
    return world;
  }

  get services(): readonly Service[] {
    return [this.sandbox, this.desk, this.bot];
  }

  /** Where the pages of this world may get anything from. */
  get origins(): readonly string[] {
    return this.services.map(({ url }) => url);
  }

  async close(): Promise<void> {
    await Promise.all(this.services.map((service) => service.stop()));
    await this.#emulator?.close();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
