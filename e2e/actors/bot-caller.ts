import { randomUUID } from 'node:crypto';
import { paths, type TurnResult, type TurnsAnswer } from '@parley/contracts';
import { botTokens, type TokenSource } from '../replay/sign-in.ts';
import type { Cast } from './cast.ts';
import type { World } from './world.ts';

/** The bot's side of a web chat, in its own name, beside the bot that runs. */
export class BotCaller {
  readonly #desk: string;
  readonly #token: TokenSource;

  constructor(world: World, { tenant }: Cast) {
    this.#desk = world.desk.url;
    this.#token = botTokens(world.sandbox.url, tenant, tenant.bot);
  }

  /** Records a line of the bot. @returns what the desk made of it */
  async says(
    text: string,
    { conversationId, userId }: { conversationId: string; userId: string },
  ): Promise<TurnResult> {
    const turn = {
      channel: 'directline',
      conversation: conversationId,
      id: randomUUID(),
      speaker: 'bot',
      text,
      user: { id: userId },
    };
    const response = await fetch(this.#desk + paths.botTurns, {
      method: 'POST',
      headers: { authorization: `Bearer ${await this.#token()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ turns: [turn] }),
    });
    if (!response.ok) throw new Error(`The desk answered ${response.status}: ${await response.text()}`);
    const [result] = ((await response.json()) as TurnsAnswer).results;
    return result as TurnResult;
  }
}
