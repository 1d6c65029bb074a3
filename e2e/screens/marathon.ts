import { ask, bot, claim, reply, user } from './story.ts';

/** Somebody with very much to say: three hundred lines before a person comes, and some after. */
export function marathon() {
  const told = Array.from({ length: 150 }, (_, n) => [
    user(
      n % 9 === 4
        ? `Entry ${n + 1}: on the statement it says 1${n}.40 but I paid 2${n}.10, and this is one of those longer remarks that need more than one line on the screen because I would like to explain the whole history of this account from the beginning.`
        : `Entry ${n + 1}: ${['wrong amount', 'not mine', 'booked twice', 'wrong date', 'what is this?'][n % 5]}`,
      6,
    ),
    bot(
      n % 7 === 3
        ? 'I have noted this. You can send me all entries at once as a table, if that is easier for you.'
        : 'Noted.',
      1,
    ),
  ]).flat();
  return [
    ...told,
    user('are you even a human?'),
    ask('general', {
      reason: '150 disputed entries',
      lastPhrase: 'are you even a human?',
      topics: ['statement', 'dispute'],
      summary: 'The user goes through every entry of the year.',
    }),
    claim('mei-lin', 90),
    reply('mei-lin', 'Hello, I am Mei-Lin, and human. I have all 150 entries in front of me.'),
    user('finally! shall I start again from the top?'),
    reply('mei-lin', 'No need. I read them now and come back to you within the hour.'),
  ];
}
