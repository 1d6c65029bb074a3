import type { Conversation, Entry } from '@parley/contracts';

export type ExportFormat = 'json' | 'text' | 'transcript';

/** One conversation as a file. The `transcript` format is the Bot Framework's: a flat array of activities, UTF-8 without a byte order mark. */
export function exported(
  format: ExportFormat,
  client: string,
  conversation: Conversation,
  entries: readonly Entry[],
): { name: string; type: string; body: string } {
  switch (format) {
    case 'json':
      return {
        name: `${conversation.id}.json`,
        type: 'application/json; charset=utf-8',
        body: `${JSON.stringify({ format: 'parley/1', client, conversation, entries }, null, 2)}\n`,
      };
    case 'text':
      return {
        name: `${conversation.id}.txt`,
        type: 'text/plain; charset=utf-8',
        body: asText(client, conversation, entries),
      };
    case 'transcript':
      return {
        name: `${conversation.id}.transcript`,
        type: 'application/json; charset=utf-8',
        body: `${JSON.stringify(
          entries.map((entry) => activity(conversation, entry)),
          null,
          2,
        )}\n`,
      };
  }
}

function asText(client: string, { id, channel, user, openedAt }: Conversation, entries: readonly Entry[]): string {
  const head = [
    `Conversation ${id}`,
    `Client: ${client}`,
    `Channel: ${channel}`,
    `User: ${user.name ?? user.id}${user.verified ? ` (verified as ${user.verified.as} by ${user.verified.by})` : ' (not verified)'}`,
    `Opened: ${iso(openedAt)}`,
    '',
  ];
  return `${[...head, ...entries.map((entry) => `${iso(entry.at)}  ${line(entry)}`)].join('\n')}\n`;
}

/** One entry in words. Continuation lines are indented, so that nobody's text can pass for another entry. */
function line(entry: Entry): string {
  const who = speaker(entry);
  const text = (said: string) => said.replaceAll(/\r\n?|[\n\u2028\u2029]/g, '\n    ');
  switch (entry.kind) {
    case 'message':
      return [
        `${who}: ${text(entry.text)}`,
        ...(entry.attachments ?? []).map(
          ({ name, contentType, url }) => `    [${name ?? 'attachment'}, ${contentType}${url ? `, ${url}` : ''}]`,
        ),
      ].join('\n');
    case 'suppressed':
      return `* suppressed line of ${who}: ${text(entry.text)}`;
    case 'handoff-requested':
      return `* ${who} asked for a human (queue ${entry.queue}): ${text(entry.packet.reason)}`;
    case 'offered':
      return `* offered to ${entry.to.name}`;
    case 'offer-declined':
      return `* ${who} declined: ${text(entry.reason)}`;
    case 'offer-expired':
      return `* the offer to ${entry.to.name} lapsed`;
    case 'accepted':
      return `* ${entry.consultant.name} took the conversation`;
    case 'note':
      return `* note by ${who}: ${text(entry.text)}`;
    case 'transferred':
      return `* ${who} transferred to ${'person' in entry.to ? entry.to.person.name : `queue ${entry.to.queue}`}${entry.comment ? `: ${text(entry.comment)}` : ''}`;
    case 'requeued':
      return `* back to queue ${entry.queue}: ${text(entry.reason)}`;
    case 'returned':
      return `* ${entry.fallback ? `returned to the bot (${entry.fallback})` : `${who} returned the conversation to the bot`}${entry.packet.comment ? `: ${text(entry.packet.comment)}` : ''}`;
    case 'closed':
      return `* ${entry.fallback ? `closed (${entry.fallback})` : `${who} closed the conversation`}, outcome ${entry.outcome}${entry.comment ? `: ${text(entry.comment)}` : ''}`;
    case 'user-left':
      return '* the user left';
    case 'rated':
      return `* rated ${entry.score} of 5${entry.comment ? `: ${text(entry.comment)}` : ''}`;
    case 'delivery-failed':
      return `* delivery failed from line ${entry.of} on: ${text(entry.reason)}`;
  }
}

/** An entry as a Bot Framework activity. What is no message becomes an event under our own name, which readers must ignore if unknown. */
function activity(conversation: Conversation, entry: Entry): Record<string, unknown> {
  const frame = {
    id: `${conversation.channelConversation}|${String(entry.seq).padStart(7, '0')}`,
    timestamp: iso(entry.at),
    channelId: conversation.channel,
    conversation: { id: conversation.channelConversation },
    from: from(conversation, entry),
    recipient:
      entry.by.type === 'user'
        ? { id: conversation.bot.id, name: conversation.bot.name, role: 'bot' }
        : { id: conversation.user.id, name: conversation.user.name, role: 'user' },
  };
  if (entry.kind === 'message')
    return {
      type: 'message',
      ...frame,
      text: entry.text,
      textFormat: 'plain',
      ...(entry.attachments
        ? {
            attachments: entry.attachments.map(({ url, ...rest }) => ({
              ...rest,
              ...(url ? { contentUrl: url } : {}),
            })),
          }
        : {}),
    };
  if (entry.kind === 'handoff-requested')
    return { type: 'event', name: 'handoff.initiate', ...frame, value: entry.packet };
  if (entry.kind === 'accepted')
    return {
      type: 'event',
      name: 'handoff.status',
      ...frame,
      value: { state: 'accepted', message: entry.consultant.name },
    };
  if (entry.kind === 'returned' || entry.kind === 'closed')
    return {
      type: 'event',
      name: 'handoff.status',
      ...frame,
      value: { state: entry.fallback ? 'failed' : 'completed' },
    };
  const { seq: _, id: __, at: ___, epoch: ____, by: _____, kind, ...value } = entry;
  return { type: 'event', name: `parley.${kind}`, ...frame, value };
}

function from({ user, bot }: Conversation, { by }: Entry): Record<string, unknown> {
  switch (by.type) {
    case 'user':
      return { id: user.id, name: by.name ?? user.name, role: 'user' };
    case 'bot':
      return { id: bot.id, name: by.name ?? bot.name, role: 'bot' };
    case 'person':
      return { id: by.id, name: by.name, role: 'bot' };
    case 'desk':
      return { id: 'parley', name: 'Parley', role: 'bot' };
  }
}

function speaker({ by }: Entry): string {
  switch (by.type) {
    case 'user':
      return by.name ?? 'User';
    case 'bot':
      return by.name ?? 'Bot';
    case 'person':
      return by.name;
    case 'desk':
      return 'Desk';
  }
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
