/** What the chat page tells the page that embeds it. */
export type FrameMessage =
  | { readonly parley: 'ready' }
  /** The user wants the panel out of the way; the conversation goes on. */
  | { readonly parley: 'close' }
  | { readonly parley: 'unread'; readonly count: number; readonly from?: string }
  /** Whether there is a conversation to come back to on the site's next page. */
  | { readonly parley: 'conversation'; readonly going: boolean };

/** What the embedding page tells the chat page. */
export type PageMessage = { readonly parley: 'shown'; readonly focus: boolean } | { readonly parley: 'hidden' };

export type Theme = 'auto' | 'light' | 'dark';

/** What the loader writes into the fragment of the chat page's address: it reaches no server and no log. */
export interface FrameOptions {
  /** Origin of the embedding page: the only one that is spoken to and listened to. */
  readonly host: string;
  /** Where the bot's web service hands out tokens. */
  readonly token: string;
  readonly title: string;
  /** `#rrggbb` */
  readonly color: string;
  /** BCP 47 */
  readonly locale: string;
  readonly theme: Theme;
}

export const frameMessages: readonly FrameMessage['parley'][] = ['ready', 'close', 'unread', 'conversation'];
