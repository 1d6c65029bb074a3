import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { Activity, ChannelAccount, ChannelActivity } from './activity.ts';
import { openJournal } from './journal.ts';

export type ChannelId = 'directline' | 'msteams';

/** One line of a conversation. `seq` names its place; `version` rises when it is edited, so that readers see edits too. */
export interface Line {
  readonly seq: number;
  readonly version: number;
  readonly activity: ChannelActivity;
}

/** A conversation of one bot on one channel, with everything said in it. */
export interface Conversation {
  readonly id: string;
  readonly channelId: ChannelId;
  readonly botAppId: string;
  /** The person, once known. */
  user: ChannelAccount | undefined;
  /** Last number given away; what is not kept (typing) uses numbers too. */
  seq: number;
  readonly lines: Line[];
  /** Emits `line` with a {@link Line} and `signal` with an activity that is not kept. */
  readonly events: EventEmitter<{ line: [Line]; signal: [ChannelActivity] }>;
  /** Settles when the bot has been told of the conversation and the person in it. */
  announced: Promise<unknown>;
}

export interface Conversations {
  create(start: { id?: string; channelId: ChannelId; botAppId: string; user?: ChannelAccount }): Conversation;
  find(id: string, channelId?: ChannelId): Conversation | undefined;
  list(channelId: ChannelId): readonly Conversation[];
  setUser(conversation: Conversation, user: ChannelAccount): void;
  /** Gives the activity its place and time, keeps it and tells the listeners. `id` overrides the numbered id. */
  append(conversation: Conversation, activity: Activity & { from: ChannelAccount }, id?: string): Line;
  /** Tells the listeners of an activity that is not kept. */
  signal(conversation: Conversation, activity: Activity & { from: ChannelAccount }): ChannelActivity;
  /** Names and dates an activity for the bot alone. */
  stamp(conversation: Conversation, activity: Activity & { from: ChannelAccount }, id?: string): ChannelActivity;
  /** Replaces what a line says. @returns undefined when there is no such line. */
  edit(
    conversation: Conversation,
    activityId: string,
    change: (activity: ChannelActivity) => ChannelActivity,
  ): Line | undefined;
  close(): Promise<void>;
}

/**
 * The channels' memory.
 * @param now milliseconds since the epoch.
 * @param file journal of JSON lines; without it the memory ends with the process.
 */
export function createConversations({ now, file }: { now: () => number; file?: string }): Conversations {
  const journal = openJournal<Record_>(file);
  const byId = new Map<string, Conversation>();
  for (const record of journal.past) replay(byId, record);

  function stamp(
    conversation: Conversation,
    activity: Activity & { from: ChannelAccount },
    id?: string,
  ): ChannelActivity {
    conversation.seq += 1;
    return {
      ...activity,
      id: id ?? `${conversation.id}|${String(conversation.seq).padStart(7, '0')}`,
      timestamp: new Date(now()).toISOString(),
    };
  }

  return {
    create({ id = newConversationId(), channelId, botAppId, user }) {
      const conversation = blank({ id, channelId, botAppId, user });
      byId.set(id, conversation);
      journal.append({ kind: 'conversation', id, channelId, botAppId, ...(user && { user }) });
      return conversation;
    },

    find(id, channelId) {
      const conversation = byId.get(id);
      return channelId === undefined || conversation?.channelId === channelId ? conversation : undefined;
    },

    list: (channelId) => [...byId.values()].filter((conversation) => conversation.channelId === channelId),

    setUser(conversation, user) {
      conversation.user = user;
      journal.append({ kind: 'user', id: conversation.id, user });
    },

    append(conversation, activity, id) {
      const stamped = stamp(conversation, activity, id);
      const line: Line = { seq: conversation.seq, version: conversation.seq, activity: stamped };
      journal.append({ kind: 'line', id: conversation.id, line });
      conversation.lines.push(line);
      conversation.events.emit('line', line);
      return line;
    },

    signal(conversation, activity) {
      const stamped = stamp(conversation, activity);
      conversation.events.emit('signal', stamped);
      return stamped;
    },

    stamp,

    edit(conversation, activityId, change) {
      const index = conversation.lines.findIndex((line) => line.activity.id === activityId);
      const old = conversation.lines[index];
      if (!old) return undefined;
      conversation.seq += 1;
      const line: Line = { seq: old.seq, version: conversation.seq, activity: change(old.activity) };
      journal.append({ kind: 'edit', id: conversation.id, line });
      conversation.lines[index] = line;
      conversation.events.emit('line', line);
      return line;
    },

    close: () => journal.close(),
  };
}

/** Lines after a place, oldest first. */
export function linesAfter(conversation: Conversation, seq: number): readonly Line[] {
  const first = conversation.lines.findIndex((line) => line.seq > seq);
  return first === -1 ? [] : conversation.lines.slice(first);
}

function newConversationId(): string {
  return randomBytes(16).toString('hex');
}

function blank(start: {
  id: string;
  channelId: ChannelId;
  botAppId: string;
  user: ChannelAccount | undefined;
}): Conversation {
  const events: Conversation['events'] = new EventEmitter();
  events.setMaxListeners(0);
  return { ...start, seq: 0, lines: [], events, announced: Promise.resolve() };
}

function replay(byId: Map<string, Conversation>, record: Record_): void {
  if (record.kind === 'conversation') {
    byId.set(record.id, blank({ ...record, user: record.user }));
    return;
  }
  const conversation = byId.get(record.id);
  if (!conversation) throw new Error(`The journal speaks of an unknown conversation ${record.id}`);
  if (record.kind === 'user') {
    conversation.user = record.user;
    return;
  }
  conversation.seq = Math.max(conversation.seq, record.line.version);
  if (record.kind === 'line') conversation.lines.push(record.line);
  else conversation.lines[conversation.lines.findIndex((line) => line.seq === record.line.seq)] = record.line;
}

type Record_ =
  | { kind: 'conversation'; id: string; channelId: ChannelId; botAppId: string; user?: ChannelAccount }
  | { kind: 'user'; id: string; user: ChannelAccount }
  | { kind: 'line'; id: string; line: Line }
  | { kind: 'edit'; id: string; line: Line };
