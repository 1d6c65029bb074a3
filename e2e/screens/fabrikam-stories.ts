import { ask, bot, claim, close, rate, reply, user, type Story } from './story.ts';
import { verified } from './users.ts';

const hour = 3_600;

/** The second client organisation, which the first one must never see. */
export const fabrikamStories: readonly Story[] = [
  {
    client: 'fabrikam',
    key: 'hail',
    channel: 'directline',
    user: { id: 'dl_wanda', name: 'Wanda Kowalska', language: 'pl-PL', verified: verified('Wanda Kowalska') },
    ago: 130,
    steps: [
      user('Hail broke my roof window'),
      bot('I am sorry. Is anybody hurt?'),
      user('no, but it rains in'),
      ask('claims', { reason: 'Storm damage, urgent', lastPhrase: 'it rains in', topics: ['hail', 'roof'] }),
    ],
  },
  {
    client: 'fabrikam',
    key: 'scratch',
    channel: 'directline',
    user: { id: 'dl_bob', name: 'Bob Nakamura', language: 'en-US' },
    ago: 44,
    steps: [
      user('someone scratched my parked car', 10, [
        { contentType: 'image/jpeg', name: 'door.jpg', url: 'https://files.example/door.jpg' },
      ]),
      ask('claims', { reason: 'New claim', lastPhrase: 'someone scratched my parked car' }),
      claim('noor', 34),
      reply('noor', 'Sorry to hear that, Bob. When did you find it?'),
      user('this morning'),
    ],
  },
  {
    client: 'fabrikam',
    key: 'bot',
    channel: 'directline',
    user: { id: 'dl_yuri', name: 'Yuri Volkov' },
    ago: 33,
    steps: [user('change my address'), bot('What is the new one?')],
  },
  {
    client: 'fabrikam',
    key: 'policy',
    channel: 'directline',
    user: { id: 'dl_uma', name: 'Uma Rao', language: 'en-IN' },
    ago: 20 * hour,
    steps: [
      user('is my bike insured abroad'),
      ask('general', { reason: 'Coverage question', lastPhrase: 'is my bike insured abroad' }),
      claim('felix', 70),
      reply('felix', 'Yes, in all of Europe for 90 days.'),
      close('felix', 'resolved'),
      rate(5),
    ],
  },
];
