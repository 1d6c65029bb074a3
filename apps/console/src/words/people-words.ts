import type { Conversation, User } from '@parley/contracts';

/** What to call the end user: their name, or a guest with the end of their id. */
export function userName(user: User): string {
  return user.verified?.as ?? user.name ?? `Guest ${user.id.slice(-4)}`;
}

export function firstName(name: string): string {
  return name.split(/\s+/)[0] ?? name;
}

export function channelName(channel: string): string {
  return channelNames[channel] ?? channel;
}

/** `DE` for `de-AT`. */
export function languageCode(language: string | undefined): string | undefined {
  return language?.split('-')[0]?.toUpperCase();
}

export function languageName(language: string): string {
  try {
    return new Intl.DisplayNames(undefined, { type: 'language' }).of(language) ?? language;
  } catch {
    return language;
  }
}

/** The last line of a conversation for a list: the user's own words, or who else said it. */
export function lastLine(conversation: Conversation): string {
  const { last, userLines } = conversation;
  if (last?.by === 'person') return `You: ${last.text}`;
  return userLines.at(-1) ?? last?.text ?? 'Nothing said yet';
}

const channelNames: Record<string, string> = {
  directline: 'Web chat',
  webchat: 'Web chat',
  msteams: 'Teams',
  emulator: 'Emulator',
  sms: 'SMS',
  email: 'E-mail',
  slack: 'Slack',
  telegram: 'Telegram',
  whatsapp: 'WhatsApp',
};
