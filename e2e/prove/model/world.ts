import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { paths, type OutboundEntry, type PersonRef } from '@parley/contracts';
import {
  botOf,
  person,
  startDesk,
  type BotCaller,
  type Caller,
  type ReceivedCallback,
  type TestDesk,
} from '@parley/testkit';
import { openScreen, type Screen } from '../cache/screen.ts';

/** The people of the model, and what the sandbox says of them; written down here once more, so that it is checked. */
export const people = {
  ana: { client: 'contoso', email: 'ana@contoso.example', queues: ['cards', 'payments', 'general'], supervises: false },
  lukas: { client: 'contoso', email: 'lukas@contoso.example', queues: ['cards', 'general'], supervises: false },
  marta: {
    client: 'contoso',
    email: 'marta@contoso.example',
    queues: ['cards', 'payments', 'general'],
    supervises: true,
  },
  noor: { client: 'fabrikam', email: 'noor@fabrikam.example', queues: ['claims', 'general'], supervises: false },
  ines: { client: 'fabrikam', email: 'ines@fabrikam.example', queues: ['claims', 'general'], supervises: true },
} as const;
export type Name = keyof typeof people;
export type ClientName = 'contoso' | 'fabrikam';
export const names = Object.keys(people) as Name[];
const withScreen = ['ana', 'lukas', 'marta', 'noor'] as const;

/** The real desk on encrypted files, which can be stopped and started again on them, with people and their screens. */
export class World {
  desk!: TestDesk;
  readonly refs = new Map<Name, PersonRef>();
  readonly screens = new Map<Name, { screen: Screen; line: Line }>();
  /** What bots were told, by client and conversation, as it arrived. */
  readonly heard = new Map<string, OutboundEntry[]>();
  /** Bodies of callbacks, for what must not be in them. */
  readonly bodies: Record<ClientName, string[]> = { contoso: [], fabrikam: [] };
  readonly #directory: string;
  readonly #storeKey = randomBytes(32).toString('base64');
  readonly #clock = { wall: 0, steady: 0 };

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async open(): Promise<World> {
    const world = new World(await mkdtemp(join(tmpdir(), 'parley-model-')));
    await world.#start();
    for (const name of names) {
      const { me } = (await world.as(name).get<{ me: PersonRef }>(paths.session)).body;
      world.refs.set(name, { id: me.id, name: me.name });
    }
    for (const name of withScreen) {
      const line = await openLine(() => Number(new URL(world.desk.url).port));
      const real = {
        get url() {
          return world.desk.url;
        },
        token: (email: string) => world.desk.token(email),
      };
      world.screens.set(name, { screen: await openScreen({ real, email: people[name].email, url: line.url }), line });
    }
    return world;
  }

  as(name: Name): Caller {
    return person(this.desk, people[name].email);
  }

  bot(client: ClientName): BotCaller {
    return botOf(this.desk, client);
  }

  async restart(): Promise<void> {
    await this.desk.close();
    await this.#start();
  }

  async close(): Promise<void> {
    for (const { screen, line } of this.screens.values()) {
      await screen.stop();
      await line.close();
    }
    await this.desk.close();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    this.desk = await startDesk({
      store: 'sqlite',
      directory: this.#directory,
      storeKey: this.#storeKey,
      clock: this.#clock,
      answerCallback: (callback) => this.#called(callback),
    });
  }

  #called({ client, raw, body }: ReceivedCallback): number {
    this.bodies[client as ClientName].push(raw);
    if (body.type !== 'conversation.entries') return 204;
    const heard = this.heard.get(body.id) ?? [];
    // The bot's side drops what it has seen by number, as the SDK does.
    const last = heard.at(-1)?.seq ?? 0;
    heard.push(...body.entries.filter(({ seq }) => seq > last));
    this.heard.set(body.id, heard);
    return 204;
  }
}

export type Line = { url: string; cut(): void; close(): Promise<void> };

/** A TCP line to wherever the desk is now; `cut` breaks what is connected. */
async function openLine(port: () => number): Promise<Line> {
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port(), '127.0.0.1');
    for (const end of [near, far]) {
      open.add(end);
      end
        .on('error', () => end.destroy())
        .on('close', () => {
          open.delete(end);
          (end === near ? far : near).destroy();
        });
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const end of open) end.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
