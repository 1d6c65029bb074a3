import type { Fact } from './dialogue.ts';

/** The value of a `handoff.status` event, as far as the assistant reads it. */
export interface StatusValue {
  readonly state: string;
  readonly message?: {
    readonly consultant?: { readonly name?: string };
    readonly queue?: string;
    readonly reason?: string;
    readonly returned?: boolean;
    readonly packet?: { readonly facts?: readonly Fact[]; readonly promises?: readonly string[] };
  };
}

/**
 * What the assistant says about the fate of a handoff. The consultant's comment is for the assistant, not for the customer.
 * @param asksForRating whether the channel has no other way of rating.
 */
export function linesAbout({ state, message = {} }: StatusValue, bankName: string, asksForRating: boolean): string[] {
  switch (state) {
    case 'accepted':
      return [`You are now talking to ${message.consultant?.name ?? 'a consultant'} from ${bankName}.`];
    case 'transferred':
      return ['I am passing you on to a colleague. Please stay with us, everything you said goes along.'];
    case 'requeued':
      return [requeued(message.reason)];
    case 'failed':
      return [failure(message.reason)];
    case 'completed':
      return message.returned === false ? closed(asksForRating) : returned(message);
    default:
      return [];
  }
}

/** Back in a queue without the customer having done anything. */
function requeued(reason: string | undefined): string {
  switch (reason) {
    case 'consultant-gone':
      return 'I am sorry, the connection to our consultant was lost. A colleague will be with you shortly; you need not repeat anything.';
    case 'queue-deadline':
      return 'I am sorry, this takes longer than it should. I have asked more of my colleagues; please stay with us.';
    default:
      return 'A colleague will be with you shortly; you need not repeat anything.';
  }
}

function failure(reason: string | undefined): string {
  if (reason === 'user-left' || reason === 'bot-ended')
    return 'This conversation has ended. Write to me whenever you need something.';
  if (reason === 'queue-deadline' || reason === 'nobody-available') {
    return "I'm sorry, none of my colleagues is free at the moment. Ask me again for a person later, or let me see what I can do myself.";
  }
  return "I'm sorry, I cannot reach my colleagues at the moment. Please ask me again in a few minutes, or let me see what I can do myself.";
}

function closed(asksForRating: boolean): string[] {
  return asksForRating
    ? ['The conversation with our consultant is finished. How did we do, from 1 (bad) to 5 (great)?']
    : ['The conversation with our consultant is finished. I am here if you need anything else.'];
}

function returned({ packet }: NonNullable<StatusValue['message']>): string[] {
  const promises = packet?.promises ?? [];
  const facts = packet?.facts ?? [];
  return [
    "It's me again, the assistant.",
    ...(promises.length > 0 ? [`What was promised to you: ${promises.join('; ')}.`] : []),
    ...(facts.length > 0 ? [`I have noted: ${facts.map(({ name, value }) => `${name}: ${value}`).join('; ')}.`] : []),
    'Is there anything else I can do for you?',
  ];
}
