import type { ConnectorTokens } from './identity/connector-tokens.ts';

/** What the channels get from the sandbox they run in. */
export interface ChannelContext {
  readonly connectorKeys: ConnectorTokens;
  /** Address of the sandbox without a trailing slash; known once it listens, so ask late. */
  readonly publicUrl: () => string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Where state persists; without it, in memory only. */
  readonly dataDirectory?: string;
  /** Messaging endpoints by bot app id, where they differ from the seed. */
  readonly messagingEndpoints: Readonly<Record<string, string>>;
}
