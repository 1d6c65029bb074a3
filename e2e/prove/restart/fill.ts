import { createDesk, type Outcome } from '@parley/api/parts';
import { conversationId } from '@parley/api';
import type { By, Policy } from '@parley/core';
import type { Person } from '@parley/sandbox';
import { fileKeys, sqliteStores } from '@parley/stores';

export type Filled = {
  /** Places of conversations by what became of them. */
  withBot: string[];
  waiting: string[];
  /** By consultant. */
  held: Map<string, { place: string; id: string }[]>;
};

export const channel = 'directline';
export const capacity = 5;
/** More than this nobody reads in a list; the client takes so many by itself. */
const mostWaiting = 900;

/**
 * Fills a store with open conversations as a busy day leaves them: each consultant holds as many as they take, some
 * hundreds wait, and the others are with the bot.
 */
export async function fill({
  data,
  storeKey,
  people,
  conversations,
}: {
  data: string;
  storeKey: Uint8Array;
  people: readonly Person[];
  conversations: number;
}): Promise<Filled> {
  const stores = sqliteStores({ directory: data, keys: fileKeys(`${data}/keys.json`, storeKey) });
  const store = await stores.open('contoso');
  const desk = createDesk({ store, policy: () => policy, now: Date.now, committed: () => undefined });
  const filled: Filled = { withBot: [], waiting: [], held: new Map() };
  const waiting = Math.min(mostWaiting, Math.floor(conversations / 10));

  for (let n = 0; n < conversations; n += 500)
    await Promise.all(Array.from({ length: Math.min(500, conversations - n) }, (_, k) => open(n + k)));
  await stores.close();
  return filled;

  async function open(n: number): Promise<void> {
    const place = `place-${n}`;
    const id = conversationId('contoso', 'assistant', channel, place);
    const user = { id: `dl_${n}`, name: 'Jonas Weber' };
    const at = { id, channel, channelConversation: place, bot: { id: 'assistant', name: 'Contoso assistant' }, user };
    const bot: By = { type: 'bot', name: 'Contoso assistant' };
    const said = ['My card is lost.', 'In which country are you?', 'In Portugal, since Monday.'].map((text, line) =>
      line % 2
        ? desk.execute(at, { type: 'bot-turn', id: `b${line}`, text }, bot)
        : desk.execute(at, { type: 'user-turn', id: `u${line}`, text, user }, { type: 'user', name: user.name }),
    );
    for (const outcome of await Promise.all(said)) done(outcome);
    const person = people[n % people.length]!;
    const held = filled.held.get(person.oid) ?? [];
    const queued = held.length < capacity || filled.waiting.length < waiting;
    if (!queued) return void filled.withBot.push(place);
    // Noted before anything is waited for: others are opened at the same time.
    const taken = held.length < capacity;
    if (taken) filled.held.set(person.oid, [...held, { place, id }]);
    else filled.waiting.push(place);
    done(await desk.execute(at, { type: 'request-handoff', id: 'h', packet: { reason: 'Lost card' }, user }, bot));
    if (taken) done(await desk.execute(id, { type: 'claim', id: 'c' }, consultant(person)));
  }
}

function done(outcome: Outcome): void {
  if (!outcome.ok) throw new Error(`Filling the store failed: ${outcome.code}`);
}

function consultant({ oid, name }: Person): By {
  return { type: 'person', id: oid, name, roles: ['Consultant'], queues: ['general'], load: 0, capacity };
}

const policy: Policy = {
  queues: [
    { id: 'general', name: 'General', warnAfter: 60, dueAfter: 120, deadlineSeconds: 3_600, fallback: { to: 'bot' } },
  ],
  defaultQueue: 'general',
  outcomes: [],
  offerSeconds: 60,
  goneSeconds: 600,
  takeBackSeconds: 600,
  uninvited: false,
  capacity,
};
