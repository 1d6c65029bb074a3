import { routine } from './routine-stories.ts';
import { ask, bot, claim, close, draft, handBack, lateReply, left, note, rate, reply, seen, toPerson, toQueue, user, type Story } from './story.ts';

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const verified = (as: string, daysAgo = 0) => ({ as, by: 'Contoso app', at: Date.now() - daysAgo * day * 1_000 - 600_000 });

const jonas = { id: 'dl_jonas', name: 'Jonas Weber', language: 'de-DE', verified: verified('Jonas Weber') };

/** What has happened in the world when it opens. Made-up people; no line is anybody's. */
export const stories: readonly Story[] = [
  {
    client: 'contoso', key: 'jonas-travel', channel: 'directline', user: { ...jonas, verified: verified('Jonas Weber', 34) }, ago: 34 * day,
    steps: [user('Hi, I need a higher limit for a trip to Japan'), bot('I can raise your limit up to 2,000 € for 14 days. Shall I?'), user('I need 4,000'), ask('cards', { reason: 'Limit raised for travel', lastPhrase: 'I need 4,000', topics: ['limit'] }), claim('lukas', 41), reply('lukas', 'Done: 4,000 € until the end of the month. Have a good trip!'), user('perfect, thank you'), close('lukas', 'resolved'), rate(5)],
  },
  {
    client: 'contoso', key: 'jonas-signin', channel: 'directline', user: jonas, ago: 12 * day,
    steps: [user('I cannot sign in to the app'), bot('Please reinstall the app and sign in with your customer number.'), user('works, thanks')],
  },
  {
    client: 'contoso', key: 'jonas-card', channel: 'directline', user: jonas, ago: 72,
    steps: [
      user('My card was unblocked, I did not ask for that'), bot('I am sorry about that. I can block card ··4417 again. Shall I?'), user('yes block it'), bot('Card ··4417 is blocked.'), user('and I need a new one'),
      bot('A replacement can be ordered once the card is unblocked. I have unblocked card ··4417.'), user('no I said block it'),
      ask('cards', {
        reason: 'Card unblocked by mistake', lastPhrase: 'no I said block it', topics: ['lost card', 'delivery'], summary: 'The user lost a card, had it blocked, and the assistant unblocked it to order a replacement. It must be blocked again and replaced.',
        facts: [{ name: 'Customer since', value: '2016 · Premium', source: 'bot' }, { name: 'Card', value: '··4417', source: 'bot' }, { name: 'Phone', value: '+49 171 5550142', source: 'user' }],
        tried: [{ what: 'Block card ··4417', outcome: 'done' }, { what: 'Unblock card ··4417', outcome: 'done, not asked for' }],
      }),
      claim('ana', 48), reply('ana', 'Hello Jonas, I can see both requests from this morning. I’m blocking the old card again now.'), bot('Is there anything else I can help with?', 3), user('Thanks. Will the new one still arrive on Thursday?'),
      note('ana', 'Replacement 88-2214 shipped, checked in CRM. Promised Thursday.'), reply('ana', 'Yes, it left us yesterday evening and arrives on Thursday.', 12), seen(), user('Great', 150), user('The app still says blocked, can you check?', 40), draft('ana', 'The app can take up to ten minutes to show the new status'),
    ],
  },
  {
    client: 'contoso', key: 'mei-tan', channel: 'msteams', user: { id: '29:mei', name: 'Mei Tan', language: 'en-SG', verified: verified('Mei Tan') }, ago: 150,
    steps: [user('my statement for March is missing a page'), bot('You find statements under Documents.'), user('the page is missing in the document itself'), ask('payments', { reason: 'Statement incomplete', lastPhrase: 'the page is missing', topics: ['statement'] }), claim('ana', 31), reply('ana', 'Could you upload the file you have? I compare it with ours.'), user('ok I uploaded the statement', 55, [{ contentType: 'application/pdf', name: 'statement-march.pdf', url: 'https://files.example/statement-march.pdf' }, { contentType: 'image/png', name: 'page-2.png', url: 'https://files.example/page-2.png' }])],
  },
  {
    client: 'contoso', key: 'omar', channel: 'directline', user: { id: 'dl_omar', name: 'Omar Haddad', language: 'en-GB' }, ago: 40,
    steps: [user('sync of my accounts hangs at 80 %'), bot('Syncing can take a few minutes.'), user('it has been an hour. human please'), ask('general', { reason: 'Asked for a person', lastPhrase: 'human please' }), claim('ana', 66), reply('ana', 'Hello Omar, I restarted the sync on our side. Please keep the app open.'), user('it moves again!'), reply('ana', 'I’ll stay on while it syncs.'), seen()],
  },
  {
    client: 'contoso', key: 'lena', channel: 'directline', user: { id: 'dl_lena', name: 'Lena Fischer', language: 'de-DE' }, ago: 120,
    steps: [user('Meine Karte wurde am Automaten eingezogen'), bot('Das tut mir leid. Ich kann Ihre Karte sperren oder eine neue bestellen. Was möchten Sie?'), user('Weder noch. Die Karte steckt im Automaten in der Hauptstraße!'), user('Ich möchte mit jemandem sprechen'), ask('cards', { reason: 'Karte eingezogen, Automat Hauptstraße', lastPhrase: 'Ich möchte mit jemandem sprechen', topics: ['card', 'ATM'], tried: [{ what: 'Offered to block or replace the card', outcome: 'neither wanted' }] })],
  },
  {
    client: 'contoso', key: 'guest-4821', channel: 'directline', user: { id: 'dl_a7f24821' }, ago: 95,
    steps: [user('why is my limit lower today'), bot('Your limit depends on your recent payments.'), user('that is not an answer'), ask('payments', { reason: 'The bot did not understand twice', lastPhrase: 'that is not an answer' })],
  },
  {
    client: 'contoso', key: 'sam', channel: 'directline', user: { id: 'dl_sam', name: 'Sam Okafor', language: 'en-US' }, ago: 25,
    steps: [user('cheque deposit missing since Friday'), bot('Deposits appear within two working days.'), user('it’s been four'), ask('payments', { reason: 'Deposit missing', lastPhrase: 'it’s been four', topics: ['deposit'], facts: [{ name: 'Deposit', value: 'Cheque over 1,240.00 $, Friday 16:12, branch 7', source: 'user' }] })],
  },
  {
    client: 'contoso', key: 'priya', channel: 'directline', user: { id: 'dl_priya', name: 'Priya Nair', language: 'en-IN', verified: verified('Priya Nair') }, ago: 8,
    steps: [user('I’ve been charged twice for the same transfer.'), bot('Transfers are charged once.'), user('No. Twice. 12.50 and 12.50'), bot('Transfers are charged once.'), user('I’ve been charged twice for the same transfer.'), ask('cards', { reason: 'Bot did not understand twice', lastPhrase: 'I’ve been charged twice for the same transfer.', topics: ['fees'] })],
  },
  {
    client: 'contoso', key: 'hedwig', channel: 'directline', user: { id: 'dl_hedwig', name: 'Hedwig Lindenbaum-Schäfer', language: 'de-AT' }, ago: 410,
    steps: [user('Grüß Gott, ich finde mein Haushaltsbuch nicht mehr'), bot('Das Haushaltsbuch heißt jetzt „Ausgaben“.'), user('Und wo sind die Einträge aus dem Vorjahr? Da waren über dreihundert Buchungen drin, die ich für die Steuer brauche, und jetzt sehe ich nur noch die letzten neunzig Tage.'), ask('general', { reason: 'Daten aus dem Vorjahr fehlen', lastPhrase: 'jetzt sehe ich nur noch die letzten neunzig Tage', topics: ['Ausgaben', 'Steuer'] })],
  },
  {
    client: 'contoso', key: 'pierre', channel: 'directline', user: { id: 'dl_pierre', name: 'Pierre Dubois', language: 'fr-FR' }, ago: 210,
    steps: [user('Bonjour, je veux contester un prélèvement'), ask('payments', { reason: 'Disputed direct debit', lastPhrase: 'je veux contester un prélèvement', topics: ['dispute'] }), claim('mei-lin', 55), reply('mei-lin', 'Bonjour Pierre, de quel prélèvement s’agit-il ?'), user('Celui du 3, 89,90 €, « FIT CLUB »'), note('mei-lin', 'Mandate is signed by his wife on the joint account. Cards has to check the second cardholder.'), toQueue('mei-lin', 'cards', 'Joint account: please check the second cardholder before anything is refunded. He knows that it takes a moment.')],
  },
  {
    client: 'contoso', key: 'aiko', channel: 'msteams', user: { id: '29:aiko', name: '田中 愛子', language: 'ja-JP', verified: verified('Aiko Tanaka') }, ago: 66,
    steps: [user('こんにちは。海外送金の手数料について教えてください。'), bot('Fees for transfers abroad are 12.50 €.'), user('日本語でお願いします 🙏'), ask('general', { reason: 'Asks for Japanese', lastPhrase: '日本語でお願いします 🙏', topics: ['language'] }), claim('lukas', 35), toPerson('lukas', 'mei-lin', 'She asks for Japanese; you are the nearest we have. 手数料 = fees.')],
  },
  {
    client: 'contoso', key: 'oskar', channel: 'directline', user: { id: 'dl_oskar', name: 'Oskar Brenner', language: 'de-DE', verified: verified('Oskar Brenner') }, ago: 35,
    steps: [user('Dauerauftrag wurde doppelt ausgeführt'), ask('general', { reason: 'Dauerauftrag doppelt', lastPhrase: 'wurde doppelt ausgeführt', topics: ['standing order'] }), claim('lukas', 52), reply('lukas', 'Guten Tag Herr Brenner, ich sehe beide Buchungen. Einen Moment bitte.'), user('Ich warte'), reply('lukas', 'Die zweite ist zurückgebucht, morgen früh ist sie da.'), user('Super. Und die Gebühr dafür?', 30)],
  },
  {
    client: 'contoso', key: 'grace', channel: 'directline', user: { id: 'dl_grace', name: 'Grace Adeyemi', language: 'en-GB' }, ago: 20,
    steps: [user('I lost my phone with the banking app on it'), bot('I can sign out all your devices. Shall I?'), user('yes!! and i want a human'), ask('cards', { reason: 'Phone lost, wants a person', lastPhrase: 'i want a human', topics: ['lost phone'], tried: [{ what: 'Sign out all devices', outcome: 'done' }] }), claim('lukas', 18), reply('lukas', 'Hi Grace. All devices are signed out. Are your cards with you?', 15), user('yes I have both'), reply('lukas', 'Good. Then nothing can be paid. Shall I set up the app on a new phone with you?', 20)],
  },
  {
    client: 'contoso', key: 'ibrahim', channel: 'directline', user: { id: 'dl_ibrahim', name: 'Ibrahim Al-Masri', language: 'ar', verified: verified('Ibrahim Al-Masri') }, ago: 320,
    steps: [user('مرحبا، لم يصل راتبي بعد'), bot('Salaries arrive on the last working day.'), user('نعم، كان يوم الجمعة'), ask('payments', { reason: 'Salary missing', lastPhrase: 'لم يصل راتبي بعد', topics: ['salary'] }), claim('mei-lin', 80), reply('mei-lin', 'مرحبا إبراهيم، سأتحقق الآن.'), note('mei-lin', 'Employer file was rejected (wrong IBAN check digits). Asked payments back office, ticket 55120.'), reply('mei-lin', 'The transfer of your employer was rejected; we have asked them to send it again. Is your IBAN still the one ending in 0031?'), user('نعم'), user('متى يصل؟', 45)],
  },
  { client: 'contoso', key: 'long', channel: 'directline', user: { id: 'dl_marathon', name: 'Bartholomew Featherstonehaugh-Cholmondeley', language: 'en-GB' }, ago: 60, steps: marathon() },
  {
    client: 'contoso', key: 'bot-1', channel: 'directline', user: { id: 'dl_carla', name: 'Carla Rossi', language: 'it-IT' }, ago: 15, steps: [user('Vorrei cambiare il mio indirizzo'), bot('Certo. Qual è il nuovo indirizzo?'), user('Via Roma 14, Torino')],
  },
  { client: 'contoso', key: 'bot-2', channel: 'msteams', user: { id: '29:dev', name: 'Dev Patel', language: 'en-GB' }, ago: 130, steps: [user('what are your opening hours'), bot('Branches are open Monday to Friday, 9 to 17.'), user('and on saturday?'), bot('Some branches open on Saturday from 10 to 13. Which city?')] },
  { client: 'contoso', key: 'bot-3', channel: 'directline', user: { id: 'dl_7731' }, ago: 5, steps: [user('is the instant transfer free'), bot('Yes, up to 10 a month.'), user('👍👍')] },
  { client: 'contoso', key: 'bot-4', channel: 'directline', user: { id: 'dl_hana', name: 'Hana Novák', language: 'cs' }, ago: 900, steps: [user('block my card'), bot('Which one? ··1180 or ··2204?'), user('··2204'), bot('Card ··2204 is blocked.')] },
  {
    client: 'contoso', key: 'returned', channel: 'directline', user: { id: 'dl_elif', name: 'Elif Yılmaz', language: 'tr-TR' }, ago: 240,
    steps: [user('kartım çalışmıyor'), ask('cards', { reason: 'Card does not work', lastPhrase: 'kartım çalışmıyor' }), claim('ana', 22), reply('ana', 'Hello Elif, the card was blocked after three wrong PINs. I have set the counter back.'), user('it works now!'), handBack('ana', { outcome: 'resolved', comment: 'PIN counter reset, card works.', promises: ['A letter with the PIN arrives within five days'] }), lateReply('ana', 'One more thing: please destroy the old PIN letter.'), bot('Ana says your card works again. Anything else?', 6), user('when does the letter arrive?')],
  },
  {
    client: 'contoso', key: 'abandoned', channel: 'directline', user: { id: 'dl_tim', name: 'Tim Curran', language: 'en-IE' }, ago: 5 * hour,
    steps: [user('hello?'), bot('How can I help?'), user('agent'), ask('payments', { reason: 'Asked for a person', lastPhrase: 'agent' }), user('anyone?', 90), user('forget it', 120), left(10)],
  },
  {
    client: 'contoso', key: 'passed-round', channel: 'directline', user: { id: 'dl_sofia', name: 'Sofía Herrera', language: 'es-ES', verified: verified('Sofía Herrera') }, ago: 2 * hour,
    steps: [user('No reconozco un pago de 230 € en mi tarjeta'), ask('cards', { reason: 'Unknown card payment', lastPhrase: 'No reconozco un pago de 230 €', topics: ['fraud'] }), claim('lukas', 33), reply('lukas', 'Hola Sofía, I am looking at it.'), toQueue('lukas', 'payments', 'Card is fine; the payment is a direct debit.'), claim('mei-lin', 120), reply('mei-lin', 'The payment is the yearly fee of your gym. Do you want to have it returned?'), user('sí, por favor'), toPerson('mei-lin', 'ana', 'Returns over 200 € need the cards team.'), claim('ana', 15), reply('ana', 'It is returned. You have it back tomorrow.'), note('ana', 'Return R-20931, confirmed by back office.'), user('¡muchas gracias!'), close('ana', 'resolved', 'Direct debit returned'), rate(4, 'Tres personas, pero al final bien.')],
  },
  {
    client: 'contoso', key: 'angry', channel: 'directline', user: { id: 'dl_kurt', name: 'Kurt Meisner', language: 'de-DE' }, ago: 26 * hour,
    steps: [user('Seit drei Wochen warte ich auf meine Karte!!!'), bot('Ihre Karte ist unterwegs.'), user('DAS SAGEN SIE SEIT DREI WOCHEN'), ask('cards', { reason: 'Karte nicht angekommen, verärgert', lastPhrase: 'DAS SAGEN SIE SEIT DREI WOCHEN' }), claim('lukas', 540), reply('lukas', 'Guten Tag Herr Meisner, das darf nicht sein. Ich bestelle sie neu, per Kurier.'), user('Zu spät. Ich kündige.'), close('lukas', 'not-solved', 'Will cancel the account; told retention.'), rate(1, 'Neun Minuten gewartet, nach drei Wochen.')],
  },
  {
    client: 'contoso', key: 'silent', channel: 'msteams', user: { id: '29:ruth', name: 'Ruth Abrams', language: 'en-US' }, ago: 30 * hour,
    steps: [user('need help with a wire to Canada'), ask('payments', { reason: 'Wire abroad', lastPhrase: 'need help with a wire to Canada' }), claim('mei-lin', 19), reply('mei-lin', 'Hello Ruth, what is the amount and the bank?'), note('mei-lin', 'No answer after ten minutes; tried once more.', 600), reply('mei-lin', 'Are you still there?'), close('mei-lin', 'no-response', undefined, 600)],
  },
  {
    client: 'contoso', key: 'bot-down', channel: 'directline', user: { id: 'dl_nils', name: 'Nils Berg', language: 'sv-SE' }, ago: 50,
    steps: [user('hej, kan jag prata med någon?'), ask('general', { reason: 'Asked for a person', lastPhrase: 'kan jag prata med någon?' }), claim('mei-lin', 28), reply('mei-lin', 'Hej Nils, how can I help you?')],
  },
  {
    client: 'fabrikam', key: 'hail', channel: 'directline', user: { id: 'dl_wanda', name: 'Wanda Kowalska', language: 'pl-PL', verified: verified('Wanda Kowalska') }, ago: 130,
    steps: [user('Hail broke my roof window'), bot('I am sorry. Is anybody hurt?'), user('no, but it rains in'), ask('claims', { reason: 'Storm damage, urgent', lastPhrase: 'it rains in', topics: ['hail', 'roof'] })],
  },
  {
    client: 'fabrikam', key: 'scratch', channel: 'directline', user: { id: 'dl_bob', name: 'Bob Nakamura', language: 'en-US' }, ago: 44,
    steps: [user('someone scratched my parked car', 10, [{ contentType: 'image/jpeg', name: 'door.jpg', url: 'https://files.example/door.jpg' }]), ask('claims', { reason: 'New claim', lastPhrase: 'someone scratched my parked car' }), claim('noor', 34), reply('noor', 'Sorry to hear that, Bob. When did you find it?'), user('this morning')],
  },
  {
    client: 'fabrikam', key: 'policy', channel: 'directline', user: { id: 'dl_uma', name: 'Uma Rao', language: 'en-IN' }, ago: 20 * hour,
    steps: [user('is my bike insured abroad'), ask('general', { reason: 'Coverage question', lastPhrase: 'is my bike insured abroad' }), claim('felix', 70), reply('felix', 'Yes, in all of Europe for 90 days.'), close('felix', 'resolved'), rate(5)],
  },
  { client: 'fabrikam', key: 'bot', channel: 'directline', user: { id: 'dl_yuri', name: 'Yuri Volkov' }, ago: 33, steps: [user('change my address'), bot('What is the new one?')] },
  ...routine,
];

/** Somebody with very much to say: three hundred lines before a person comes, and some after. */
function marathon() {
  const told = Array.from({ length: 150 }, (_, n) => [
    user(n % 9 === 4 ? `Entry ${n + 1}: on the statement it says 1${n}.40 but I paid 2${n}.10, and this is one of those longer remarks that need more than one line on the screen because I would like to explain the whole history of this account from the beginning.` : `Entry ${n + 1}: ${['wrong amount', 'not mine', 'booked twice', 'wrong date', 'what is this?'][n % 5]}`, 6),
    bot(n % 7 === 3 ? 'I have noted this. You can send me all entries at once as a table, if that is easier for you.' : 'Noted.', 1),
  ]).flat();
  return [...told, user('are you even a human?'), ask('general', { reason: '150 disputed entries', lastPhrase: 'are you even a human?', topics: ['statement', 'dispute'], summary: 'The user goes through every entry of the year.' }), claim('mei-lin', 90), reply('mei-lin', 'Hello, I am Mei-Lin, and human. I have all 150 entries in front of me.'), user('finally! shall I start again from the top?'), reply('mei-lin', 'No need. I read them now and come back to you within the hour.')];
}
