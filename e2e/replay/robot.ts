import { randomUUID } from 'node:crypto';
import { HttpTransportType, HubConnectionBuilder, LogLevel, type HubConnection } from '@microsoft/signalr';
import {
  paths,
  type Change,
  type CommandAnswer,
  type CommandBody,
  type CommandName,
  type Conversation,
  type ConversationPage,
  type HubEvents,
  type ListChange,
  type Session,
} from '@parley/contracts';
import { Caller, Refused } from './caller.ts';
import { Screen, type Recoveries } from './screen.ts';
import type { TokenSource } from './sign-in.ts';

type Options = {
  url: string;
  token: TokenSource;
  /** Which connection of this person it is, from 0. */
  nth: number;
  recoveries: Recoveries;
  signal: AbortSignal;
};

/** A robot consultant: one connection to the hub, and what a console does with it. */
export class Robot {
  readonly nth: number;
  readonly session: Session;
  readonly caller: Caller;
  /** Called with every conversation of the robot's lists that was pushed. */
  onListed: (conversation: Conversation) => void = () => undefined;
  readonly #options: Options;
  readonly #hub: HubConnection;
  readonly #screens = new Map<string, Screen>();

  private constructor(options: Options, caller: Caller, session: Session, hub: HubConnection) {
    this.#options = options;
    this.nth = options.nth;
    this.caller = caller;
    this.session = session;
    this.#hub = hub;
    this.#on('list', ({ items }: ListChange) => items.forEach((item) => this.onListed(item)));
    this.#on('change', (change: Change) => this.#screens.get(change.conversation.id)?.push(change));
    this.#on('heads', ({ items }) => items.forEach(({ id, seq }) => this.#screens.get(id)?.behind(seq)));
    hub.onreconnected(() => void this.#resume());
  }

  /** Signs in, connects, and goes available, so that the desk offers it work. */
  static async start(options: Options): Promise<Robot> {
    const { url, token, signal } = options;
    const caller = new Caller(url, token, signal);
    const session = await caller.get<Session>(paths.session);
    const hub = new HubConnectionBuilder()
      .withUrl(url + paths.hub, { accessTokenFactory: token, transport: HttpTransportType.WebSockets })
      .withAutomaticReconnect()
      .configureLogging(LogLevel.None)
      .build();
    const robot = new Robot(options, caller, session, hub);
    await hub.start();
    if (options.nth === 0) await robot.#choosePresence('available');
    return robot;
  }

  get id(): string {
    return this.session.me.id;
  }

  serves(queue: string): boolean {
    return this.session.presence.queues.includes(queue);
  }

  /** What waits in the robot's queues, by fetching. */
  async waiting(): Promise<Conversation[]> {
    const found: Conversation[] = [];
    for (let cursor = ''; ;) {
      const page = await this.caller.get<ConversationPage>(`${paths.conversations}?view=waiting&limit=200${cursor}`);
      found.push(...page.items);
      if (page.next === undefined) return found;
      cursor = `&cursor=${encodeURIComponent(page.next)}`;
    }
  }

  /** @returns the conversation as the robot's now; undefined where somebody was faster, or the robot's hands are full */
  async claim(id: string): Promise<Conversation | undefined> {
    try {
      return (await this.command(id, 'claim', { id: randomUUID() })).conversation;
    } catch (error) {
      if (error instanceof Refused && error.status === 409) return undefined;
      throw error;
    }
  }

  command<C extends CommandName>(id: string, name: C, body: CommandBody<C>): Promise<CommandAnswer> {
    return this.caller.post(paths.command(id, name), body);
  }

  /** Opens a conversation on the screen: pushes first, then what is there, so that nothing falls in between. */
  async open(conversation: Conversation): Promise<Screen> {
    const screen = Screen.of(conversation, this.caller, this.#options.signal, this.#options.recoveries);
    this.#screens.set(conversation.id, screen);
    await this.#hub.invoke('watch', conversation.id);
    await screen.load();
    return screen;
  }

  async leave(id: string): Promise<void> {
    this.#screens.delete(id);
    await this.#hub.invoke('unwatch', id);
  }

  /** Hangs up. @param tidy puts the person's presence back to what it was */
  async stop(tidy: boolean): Promise<void> {
    if (tidy && this.nth === 0) await this.#choosePresence(this.session.presence.state).catch(() => undefined);
    await this.#hub.stop();
  }

  #choosePresence(state: Session['presence']['state']): Promise<unknown> {
    return this.caller.put(paths.presence, { state });
  }

  #on<E extends keyof HubEvents>(event: E, take: HubEvents[E]): void {
    this.#hub.on(event, take as (payload: unknown) => void);
  }

  /** After any doubt: join again, and fetch what is on the screens. */
  async #resume(): Promise<void> {
    for (const [id, screen] of this.#screens) {
      await this.#hub
        .invoke<{ seq: number }>('watch', id)
        .then(({ seq }) => screen.behind(seq))
        .catch(() => undefined);
    }
  }
}
