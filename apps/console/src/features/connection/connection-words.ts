import type { LinkState } from '@parley/client';
import { span } from '../../words/time-words.ts';

export interface ConnectionWords {
  tone: 'live' | 'waiting' | 'lost';
  short: string;
  text: string;
}

/** What the socket does not know. */
export interface Circumstances {
  /** Messages that have not reached the desk. */
  waiting: number;
  online: boolean;
  /** Whether only the person can bring the sign-in back. */
  signIn: boolean;
}

/** How well the screen is in step with the desk, in words; never better than it is. */
export function connectionWords(
  link: LinkState,
  { waiting, online, signIn }: Circumstances,
  now: number,
): ConnectionWords {
  const pending = waiting === 0 ? '' : `, ${waiting} ${waiting === 1 ? 'message' : 'messages'} waiting to go`;
  const lost = (short: string, heardAt: number | undefined): ConnectionWords => {
    const step = heardAt === undefined ? 'not yet in step' : `last in step ${ago(heardAt, now)}`;
    return { tone: 'lost', short, text: `${short} · ${step}${pending}` };
  };
  if (link.state === 'stopped') return { tone: 'lost', short: 'Stopped', text: `Not connected${pending}` };
  const heardAt = link.state === 'connecting' ? undefined : link.heardAt;
  if (!online) return lost('Offline', heardAt);
  if (signIn || (link.state === 'reconnecting' && link.reason === 'sign-in')) return lost('Sign-in needed', heardAt);
  if (link.state === 'reconnecting') return lost('Reconnecting', heardAt);
  if (link.state === 'connecting') return { tone: 'waiting', short: 'Connecting', text: `Connecting${pending}` };
  return { tone: 'live', short: 'Live', text: `Live · in step ${ago(link.heardAt, now)}${pending}` };
}

function ago(at: number, now: number): string {
  const ms = Math.max(0, now - at);
  return ms < 1_000 ? 'now' : `${span(ms)} ago`;
}
