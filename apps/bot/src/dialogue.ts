import { money } from './bank.ts';
import type { Bank } from './bank.ts';
import type { Matter } from './config.ts';
import { decisionOf, intentOf } from './intents.ts';
import type { Intent } from './intents.ts';

/** What the assistant remembers of a conversation. */
export interface Dialogue {
  /** Lines in a row it did not understand. */
  misses: number;
  /** What a yes or no would answer. */
  asked?: 'block-card' | 'person';
  /** What the conversation is about. */
  matter: Matter;
  topics: string[];
  facts: Fact[];
  tried: Attempt[];
  lastPhrase?: string;
}

export interface Fact {
  name: string;
  value: string;
  source: 'user' | 'bot' | 'directory';
}

export interface Attempt {
  what: string;
  outcome: string;
  at: number;
}

export interface Answer {
  readonly lines: readonly string[];
  readonly dialogue: Dialogue;
  /** The user needs a person, and this is why. */
  readonly escalate?: string;
}

export interface Caller {
  readonly id: string;
  readonly name?: string;
}

export const newDialogue = (): Dialogue => ({ misses: 0, matter: 'other', topics: [], facts: [], tried: [] });

/**
 * What the assistant makes of one line of the user. Besides the bank, nothing is touched: the given dialogue stays as it is.
 * @param at milliseconds since the epoch.
 */
export function answer(
  before: Dialogue,
  text: string,
  context: { caller: Caller; bank: Bank; bankName: string; at: number },
): Answer {
  const dialogue: Dialogue = structuredClone(before);
  dialogue.lastPhrase = text.slice(0, 500);
  const { asked } = dialogue;
  delete dialogue.asked;
  const intent = intentOf(text);
  const turn = new Turn(dialogue, context);
  if (intent === undefined) return turn.missed();
  dialogue.misses = 0;
  const decision = asked && intent !== 'person' && intent !== 'fraud' ? decisionOf(text) : undefined;
  if (asked && decision !== undefined) return turn.decided(asked, decision);
  return turn.on(intent);
}

class Turn {
  readonly #dialogue: Dialogue;
  readonly #context: { caller: Caller; bank: Bank; bankName: string; at: number };

  constructor(dialogue: Dialogue, context: { caller: Caller; bank: Bank; bankName: string; at: number }) {
    this.#dialogue = dialogue;
    this.#context = context;
  }

