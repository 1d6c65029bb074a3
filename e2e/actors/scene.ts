import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContext, BrowserContextOptions } from 'playwright';
import type { Person } from '@parley/sandbox';
import type { Cast } from './cast.ts';
import { Consultant } from './consultant.ts';
import { root } from './processes.ts';
import type { Seat } from './seat.ts';
import { Supervisor } from './supervisor.ts';
import { TeamsUser } from './teams-user.ts';
import { User } from './user.ts';
import { Witness } from './witness.ts';
import type { World } from './world.ts';

/** Where the actors of one journey meet. Each has a browser of their own: nothing is shared but the processes. */
export class Scene {
  readonly world: World;
  readonly cast: Cast;
  readonly #browser: Browser;
  readonly #seats: { who: string; context: BrowserContext; witness: Witness }[] = [];

  constructor(world: World, cast: Cast, browser: Browser) {
    this.world = world;
    this.cast = cast;
    this.#browser = browser;
  }

  /** Somebody on the client's page, with the chat still closed. */
  async user(who = 'user', options: BrowserContextOptions = {}): Promise<User> {
    return User.visits(await this.seat(who, options), this.world.bot.url + this.cast.page);
  }

  /** Somebody in the Teams-like page of the sandbox. */
  async teamsUser(name: string): Promise<TeamsUser> {
    return TeamsUser.visits(await this.seat(name), `${this.world.sandbox.url}/teams/`, name, this.cast.tenant.bot.name);
  }

  /** Signed in and at the desk; presence as it was. */
  async consultant(person: Person = this.cast.consultant): Promise<Consultant> {
    const consultant = new Consultant(await this.seat(person.name), this.world.desk.url, this.cast.tenant.slug, person);
    await consultant.signsIn();
    return consultant;
  }

  async supervisor(): Promise<Supervisor> {
    const { supervisor: person, tenant } = this.cast;
    const supervisor = new Supervisor(await this.seat(person.name), this.world.desk.url, tenant.slug, person);
    await supervisor.signsIn();
    return supervisor;
  }

  /** A browser for one person. */
  async seat(who: string, options: BrowserContextOptions = {}): Promise<Seat> {
    const context = await this.#browser.newContext({
      viewport: { width: 1280, height: 860 },
      locale: 'en-GB',
      timezoneId: 'Europe/Berlin',
      reducedMotion: 'reduce',
      ...options,
    });
    const witness = await Witness.of(who, context, this.world.origins);
    this.#seats.push({ who, context, witness });
    return { page: await context.newPage(), context, witness };
  }

  /** What no journey may leave behind: errors in a page, a policy broken, a foreign request, an error in a log. */
  get complaints(): string[] {
    return [
      ...this.#seats.flatMap(({ witness }) => witness.complaints),
      ...this.world.services.flatMap(({ errors }) => errors),
    ];
  }

  /** Keeps what everybody saw. @returns the files */
  async photograph(name: string): Promise<string[]> {
    const folder = join(root, '.parley/e2e');
    await mkdir(folder, { recursive: true });
    const files: string[] = [];
    for (const { who, context } of this.#seats) {
      for (const [index, page] of context.pages().entries()) {
        const path = join(folder, `${`${name} ${who} ${index + 1}`.replaceAll(/[^\w]+/g, '-').toLowerCase()}.png`);
        const taken = await page.screenshot({ path, timeout: 10_000 }).catch(() => undefined);
        if (taken) files.push(path);
      }
    }
    return files;
  }

  async close(): Promise<void> {
    await Promise.all(this.#seats.map(({ context }) => context.close().catch(() => undefined)));
  }
}
