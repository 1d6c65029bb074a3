import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, root, Service } from './processes.ts';

/** Sandbox, desk and bot as three processes on free ports, with an encrypted store of their own. */
export class World {
  readonly sandbox: Service;
  readonly desk: Service;
  readonly bot: Service;
  readonly #directory: string;

  private constructor(directory: string, [sandbox = 0, desk = 0, bot = 0]: readonly number[]) {
    this.#directory = directory;
    const url = (port: number) => `http://localhost:${port}`;
    const variables = {
      SANDBOX_PORT: String(sandbox),
      DESK_PORT: String(desk),
      BOT_PORT: String(bot),
      PARLEY_DATA: directory,
      STORE: 'sqlite',
      LOG_LEVEL: 'warn',
      BOT_LOG: 'warn',
      BOT_TOKENS_PER_MINUTE: '1000',
    };
    this.sandbox = new Service('sandbox', url(sandbox), variables);
    this.desk = new Service('api', url(desk), variables);
    this.bot = new Service('bot', url(bot), variables);
  }

  /** @throws in words when the console or the web chat has not been built */
  static async start(): Promise<World> {
    for (const [variable, room] of [
      ['CONSOLE_DIR', 'apps/console'],
      ['WIDGET_DIR', 'apps/widget'],
    ] as const) {
      if (!process.env[variable] && !existsSync(join(root, room, 'dist')))
        throw new Error(`${room} has not been built: \`npm test\` does it, or \`pnpm --filter ./${room} build\`.`);
    }
    const world = new World(await mkdtemp(join(tmpdir(), 'parley-e2e-')), await freePorts(3));
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
    await rm(this.#directory, { recursive: true, force: true });
  }
}