  missed(): Answer {
    this.#dialogue.misses += 1;
    if (this.#dialogue.misses < 2)
      return this.#say(
        "Sorry, I didn't get that. You can ask me about your balance, a lost card, transfer limits or opening hours.",
      );
    this.#dialogue.misses = 0;
    this.#tried('Asked the customer to rephrase', 'did not understand again');
    return this.#escalate(
      'The assistant did not understand the customer twice',
      "I'm sorry, I still don't understand. Let me get a colleague to help you.",
    );
  }

  decided(asked: NonNullable<Dialogue['asked']>, yes: boolean): Answer {
    if (asked === 'person') {
      return yes
        ? this.#escalate(
            'The customer accepted the offer to talk to a person',
            'Good. I am getting a colleague for you.',
          )
        : this.#say('All right. What else can I do for you?');
    }
    if (!yes) {
      this.#tried('Offered to block the card', 'declined by the customer');
      this.#dialogue.asked = 'person';
      return this.#say('Then I leave your card as it is. Would you rather talk to a person about it?');
    }
    const { caller, bank } = this.#context;
    const { card } = bank.accountOf(caller.id);
    const { reference } = bank.blockCard(caller.id);
    this.#tried(`Blocked the card ending in ${card}`, `blocked, reference ${reference}`);
    this.#fact('Card status', `…${card} blocked by the assistant (${reference})`, 'bot');
    this.#dialogue.asked = 'person';
    return this.#say(
      `Done. Your card ending in ${card} is blocked, reference ${reference}. Nobody can pay with it any more.`,
      'Shall I get a colleague who can order a new card for you?',
    );
  }

  on(intent: Intent): Answer {
    const { caller, bank, bankName } = this.#context;
    switch (intent) {
      case 'person':
        return this.#escalate('The customer asked for a person', 'Of course. I am getting a colleague for you.');
      case 'fraud':
        this.#about('payments', 'Suspected fraud');
        return this.#escalate(
          'The customer reports a payment they did not make',
          'That needs a person, right away. I am getting a colleague for you. Please never tell anybody your PIN.',
        );
      case 'lost-card':
        return this.#lostCard();
      case 'balance': {
        const { account, balance } = bank.accountOf(caller.id);
        this.#about('payments', 'Balance');
        this.#fact('Account', `…${account}`, 'directory');
        this.#tried('Told the balance', money(balance));
        return this.#say(`The balance of your account ending in ${account} is ${money(balance)}.`);
      }
      case 'limits': {
        const { transferLimit } = bank.accountOf(caller.id);
        this.#about('payments', 'Transfer limits');
        this.#tried('Told the transfer limit', money(transferLimit));
        return this.#say(
          `You can transfer up to ${money(transferLimit)} a day online. A colleague can raise the limit for you; just ask for a person.`,
        );
      }
      case 'hours':
        this.#about(this.#dialogue.matter, 'Opening hours');
        return this.#say('Our branches are open Monday to Friday, 9:00 to 17:00. I am here at any time.');
      case 'help':
        return this.#say(
          'I can tell you your balance, block a lost card, explain transfer limits and opening hours, or get you a person.',
        );
      case 'thanks':
        return this.#say("You're welcome. Is there anything else?");
      case 'bye':
        return this.#say(`Goodbye, and thank you for choosing ${bankName}.`);
      case 'small-talk':
        return this.#say(`I am the assistant of ${bankName}: a program, and happy to be one. What can I do for you?`);
      case 'greeting':
        return this.#say(`Hello${caller.name ? `, ${caller.name}` : ''}! What can I do for you?`);
      case 'yes':
      case 'no':
        return this.#say('What can I do for you?');
    }
  }

  #lostCard(): Answer {
    const { card, cardBlocked } = this.#context.bank.accountOf(this.#context.caller.id);
    this.#about('cards', 'Lost card');
    this.#fact('Card', `…${card}`, 'directory');
    if (cardBlocked) {
      this.#dialogue.asked = 'person';
      return this.#say(
        `Your card ending in ${card} is blocked already. Shall I get a colleague who can order a new one?`,
      );
    }
    this.#dialogue.asked = 'block-card';
    return this.#say(`I'm sorry to hear that. Shall I block your card ending in ${card} now? It cannot be undone.`);
  }

  #say(...lines: string[]): Answer {
    return { lines, dialogue: this.#dialogue };
  }

  #escalate(reason: string, line: string): Answer {
    return { lines: [line], dialogue: this.#dialogue, escalate: reason };
  }

  #about(matter: Matter, topic: string): void {
    this.#dialogue.matter = matter;
    this.#dialogue.topics = [...this.#dialogue.topics.filter((known) => known !== topic), topic].slice(-10);
  }

  #fact(name: string, value: string, source: Fact['source']): void {
    this.#dialogue.facts = [
      ...this.#dialogue.facts.filter((known) => known.name !== name),
      { name, value, source },
    ].slice(-30);
  }

  #tried(what: string, outcome: string): void {
    this.#dialogue.tried = [...this.#dialogue.tried, { what, outcome, at: this.#context.at }].slice(-20);
  }
}

/** What goes with the conversation to the person who takes it over. */
export function packetOf(dialogue: Dialogue, reason: string, caller: Caller): object {
  const { topics, facts, tried, lastPhrase } = dialogue;
  const who = caller.name ?? 'The customer';
  const about =
    topics.length > 0 ? ` is here about ${topics.join(', ').toLowerCase()}` : ' has not said what it is about';
  const done =
    tried.length > 0 ? ` So far: ${tried.map(({ what, outcome }) => `${what} (${outcome})`).join('; ')}.` : '';
  return {
    reason,
    summary: `${who}${about}.${done}`,
    topics,
    facts,
    tried,
    ...(lastPhrase !== undefined && { lastPhrase }),
  };
}
