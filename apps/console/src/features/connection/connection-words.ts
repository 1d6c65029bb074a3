import type { LinkState } from '@parley/client';
import { span } from '../../words/time-words.ts';

export interface ConnectionWords {
  tone: 'live' | 'waiting' | 'lost';
  short: string;
  text: string;
}

/** How well the screen is in step with the desk, in words. @param waiting messages that have not reached the desk */
export function connectionWords(link: LinkState, waiting: number, now: number): ConnectionWords {
  const pending = waiting === 0 ? '' : `, ${waiting} ${waiting === 1 ? 'message' : 'messages'} waiting to go`;
  switch (link.state) {
    case 'live':
      return { tone: 'live', short: 'Live', text: `Live · in step ${ago(link.heardAt, now)}${pending}` };
    case 'connecting':
      return { tone: 'waiting', short: 'Connecting', text: `Connecting${pending}` };
    case 'reconnecting': {
      const short = link.reason === 'sign-in' ? 'Sign-in needed' : 'Reconnecting';
      const step = link.heardAt === undefined ? 'not yet in step' : `last in step ${ago(link.heardAt, now)}`;
      return { tone: 'lost', short, text: `${short} · ${step}${pending}` };
    }
    case 'stopped':
      return { tone: 'lost', short: 'Stopped', text: `Not connected${pending}` };
  }
}

function ago(at: number, now: number): string {
  const ms = Math.max(0, now - at);
  return ms < 1_000 ? 'now' : `${span(ms)} ago`;
}
