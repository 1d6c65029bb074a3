import type { Page } from 'playwright';
import type { Who } from './story.ts';

/** A screen of the console, and how to get to it. */
export type Screen = {
  name: string;
  /** Who is signed in; absent before the door. */
  who?: Who | 'tom';
  path: (conversations: Readonly<Record<string, string>>) => string;
  /** A selector that is there when the screen is. */
  ready?: string;
  /** What to do before the picture is taken. */
  then?: (page: Page, size: 'wide' | 'narrow') => Promise<unknown> | undefined;
};

const desk = (key?: string) => (ids: Readonly<Record<string, string>>) =>
  key === undefined ? '/contoso' : `/contoso/c/${ids[`contoso/${key}`]}`;
const live = (key?: string) => (ids: Readonly<Record<string, string>>) =>
  `/contoso/live${key === undefined ? '' : `?c=${ids[`contoso/${key}`]}`}`;
const transcripts =
  (search: Record<string, string> = {}, key?: string) =>
  (ids: Readonly<Record<string, string>>) =>
    `/contoso/transcripts?${new URLSearchParams({ ...search, ...(key === undefined ? {} : { c: ids[`contoso/${key}`] ?? '' }) }).toString()}`;

export const screens: readonly Screen[] = [
  { name: 'door', path: () => '/' },
  { name: 'door-unknown', path: () => '/nobody-here' },
  { name: 'not-found', path: () => '/contoso/x/y/z' },
  { name: 'signed-out', path: () => '/signed-out' },

  { name: 'desk', who: 'ana', path: desk() },
  { name: 'desk-thread', who: 'ana', path: desk('jonas-card') },
  {
    name: 'desk-ledger',
    who: 'ana',
    path: desk('jonas-card'),
    then: (page) => page.locator('button[data-delivery]').last().click(),
  },
  {
    name: 'live-ledger-failed',
    who: 'marta',
    path: live('bot-gone'),
    then: (page) => page.locator('button[data-delivery="failed"]').last().click(),
  },
  {
    name: 'live-ledger-waiting',
    who: 'marta',
    path: live('bot-down'),
    then: (page) => page.locator('button[data-delivery="stored"]').last().click(),
  },
  { name: 'desk-attachments', who: 'ana', path: desk('mei-tan') },
  { name: 'desk-waiting', who: 'ana', path: desk('lena') },
  { name: 'desk-transferred', who: 'ana', path: desk('pierre') },
  { name: 'desk-not-mine', who: 'ana', path: desk('grace') },
  { name: 'desk-menu', who: 'ana', path: desk('jonas-card'), then: (page) => page.keyboard.press('Control+k') },
  { name: 'desk-keys', who: 'ana', path: desk(), then: (page) => page.keyboard.press('?') },
  { name: 'settings', who: 'ana', path: () => '/contoso/settings' },
  { name: 'live-refused', who: 'ana', path: live() },
  { name: 'transcripts-refused', who: 'ana', path: transcripts() },

  { name: 'supervisor-desk', who: 'marta', path: desk() },
  { name: 'live', who: 'marta', path: live() },
  { name: 'live-thread', who: 'marta', path: live('jonas-card') },
  { name: 'live-waiting', who: 'marta', path: live('lena') },
  { name: 'live-long', who: 'marta', path: live('long') },
  { name: 'live-bot', who: 'marta', path: live('bot-1') },
  { name: 'live-filtered', who: 'marta', path: () => '/contoso/live?queue=cards&state=assigned' },
  { name: 'live-nothing', who: 'marta', path: () => '/contoso/live?queue=payments&state=with-bot' },
  {
    name: 'live-transfer',
    who: 'marta',
    path: live('grace'),
    then: (page) => page.getByRole('button', { name: 'Transfer' }).click(),
  },
  {
    name: 'live-context',
    who: 'marta',
    path: live('jonas-card'),
    then: (page) => page.getByRole('button', { name: 'Context pane' }).click(),
  },
  { name: 'transcripts', who: 'marta', path: transcripts() },
  { name: 'transcripts-filters', who: 'marta', path: transcripts({ outcome: 'resolved', handoff: 'true' }) },
  {
    name: 'transcript-export',
    who: 'marta',
    path: transcripts({}, 'passed-round'),
    then: (page) => page.getByRole('button', { name: 'Export' }).click(),
  },
  {
    name: 'transcript-details',
    who: 'marta',
    path: transcripts({}, 'passed-round'),
    then: (page, size) => (size === 'narrow' ? page.getByRole('button', { name: 'Details' }).click() : undefined),
  },
  { name: 'transcripts-search', who: 'marta', path: transcripts({ text: 'card' }) },
  { name: 'transcripts-nothing', who: 'marta', path: transcripts({ text: 'zeppelin' }) },
  { name: 'transcript', who: 'marta', path: transcripts({ text: 'card' }, 'passed-round') },
  { name: 'transcript-long', who: 'marta', path: transcripts({}, 'long') },
  { name: 'transcript-suppressed', who: 'marta', path: transcripts({}, 'returned') },

  { name: 'fabrikam-desk', who: 'noor', path: () => '/fabrikam' },
];
