import { randomUUID } from 'node:crypto';
import { paths, type CommandAnswer, type HandoffAnswer, type HubEvents, type TurnResult } from '@parley/contracts';
import { HubConnectionBuilder, HttpTransportType, LogLevel, type HubConnection } from '@microsoft/signalr';
import type { TestDesk } from './start-desk.ts';

export type Answer<T = unknown> = { status: number; body: T; headers: Headers };

/** Speaks HTTP as somebody with a token; asks for the token anew each time. */
export class Caller {
  readonly #url: string;
  readonly #token: () => Promise<string>;
  /** Requests sent so far. */
  requests = 0;

  constructor(url: string, token: () => Promise<string>) {
    this.#url = url;
    this.#token = token;
  }

  async call<T>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
    this.requests += 1;
    const response = await fetch(this.#url + path, {
      method,
      headers: {
        authorization: `Bearer ${await this.#token()}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = text !== '' && (response.headers.get('content-type') ?? '').includes('json');
    return { status: response.status, body: (json ? JSON.parse(text) : text) as T, headers: response.headers };
  }

  get<T>(path: string): Promise<Answer<T>> {
    return this.call<T>('GET', path);
  }

  /** Gives a command about a conversation, under a fresh id unless one is given. */
  command(conversation: string, name: string, body: object = {}): Promise<Answer<CommandAnswer & { code?: string }>> {
    return this.call('POST', paths.command(conversation, name), { id: randomUUID(), ...body });
  }
}

/** A client's bot, with one user on one channel conversation at a time. */
export class BotCaller extends Caller {
  async say(
    speaker: 'user' | 'bot',
    conversation: string,
    text: string,
    id: string = randomUUID(),
  ): Promise<TurnResult> {
    const answer = await this.call<{ results: TurnResult[] }>('POST', paths.botTurns, {
      turns: [
        {
          channel: 'directline',
          conversation,
          id,
          speaker,
          text,
          user: { id: `dl_${conversation}`, name: 'Jonas Weber' },
        },
      ],
    });
    if (answer.status !== 200) throw new Error(`turns answered ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body.results[0]!;
  }

  async escalate(
    conversation: string,
    given: { queue?: string; reason?: string; id?: string } = {},
  ): Promise<HandoffAnswer> {
    const answer = await this.call<HandoffAnswer>('POST', paths.botHandoffs, {
      channel: 'directline',
      conversation,
      id: given.id ?? randomUUID(),
      user: { id: `dl_${conversation}`, name: 'Jonas Weber' },
      queue: given.queue ?? 'cards',
      packet: { reason: given.reason ?? 'Asked for a person', lastPhrase: 'a person please', topics: ['lost card'] },
    });
    if (answer.status !== 200) throw new Error(`handoff answered ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }
}

/** A connection to the hub with the real SignalR client, keeping every frame it receives. */
export class Listener {
  readonly connection: HubConnection;
  readonly frames: { event: keyof HubEvents; payload: never }[] = [];

  private constructor(url: string, token: string) {
    this.connection = new HubConnectionBuilder()
      .withUrl(url + paths.hub, { accessTokenFactory: () => token, transport: HttpTransportType.WebSockets })
      .configureLogging(LogLevel.None)
      .build();
    for (const event of ['change', 'list', 'marks', 'heads', 'signal', 'presence', 'bots'] as const) {
      this.connection.on(event, (payload: never) => this.frames.push({ event, payload }));
    }
  }

  static async start(url: string, token: string): Promise<Listener> {
    const listener = new Listener(url, token);
    await listener.connection.start();
    return listener;
  }

  of<E extends keyof HubEvents>(event: E): Parameters<HubEvents[E]>[0][] {
    return this.frames.filter((frame) => frame.event === event).map((frame) => frame.payload);
  }

  watch(conversation: string): Promise<{ seq: number; version: number }> {
    return this.connection.invoke('watch', conversation);
  }

  stop(): Promise<void> {
    return this.connection.stop();
  }
}

/** @param email of a person of the sandbox */
export function person(desk: TestDesk, email: string): Caller {
  return new Caller(desk.url, () => desk.token(email));
}

export function botOf(desk: TestDesk, client: string): BotCaller {
  return new BotCaller(desk.url, () => desk.botToken(client));
}

export async function listen(desk: TestDesk, email: string): Promise<Listener> {
  return Listener.start(desk.url, await desk.token(email));
}
