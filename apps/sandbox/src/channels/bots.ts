import type { ConnectorTokens } from '../identity/connector-tokens.ts';
import { bots as seedBots } from '../seed.ts';
import type { ChannelActivity, ChannelAccount } from './activity.ts';
import type { ChannelId, Conversation } from './conversations.ts';
import { pause, strikes } from './faults.ts';
import type { ChannelFaults } from './faults.ts';

/** A bot as its channels know it. */
export interface ChannelBot {
  readonly appId: string;
  readonly name: string;
  readonly tenantId: string;
  readonly directLineSecret: string;
  readonly messagingEndpoint: string;
}

/** What came of telling the bot something. */
export type Delivery =
  | { readonly outcome: 'accepted'; readonly status: number; readonly body: string }
  | { readonly outcome: 'refused'; readonly status: number }
  | { readonly outcome: 'unreachable' }
  | { readonly outcome: 'timeout' };

export interface BotLine {
  /**
   * Posts an activity to the bot with a channel token, filling in addressing.
   * @param timeoutMs how long the bot may take; 0 for as long as it likes. Never rejects.
   */
  deliver(conversation: Conversation, activity: ChannelActivity, timeoutMs?: number): Promise<Delivery>;
  readonly serviceUrl: () => string;
}

/** The bots of the sandbox, each where it listens. */
export function channelBots(messagingEndpoints: Readonly<Record<string, string>>): readonly ChannelBot[] {
  return seedBots.map(({ appId, name, tenant, directLineSecret, messagingEndpoint }) => ({
    appId,
    name,
    tenantId: tenant.tid,
    directLineSecret,
    messagingEndpoint: messagingEndpoints[appId] ?? messagingEndpoint,
  }));
}

/** The account under which a bot appears on a channel. Teams marks bots with `28:`. */
export function botAccount(bot: ChannelBot, channelId: ChannelId): ChannelAccount {
  return { id: channelId === 'msteams' ? `28:${bot.appId}` : bot.appId, name: bot.name, role: 'bot' };
}

/**
 * The way from a channel to the bots.
 * Source of the shape of the request: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication
 */
export function createBotLine(parts: {
  bots: readonly ChannelBot[];
  tokens: Pick<ConnectorTokens, 'sign'>;
  publicUrl: () => string;
  faults: ChannelFaults;
  timeoutMs: number;
}): BotLine {
  const serviceUrl = () => `${parts.publicUrl()}/connector`;

  return {
    serviceUrl,

    async deliver(conversation, activity, timeoutMs = parts.timeoutMs) {
      const bot = parts.bots.find((candidate) => candidate.appId === conversation.botAppId);
      if (!bot) return { outcome: 'unreachable' };
      await pause(parts.faults.delayDeliveries);
      if (strikes(parts.faults, 'dropDeliveries')) return { outcome: 'unreachable' };
      const addressed = {
        ...activity,
        channelId: conversation.channelId,
        serviceUrl: serviceUrl(),
        recipient: botAccount(bot, conversation.channelId),
        conversation: activity['conversation'] ?? { id: conversation.id },
      };
      try {
        const token = await parts.tokens.sign({ appId: bot.appId, serviceUrl: serviceUrl() });
        const response = await fetch(bot.messagingEndpoint, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json; charset=utf-8' },
          body: JSON.stringify(addressed),
          redirect: 'error',
          ...(timeoutMs > 0 && { signal: AbortSignal.timeout(timeoutMs) }),
        });
        const body = await response.text();
        return response.ok
          ? { outcome: 'accepted', status: response.status, body }
          : { outcome: 'refused', status: response.status };
      } catch (error) {
        return { outcome: (error as Error).name === 'TimeoutError' ? 'timeout' : 'unreachable' };
      }
    },
  };
}
