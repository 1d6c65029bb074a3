import { isDeepStrictEqual } from 'node:util';
import { until } from '../../actors/eventually.ts';
import type { Laptop } from './laptop.ts';
import type { World } from './world.ts';

/** What one part of the proof has counted and found wrong. */
export class Findings {
  readonly counts: Record<string, number> = {};
  readonly violations: string[] = [];

  add(what: string, n = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + n;
  }

  /** Keeps the highest. */
  most(what: string, n: number): void {
    this.counts[what] = Math.max(this.counts[what] ?? 0, Math.round(n));
  }

  holds(what: string, ok: boolean): void {
    this.add('checks');
    if (!ok) this.violations.push(what);
  }

  /** What was sent is there once each and in order, and nothing else is. */
  isExactly(what: string, found: readonly string[], sent: readonly string[]): void {
    this.add('checks');
    this.add('lines', sent.length);
    const lost = sent.filter((line) => !found.includes(line));
    const doubled = found.filter((line, index) => found.indexOf(line) !== index);
    if (lost.length > 0) this.violations.push(`${what}: lost ${lost.join(' | ')}`);
    else if (doubled.length > 0) this.violations.push(`${what}: doubled ${doubled.join(' | ')}`);
    else if (!isDeepStrictEqual([...found], [...sent])) this.violations.push(`${what}: reads ${found.join(' | ')}`);
  }
}

/** Waits until the screen equals a fresh fetch. @returns the milliseconds that took */
export async function inStep(world: World, laptop: Laptop, conversation: string): Promise<number> {
  const begun = performance.now();
  await until(async () => {
    const [shown, said] = [await laptop.shown(), await world.said(conversation)];
    const same = shown.length === said.length && said.every((line, index) => shown[index]?.includes(line));
    if (!same) throw new Error(`The screen shows ${JSON.stringify(shown)}, and ${JSON.stringify(said)} was said`);
  });
  return performance.now() - begun;
}

/** Waits until the user has received as many lines of Ana. */
export async function arrived(world: World, channel: string, count: number): Promise<string[]> {
  await until(async () => {
    if (world.received(channel).length < count) throw new Error(`The user has ${world.received(channel).length} lines`);
  });
  return world.received(channel);
}
