import { type Conversation } from '@parley/contracts';
import type { Person, Tenant } from '@parley/sandbox';
import { Caller } from './caller.ts';
import { Robot } from './robot.ts';
import type { Recoveries } from './screen.ts';
import { botTokens, personTokens } from './sign-in.ts';
import { Waiters } from './waiters.ts';

export type CrewOptions = {
  tenant: Tenant;
  url: string;
  sandbox: string;
  redirectUris: readonly string[];
  consultants: number;
  signal: AbortSignal;
};

/** Everybody who plays for one client: its bot, its robot consultants and its supervisor. */
export class Crew {
  readonly client: string;
  readonly bot: Caller;
  readonly supervisor: Caller;
  readonly robots: Robot[];
  readonly recoveries: Recoveries;
  readonly signal: AbortSignal;
  readonly #expected = new Map<string, Expected>();

  private constructor(
    client: string,
    bot: Caller,
    supervisor: Caller,
    robots: Robot[],
    recoveries: Recoveries,
    signal: AbortSignal,
  ) {
    this.client = client;
    this.bot = bot;
    this.supervisor = supervisor;
    this.robots = robots;
    this.recoveries = recoveries;
    this.signal = signal;
    for (const robot of robots) robot.onListed = (conversation) => this.#listed(robot, conversation);
  }

  /** Signs everybody in. Robots beyond the client's people share their sign-ins, as second windows do. */
  static async start({ tenant, url, sandbox, redirectUris, consultants, signal }: CrewOptions): Promise<Crew> {
    const { people, bot } = tenant;
    const supervisor = people.find(({ role }) => role === 'Supervisor');
    if (!bot || !supervisor) throw new Error(`${tenant.name} has no bot or no supervisor.`);
    const tokens = (person: Person) => personTokens(sandbox, tenant, person, redirectUris);
    const staff = people.filter(({ role }) => role === 'Consultant').map(tokens);
    const recoveries = { gaps: 0, silences: 0, unheard: 0 };

    const robots: Robot[] = [];
    for (let n = 0; n < consultants; n++) {
      const token = staff[n % staff.length];
      if (!token) throw new Error(`${tenant.name} has no consultant.`);
      robots.push(await Robot.start({ url, token, nth: Math.floor(n / staff.length), recoveries, signal }));
    }
    const botCaller = new Caller(url, botTokens(sandbox, tenant, bot), signal);
    return new Crew(tenant.slug, botCaller, new Caller(url, tokens(supervisor), signal), robots, recoveries, signal);
  }

  /** Conversations that the robots can hold at once. */
  get room(): number {
    const people = new Map(this.robots.map(({ id, session }) => [id, session.presence]));
    return [...people.values()].reduce((sum, { capacity, load }) => sum + Math.max(0, capacity - load), 0);
  }

  /** Queues that a robot serves; handoffs are spread over them. */
  get queues(): string[] {
    const { queues } = (this.robots[0] as Robot).session;
    return queues.map(({ id }) => id).filter((id) => this.robots.some((robot) => robot.serves(id)));
  }

  /** Requests that had to be sent again. */
  get repeated(): number {
    return [this.bot, this.supervisor, ...this.robots.map(({ caller }) => caller)].reduce(
      (sum, { repeated }) => sum + repeated,
      0,
    );
  }

  /**
   * Announces a conversation that will be handed over: the robots take only what they expect.
   * @param place the channel's own id of the conversation
   * @param n spreads the conversations over the robots
   */
  expect(place: string, n: number): void {
    this.#expected.set(place, { n, taken: undefined, waiters: new Waiters() });
  }

  /**
   * Waits until a robot has seen the conversation arrive, by an offer or in its waiting list, and has taken it.
   * @param queue where it waits
   * @throws when nobody could take it within two minutes
   */
  async taken(place: string, queue: string): Promise<Taken> {
    const expected = this.#expected.get(place);
    if (!expected) throw new Error(`Nobody expects ${place}.`);
    const serving = this.robots.filter((robot) => robot.serves(queue));
    for (let attempt = 0; attempt < 24; attempt++) {
      if (await expected.waiters.until(() => expected.taken !== undefined, 5_000, this.signal)) break;
      // Nobody heard of it, or all hands were full: look into the list instead.
      const robot = serving[(expected.n + attempt) % serving.length];
      const found = (await robot?.waiting())?.find(({ channelConversation }) => channelConversation === place);
      if (!robot || !found || expected.taken) continue;
      this.recoveries.unheard += 1;
      await this.#claim(robot, found, expected);
    }
    this.#expected.delete(place);
    if (!expected.taken) throw new Error(`Nobody took ${place} within two minutes.`);
    return expected.taken;
  }

  /** @param tidy leaves the desk as it was found */
  async stop(tidy: boolean): Promise<void> {
    await Promise.all(this.robots.map((robot) => robot.stop(tidy)));
  }

  #listed(robot: Robot, conversation: Conversation): void {
    const { holder, id } = conversation;
    if (holder.state !== 'queued') return;
    const expected = this.#expected.get(conversation.channelConversation);
    const mine = holder.offer?.to.id === robot.id;
    if (!expected) {
      // Not one of ours: whoever asked is not to wait for a robot.
      if (mine && robot.nth === 0)
        this.#quietly(
          robot.command(id, 'decline', {
            id: `replay-${conversation.version}`,
            reason: 'A robot of a replay, not a consultant',
          }),
        );
    } else if (!expected.taken && this.#chosen(expected, conversation) === robot) {
      this.#quietly(this.#claim(robot, conversation, expected));
    }
  }

  /** One robot tries: one of the person whom the desk asks, or one that serves the queue when the desk asks nobody. */
  #chosen({ n }: Expected, { holder }: Conversation): Robot | undefined {
    if (holder.state !== 'queued') return undefined;
    const { offer, queue } = holder;
    const able = this.robots.filter((robot) => (offer ? robot.id === offer.to.id : robot.serves(queue)));
    return able[n % able.length];
  }

  async #claim(robot: Robot, { id }: Conversation, expected: Expected): Promise<void> {
    const conversation = await robot.claim(id);
    if (!conversation) return;
    expected.taken = { robot, conversation };
    expected.waiters.wake();
  }

  /** What goes wrong here shows where the conversation is waited for. */
  #quietly(work: Promise<unknown>): void {
    work.catch(() => undefined);
  }
}

/** A conversation in the hands of a robot. */
export type Taken = { robot: Robot; conversation: Conversation };

type Expected = { n: number; taken: Taken | undefined; waiters: Waiters };
