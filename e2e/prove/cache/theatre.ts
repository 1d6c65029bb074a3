import { randomUUID } from 'node:crypto';
import { paths, type Conversation, type ConversationView, type PersonRef } from '@parley/contracts';
import type { Command } from '@parley/core';
import { botOf, person, startDesk, type BotCaller, type Caller, type TestDesk } from '@parley/testkit';
import { openScreen, until, type Screen } from './screen.ts';

const roles = {
  holder: 'ana@contoso.example',
  consultant: 'lukas@contoso.example',
  other: 'mei-lin@contoso.example',
  supervisor: 'marta@contoso.example',
  admin: 'tom@contoso.example',
} as const;
export type Role = keyof typeof roles;

/** The real desk with a bot, and conversations in every state, made as a bot and people make them. */
export class Theatre {
  readonly real: TestDesk;
  readonly bot: BotCaller;
  /** The head that a command of the desk itself goes by. */
  last!: Conversation;
  readonly #down: { now: boolean };
  readonly #channels = new Map<string, string>();
  readonly #people = new Map<Role, { caller: Caller; ref: PersonRef }>();

  private constructor(real: TestDesk, down: { now: boolean }) {
    this.real = real;
    this.bot = botOf(real, 'contoso');
    this.#down = down;
  }

  static async open(): Promise<Theatre> {
    const down = { now: false };
    const real = await startDesk({ store: 'sqlite', answerCallback: () => (down.now ? 503 : 204) });
    const theatre = new Theatre(real, down);
    for (const [role, email] of Object.entries(roles) as [Role, string][]) {
      const caller = person(real, email);
      const { me } = (await caller.get<{ me: PersonRef }>(paths.session)).body;
      theatre.#people.set(role, { caller, ref: { id: me.id, name: me.name } });
    }
    return theatre;
  }

  screen(role: Role): Promise<Screen> {
    return openScreen({ real: this.real, email: roles[role], pushesOnly: true });
  }

  by(role: Role): Caller {
    return this.#people.get(role)!.caller;
  }

  idOf(role: Role): string {
    return this.refOf(role).id;
  }

  refOf(role: Role): PersonRef {
    const { id, name } = this.#people.get(role)!.ref;
    return { id, name };
  }

  channelOf(id: string): string {
    return this.#channels.get(id)!;
  }

  async head(id: string): Promise<Conversation> {
    return (await this.by('supervisor').get<ConversationView>(paths.conversation(id))).body.conversation;
  }

  async epoch(id: string): Promise<number> {
    return (await this.head(id)).epoch;
  }

  async withBot(): Promise<string> {
    const channel = randomUUID();
    const { conversation } = await this.bot.say('user', channel, 'my card is gone');
    await this.bot.say('bot', channel, 'I am sorry to hear that.');
    this.#channels.set(conversation, channel);
    return conversation;
  }

  async queued(queue: string): Promise<string> {
    const id = await this.withBot();
    await this.bot.escalate(this.channelOf(id), { queue });
    return id;
  }

  /** Offered to the holder, nobody else being available. */
  async offered(): Promise<string> {
    await this.by('holder').call('PUT', paths.presence, { state: 'available' });
    const id = await this.queued('cards');
    await until(async () => {
      const { holder } = await this.head(id);
      return holder.state === 'queued' && holder.offer !== undefined;
    }, 'no offer was made');
    await this.by('holder').call('PUT', paths.presence, { state: 'away' });
    return id;
  }

  async assigned(queue: string): Promise<string> {
    const id = await this.queued(queue);
    await this.gives('holder', id, 'claim');
    await this.delivered(id);
    return id;
  }

  async closed(queue: string): Promise<string> {
    const id = await this.assigned(queue);
    await this.gives('holder', id, 'close', { outcome: 'resolved' });
    await this.delivered(id);
    return id;
  }

  /** Held, with a reply that the bot's side does not take. */
  async undelivered(): Promise<string> {
    const id = await this.assigned('cards');
    this.#down.now = true;
    await this.gives('holder', id, 'reply', { text: 'Do you hear me?', epoch: await this.epoch(id) });
    await until(async () => (await this.head(id)).delivery.retry !== undefined, 'the delivery was not put off');
    return id;
  }

  /** Held, with a delivery that was given up and would succeed now. */
  async failed(): Promise<string> {
    const id = await this.undelivered();
    const { seq, delivery } = await this.head(id);
    await this.does(id, {
      type: 'fail-delivery',
      id: randomUUID(),
      of: seq,
      reason: 'gone',
      lane: delivery.lane?.n ?? 0,
    });
    this.#down.now = false;
    return id;
  }

  async delivered(id: string): Promise<void> {
    await until(async () => {
      const { delivery } = await this.head(id);
      return delivery.deliveredSeq >= delivery.outSeq;
    }, 'what was said was not delivered');
  }

  /** Gives a command as a person; the answer must be as expected. */
  async gives(role: Role, id: string, name: string, body: object = {}, status = 200): Promise<void> {
    const answer = await this.by(role).command(id, name, body);
    if (answer.status !== status) throw new Error(`${role} ${name} answered ${answer.status} ${answer.body.code}`);
  }

  /** Gives a command as the desk itself. */
  async does(id: string, command: Command): Promise<void> {
    const { desk } = await this.real.api.desks.open('contoso');
    const outcome = await desk.execute(id, command, { type: 'desk' });
    if (!outcome.ok) throw new Error(`${command.type} was refused: ${outcome.code}`);
  }

  /** Tells the desk something as the bot. */
  async tell(path: string, id: string, body: object): Promise<void> {
    const answer = await this.bot.call('POST', path, {
      channel: 'directline',
      conversation: this.channelOf(id),
      ...body,
    });
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  async passes(ms: number): Promise<void> {
    await this.real.advance(ms);
  }

  /** Puts everything away, so that hands and queues are empty again. */
  async tidy(): Promise<void> {
    this.#down.now = false;
    await this.by('holder').call('PUT', paths.presence, { state: 'away' });
    for (const id of this.#channels.keys())
      if ((await this.head(id)).holder.state !== 'closed')
        await this.by('supervisor').command(id, 'close', { outcome: 'resolved' });
    this.#channels.clear();
  }

  close(): Promise<void> {
    return this.real.close();
  }
}
