import { ask, bot, claim, close, handBack, rate, reply, user, type Story, type Who } from './story.ts';

const day = 24 * 3_600;

const matters = [
  {
    queue: 'cards',
    topic: 'card',
    reason: 'Card not accepted abroad',
    says: 'my card is not accepted in Portugal',
    bot: 'Payments abroad are possible everywhere.',
    answer: 'Payments abroad were switched off for this card. I have switched them on.',
  },
  {
    queue: 'payments',
    topic: 'transfer',
    reason: 'Transfer to the wrong account',
    says: 'I sent 300 € to the wrong IBAN',
    bot: 'Transfers cannot be cancelled.',
    answer: 'The other bank has confirmed the recall; the money is back on Friday.',
  },
  {
    queue: 'general',
    topic: 'address',
    reason: 'Address not changed',
    says: 'you still send letters to my old address',
    bot: 'You can change your address in the app.',
    answer: 'I have changed it everywhere, also for the securities account.',
  },
  {
    queue: 'cards',
    topic: 'PIN',
    reason: 'PIN forgotten',
    says: 'I forgot my PIN',
    bot: 'A PIN cannot be read again.',
    answer: 'A letter with the PIN is on its way to you.',
  },
  {
    queue: 'payments',
    topic: 'refund',
    reason: 'Refund missing',
    says: 'the shop says they refunded me but there is no money',
    bot: 'Refunds take three to five days.',
    answer: 'The refund was booked to your credit card, not to the account. You see it on the next statement.',
  },
] as const;
const serves = {
  cards: ['ana', 'lukas'],
  payments: ['mei-lin', 'ana'],
  general: ['lukas', 'mei-lin'],
} as const satisfies Record<string, readonly Who[]>;
const names = [
  'Anna Schulz',
  'Peter Novak',
  'Li Wei',
  'Fatima Zahra',
  'James O’Connor',
  'Ingrid Olsen',
  'Carlos Mendes',
  'Julia Brandt',
  'Amir Rahimi',
  'Zoë Janssens',
] as const;
const outcomes = ['resolved', 'resolved', 'follow-up', 'ticket', 'resolved', 'not-solved'] as const;
const scores = [5, 4, undefined, 5, 3, undefined, 2] as const;

/** A week of ordinary conversations, each a little different; always the same ones. */
export const routine: readonly Story[] = Array.from({ length: 28 }, (_, n): Story => {
  const matter = matters[n % matters.length] as (typeof matters)[number];
  const name = names[n % names.length] as string;
  const who = serves[matter.queue][n % 2] as Who;
  const outcome = outcomes[n % outcomes.length] as string;
  const score = scores[n % scores.length];
  const ended =
    n % 5 === 3 ? handBack(who, { outcome, comment: 'Done; the assistant can go on.' }) : close(who, outcome);
  return {
    client: 'contoso',
    key: `routine-${n}`,
    channel: n % 4 === 1 ? 'msteams' : 'directline',
    user: { id: `dl_routine_${n}`, name, language: n % 3 === 0 ? 'de-DE' : 'en-GB' },
    ago: Math.round((0.4 + n * 0.7) * day),
    steps: [
      user(matter.says),
      bot(matter.bot),
      user('that does not help, a person please'),
      ask(matter.queue, { reason: matter.reason, lastPhrase: 'a person please', topics: [matter.topic] }),
      claim(who, 12 + ((n * 37) % 160)),
      reply(who, `Hello ${name.split(' ')[0]}, I have read what you told our assistant.`, 9 + ((n * 13) % 40)),
      user('good'),
      reply(who, matter.answer, 30 + ((n * 29) % 200)),
      user('thank you'),
      ended,
      ...(score === undefined || ended.do !== 'close' ? [] : [rate(score)]),
    ],
  };
});
