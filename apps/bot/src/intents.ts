/** What the assistant understands, in the order in which it is tried: the more urgent first. English and German. */
export type Intent =
  | 'person'
  | 'fraud'
  | 'lost-card'
  | 'balance'
  | 'limits'
  | 'hours'
  | 'help'
  | 'yes'
  | 'no'
  | 'thanks'
  | 'bye'
  | 'small-talk'
  | 'greeting';

const phrases: readonly (readonly [Intent, RegExp])[] = [
  [
    'person',
    words(
      String.raw`human|real person|(?:talk|speak|chat)\s+(?:to|with)\s+(?:an?|some|the)?\s*(?:person|someone|somebody|body|human|agent|consultant|employee|representative)`,
      'an? (?:agent|consultant|representative|real person)|someone real|customer service|mitarbeiter(?:in)?|berater(?:in)?|mensch(?:en)?|mit jemandem (?:sprechen|reden)',
    ),
  ],
  [
    'fraud',
    words(
      String.raw`fraud\p{L}*|scam\p{L}*|phishing|hacked|(?:don't|do not) recogni[sz]e|(?:didn't|did not) (?:make|authori[sz]e)|unauthori[sz]ed|unknown (?:payment|transaction|charge)`,
      'betrug|betrogen|nicht von mir|unbekannte (?:abbuchung|zahlung|überweisung)',
    ),
  ],
  [
    'lost-card',
    words(
      String.raw`(?:lost|lose|stole\p{L}*|missing|misplaced|block|freeze|gone)(?!\p{L}).{0,40}(?<!\p{L})(?:card|wallet|purse)|(?:card|wallet|purse)(?!\p{L}).{0,40}(?<!\p{L})(?:lost|stolen|missing|gone|block\p{L}*|freeze)`,
      String.raw`karte(?!\p{L}).{0,40}(?:verloren|gestohlen|geklaut|sperren|weg)|(?:verloren|gestohlen|sperren?).{0,40}karte`,
    ),
  ],
  ['balance', words('balance|how much money|what.{0,10}in my account|kontostand|guthaben|saldo|wie ?viel geld')],
  ['limits', words('limits?|how much can i (?:transfer|send|pay)|maximum|überweisungslimit|tageslimit|höchstbetrag')],
  [
    'hours',
    words(
      '(?:opening|business|office) (?:hours|times)|when.{0,20} open|are you open|öffnungszeiten|wann.{0,20}(?:offen|geöffnet)',
    ),
  ],
  ['help', words('help|what can you do|options|menu|hilfe|was kannst du')],
  ['yes', opening('yes|yeah|yep|yup|sure|ok(?:ay)?|please do|do it|go ahead|correct|ja|jawohl|gerne|bitte')],
  ['no', opening("no|nope|not now|don't|cancel|stop|nein|lieber nicht|abbrechen")],
  ['thanks', words('thanks?|thank you|thx|cheers|danke(?:schön)?|vielen dank')],
  ['bye', words("bye|goodbye|see you|that's all|tschüss|auf wiedersehen|das war alles")],
  [
    'small-talk',
    words(
      "how are you|who are you|are you (?:a )?(?:bot|robot|real)|your name|weather|joke|wie geht'?s|wer bist du|bist du ein (?:bot|roboter)",
    ),
  ],
  [
    'greeting',
    opening('hi|hello|hey|good (?:morning|afternoon|evening)|greetings|hallo|guten (?:tag|morgen|abend)|servus|moin'),
  ],
];

/** @returns undefined for what the assistant does not understand. */
export function intentOf(text: string): Intent | undefined {
  const plain = text.replaceAll(/[\u2018\u2019]/g, "'");
  return phrases.find(([, pattern]) => pattern.test(plain))?.[0];
}

/** A yes or no at the start of what may say more: "yes, block my card". */
export function decisionOf(text: string): boolean | undefined {
  const plain = text.replaceAll(/[\u2018\u2019]/g, "'");
  const of = (intent: Intent) => phrases.find(([name]) => name === intent)![1].test(plain);
  return of('yes') ? true : of('no') ? false : undefined;
}

/** `\b` knows ASCII letters only, and would find no word in "Öffnungszeiten". */
function words(...sources: string[]): RegExp {
  return new RegExp(String.raw`(?<!\p{L})(?:${sources.join('|')})(?!\p{L})`, 'iu');
}

function opening(source: string): RegExp {
  return new RegExp(String.raw`^[^\p{L}\p{N}]*(?:${source})(?!\p{L})`, 'iu');
}
