import type { Attempt, Fact, HandoffPacket } from '@parley/contracts';
import type { ActivityLike } from './activity.ts';
import { clean, isRecord } from './text.ts';

/** What the bot hands over, and where it wants it to go. */
export interface HandoffWish {
  readonly packet: HandoffPacket;
  readonly queue?: string;
}

const defaultReason = 'The bot asked for a person';

/** Where each dialect keeps what the packet has a place for. Keys are matched in lower case. */
const places = {
  reason: ['reason', 'escalationreason'],
  summary: ['summary', 'va_agentmessage', 'problemdescription'],
  lastPhrase: ['lastphrase', 'va_lastphrase', 'va_lastphrases'],
  topics: ['topics', 'va_topics', 'va_lasttopic', 'topic'],
  queue: ['queue', 'skill', 'skills'],
  facts: ['facts', 'context'],
  tried: ['tried', 'attempts'],
} as const;

/**
 * Reads the `value` of a `handoff.initiate` event in the dialects bots speak: ours, Bot Framework's `Skill`, Copilot Studio's `va_…`
 * variables, Dynamics 365's `tags`. What has no place of its own becomes a fact, so that nothing the bot knew is lost.
 */
export function readWish(activity: Pick<ActivityLike, 'value' | 'channelData' | 'text'>): HandoffWish {
  const said = new Map<string, unknown>();
  const facts: Fact[] = [];
  for (const source of [activity.value, readTags(activity.channelData)]) {
    if (typeof source === 'string' && source.trim() !== '') said.set('summary', source);
    if (!isRecord(source)) continue;
    for (const [name, value] of Object.entries(source)) {
      const key = name.toLowerCase();
      if (isPlaced(key)) said.set(key, value);
      else if (!key.startsWith('va_')) facts.push(...factOf(name, value));
    }
  }
  if (activity.text && !said.has('summary')) said.set('summary', activity.text);

  const first = (names: readonly string[]) =>
    names.map((name) => said.get(name)).find((value) => textOf(value, 1) !== undefined);
  const summary = textOf(first(places.summary), 4_000);
  const lastPhrase = textOf(first(places.lastPhrase), 2_000);
  const topics = [
    ...new Set(places.topics.flatMap((name) => listOf(said.get(name))).flatMap((topic) => textOf(topic, 100) ?? [])),
  ].slice(0, 20);
  const known = [...places.facts.flatMap((name) => factsOf(said.get(name))), ...facts].slice(0, 50);
  const tried = places.tried.flatMap((name) => listOf(said.get(name)).flatMap(attemptOf)).slice(0, 50);
  const queue = queueOf(first(places.queue));
  return {
    packet: {
      reason: textOf(first(places.reason), 500) ?? summary?.split('\n')[0]?.slice(0, 500) ?? defaultReason,
      ...(summary !== undefined && { summary }),
      ...(lastPhrase !== undefined && { lastPhrase }),
      ...(topics.length > 0 && { topics }),
      ...(known.length > 0 && { facts: known }),
      ...(tried.length > 0 && { tried }),
    },
    ...(queue !== undefined && { queue }),
  };
}

function isPlaced(key: string): boolean {
  return Object.values(places).some((names) => (names as readonly string[]).includes(key));
}

/** Dynamics 365 puts its command into `channelData.tags`, as JSON text. */
function readTags(channelData: unknown): unknown {
  if (!isRecord(channelData) || typeof channelData['tags'] !== 'string') return undefined;
  try {
    const tags: unknown = JSON.parse(channelData['tags']);
    if (!isRecord(tags)) return undefined;
    const { type: _type, ...rest } = tags;
    return rest;
  } catch {
    return undefined;
  }
}

/** `credit cards` → `credit-cards`. */
function queueOf(value: unknown): string | undefined {
  const slug = textOf(listOf(value)[0], 60)
    ?.toLowerCase()
    .normalize('NFKD')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 41);
  return slug && /^[a-z][a-z0-9-]{0,40}$/.test(slug) ? slug : undefined;
}

function factsOf(value: unknown): Fact[] {
  if (isRecord(value)) return Object.entries(value).flatMap(([name, entry]) => factOf(name, entry));
  return listOf(value).flatMap((entry) => {
    if (!isRecord(entry)) return [];
    const name = textOf(entry['name'] ?? entry['title'] ?? entry['key'], 100);
    return name === undefined ? [] : factOf(name, entry['value'], entry['source']);
  });
}

function factOf(name: string, value: unknown, source?: unknown): Fact[] {
  if (value === undefined || value === null || value === '') return [];
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const known = source === 'user' || source === 'bot' || source === 'directory' ? { source } : {};
  const title = clean(name, 100).trim();
  return title === '' ? [] : [{ name: title, value: clean(text, 2_000), ...known } as Fact];
}

function attemptOf(value: unknown): Attempt[] {
  const what = textOf(isRecord(value) ? value['what'] : value, 500);
  if (what === undefined) return [];
  const outcome = isRecord(value) ? textOf(value['outcome'], 500) : undefined;
  const at =
    isRecord(value) && Number.isInteger(value['at']) && (value['at'] as number) >= 0
      ? (value['at'] as number)
      : undefined;
  return [{ what, ...(outcome !== undefined && { outcome }), ...(at !== undefined && { at }) }];
}

function textOf(value: unknown, maxLength: number): string | undefined {
  const text = Array.isArray(value) ? value.filter((part) => typeof part === 'string').join('\n') : value;
  if (typeof text !== 'string' && typeof text !== 'number' && typeof text !== 'boolean') return undefined;
  return clean(String(text), maxLength).trim() || undefined;
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}
