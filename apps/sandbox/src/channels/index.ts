import { join } from 'node:path';
import websocket from '@fastify/websocket';
import type { FastifyInstance } from 'fastify';
import type { ChannelContext } from '../context.ts';
import { channelBots, createBotLine } from './bots.ts';
import { connectorRoutes } from './connector.ts';
import { createConversations } from './conversations.ts';
import { createDirectLineChannel } from './direct-line-channel.ts';
import { createDirectLineTokens } from './direct-line-tokens.ts';
import { directLineRoutes } from './direct-line.ts';
import { noFaults, readFaults } from './faults.ts';
import type { ChannelFaults } from './faults.ts';
import { createFileStore } from './files.ts';
import { createTeamsChannel } from './teams-channel.ts';
import { teamsRoutes } from './teams.ts';

export type { ChannelFaults } from './faults.ts';

export interface ChannelOptions {
  /** Milliseconds a bot may take on Direct Line before the sender hears 502. Default 15 000. */
  readonly botTimeoutMs?: number;
  /** Milliseconds between empty frames on a Direct Line socket. Default 15 000. */
  readonly keepAliveMs?: number;
  /** Milliseconds without an answer after which Teams sends the same activity again. Default 15 000. */
  readonly teamsResendAfterMs?: number;
  /** How often Teams sends an activity at most. Default 3. */
  readonly teamsAttempts?: number;
  /** Misbehaviour from the start. Default none. */
  readonly faults?: Partial<ChannelFaults>;
}

export interface ChannelsHandle {
  /** Misbehaviour on demand; assign to its members at any time. Also at `PUT /channels/faults`. */
  readonly faults: ChannelFaults;
  /** Breaks every open Direct Line socket, as a network does. @returns how many. */
  breakSockets(): number;
}

/**
 * Direct Line at `/v3/directline`, the Bot Connector at `/connector`, and a Teams-like channel at `/teams`.
 * Everything said is kept in `dataDirectory/channels`, if there is one, and is there again after a restart.
 * @throws when what is kept cannot be read.
 */
export async function registerChannels(
  app: FastifyInstance,
  context: ChannelContext,
  options: ChannelOptions = {},
): Promise<ChannelsHandle> {
  const { publicUrl, now, connectorKeys } = context;
  const directory = context.dataDirectory === undefined ? undefined : join(context.dataDirectory, 'channels');
  const faults: ChannelFaults = { ...noFaults, ...options.faults };
  const bots = channelBots(context.messagingEndpoints);
  const conversations = createConversations({
    now,
    ...(directory && { file: join(directory, 'conversations.jsonl') }),
  });
  const files = createFileStore({ now, ...(directory && { directory: join(directory, 'files') }) });
  const tokens = createDirectLineTokens({
    bots,
    now,
    ...(directory && { keyFile: join(directory, 'direct-line.key') }),
  });
  const line = createBotLine({
    bots,
    tokens: connectorKeys,
    publicUrl,
    faults,
    timeoutMs: options.botTimeoutMs ?? 15_000,
  });
  const directLine = createDirectLineChannel({ conversations, line });
  const timing = { resendAfterMs: options.teamsResendAfterMs ?? 15_000, attempts: options.teamsAttempts ?? 3 };
  const teams = createTeamsChannel({ conversations, line, bots, now, timing });

  if (!app.hasDecorator('websocketServer')) await app.register(websocket, { options: { maxPayload: 64 * 1024 } });
  const keepAliveMs = options.keepAliveMs ?? 15_000;
  const sockets = new Set<{ terminate(): void }>();
  await app.register(directLineRoutes, {
    prefix: '/v3/directline',
    channel: directLine,
    conversations,
    tokens,
    files,
    publicUrl,
    keepAliveMs,
    sockets,
  });
  await app.register(connectorRoutes, {
    prefix: '/connector',
    bots,
    tokens: connectorKeys,
    conversations,
    directLine,
    teams,
    files,
    publicUrl,
    faults,
  });
  await app.register(teamsRoutes, { prefix: '/teams', channel: teams, conversations, bots });

  app.get('/channels/faults', async () => faults);
  app.put('/channels/faults', async (request) => Object.assign(faults, readFaults(request.body)));

  const sweeper = setInterval(() => void files.sweep(), 60_000).unref();
  app.addHook('onClose', async () => {
    clearInterval(sweeper);
    await Promise.all([conversations.close(), files.close()]);
  });

  return {
    faults,
    breakSockets() {
      const broken = sockets.size;
      for (const socket of sockets) socket.terminate();
      return broken;
    },
  };
}
