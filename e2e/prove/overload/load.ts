import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { conversationId } from '@parley/api';
import { entryId, paths, type TurnsAnswer } from '@parley/contracts';
import { Agent, request } from 'undici';
import type { Random } from '../shared/random.ts';
import type { Rig } from '../shared/rig.ts';

/** What became of the requests of one phase. */
export type Phase = {
  sent: number;
  accepted: number;
  /** Answered 429 or 503 with `Retry-After`. */
  refused: number;
  /** Any other answer, and refusals without `Retry-After`. */
  odd: string[];
  /** No answer at all. */
  unanswered: number;
  /** Milliseconds of the accepted ones. */
  took: number[];
  seconds: number;
};

/** Bots that send turns in batches, and a log of what they were told of each line. */
export class Load {
  /** Ids of lines by what the sender was told. */
  readonly told = { stored: new Map<string, string>(), refused: new Map<string, string>() };
  readonly places: readonly string[];
  readonly #rig: Rig;
  readonly #random: Random;
  readonly #token: string;
  readonly #agent = new Agent({
    connections,
    pipelining: 1,
    keepAliveTimeout: 60_000,
    headersTimeout: 30_000,
    bodyTimeout: 30_000,
  });

  constructor(rig: Rig, random: Random, token: string, places: number) {
    this.#rig = rig;
    this.#random = random;
    this.#token = token;
    this.places = Array.from({ length: places }, (_, n) => `flood-${n}`);
  }

  /** Opens all connections, as bots that have been talking for a while have. */
  async connect(): Promise<void> {
    await Promise.all(
      Array.from({ length: connections }, async () => {
        const { body } = await request(this.#rig.url + paths.health, { dispatcher: this.#agent });
        await body.dump();
      }),
    );
  }

  /** So many at once, each next one after the answer. @returns what the desk can do */
  async closed(atOnce: number, ms: number): Promise<Phase> {
    const phase = begin();
    const start = performance.now();
    const end = start + ms;
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        while (performance.now() < end) await this.#send(phase);
      }),
    );
    phase.seconds = (performance.now() - start) / 1_000;
    return phase;
  }

  /** So many a second, whether or not there are answers. @returns once all have been answered */
  async open(perSecond: number, ms: number): Promise<Phase> {
    const phase = begin();
    const start = performance.now();
    const under = new Set<Promise<void>>();
    for (let due = 0; ;) {
      const now = performance.now() - start;
      for (; due < (Math.min(now, ms) / 1_000) * perSecond; due++) {
        const one = this.#send(phase).finally(() => under.delete(one));
        under.add(one);
      }
      if (now >= ms) break;
      await pause(2);
    }
    phase.seconds = (performance.now() - start) / 1_000;
    await Promise.all(under);
    return phase;
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  async #send(phase: Phase): Promise<void> {
    const turns = Array.from({ length: batch }, () => {
      const conversation = this.#random.pick(this.places);
      const id = randomUUID();
      return {
        channel: 'directline',
        conversation,
        id,
        speaker: 'user' as const,
        text: `What is the balance of my account today? ${id}`,
        user: { id: `dl_${conversation}`, name: 'Jonas Weber' },
      };
    });
    phase.sent += 1;
    const start = performance.now();
    try {
      const response = await request(this.#rig.url + paths.botTurns, {
        dispatcher: this.#agent,
        method: 'POST',
        headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ turns }),
      });
      const text = await response.body.text();
      const { statusCode: status } = response;
      if (status === 200) {
        phase.accepted += 1;
        phase.took.push(performance.now() - start);
        for (const { id, conversation, outcome } of (JSON.parse(text) as TurnsAnswer).results)
          if (outcome === 'stored') this.told.stored.set(entryId('user', id), conversation);
          else phase.odd.push(`A line was answered ${outcome}`);
      } else if ((status === 429 || status === 503) && Number(response.headers['retry-after']) >= 1) {
        phase.refused += 1;
        for (const { id, conversation } of turns) this.told.refused.set(entryId('user', id), idOf(conversation));
      } else phase.odd.push(`${status} ${text.slice(0, 200)}`);
    } catch {
      phase.unanswered += 1;
    }
  }
}

/** Of the bots together: more requests than these cannot be under way. */
const connections = 1_000;
/** Lines in one request. */
const batch = 50;

function begin(): Phase {
  return { sent: 0, accepted: 0, refused: 0, odd: [], unanswered: 0, took: [], seconds: 0 };
}

/** The conversation that the desk has for a place. */
export function idOf(place: string): string {
  return conversationId('contoso', 'assistant', 'directline', place);
}

export function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;
}
