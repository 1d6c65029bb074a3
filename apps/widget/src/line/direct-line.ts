import type { Activity } from './activity.ts';
import type { Grant } from './token-service.ts';
import { call, readJson, retryAfterOf, Trouble } from './trouble.ts';

export interface ActivityPage {
  readonly activities: readonly Activity[];
  readonly watermark: string | undefined;
}

/**
 * The calls of Direct Line 3.0 that a chat makes.
 * Source: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-direct-line-3-0-api-reference
 * All reject with a Trouble; `refused` means the token.
 */
export interface DirectLineCalls {
  /** Begins the conversation of the grant; repeated, it changes nothing. @returns the address of its socket. */
  start(grant: Grant, locale: string): Promise<string>;
  /** @returns the address of a socket that goes on after the watermark; `''` is the beginning. */
  resume(grant: Grant, watermark: string): Promise<string>;
  read(grant: Grant, watermark: string): Promise<ActivityPage>;
  /** @returns the channel's id, once the bot has taken it. */
  post(grant: Grant, activity: Activity): Promise<string>;
}

const callMs = 15_000;
/** The channel answers a post when the bot has, and gives the bot 15 seconds. */
const postMs = 30_000;
const uploadMs = 120_000;

export function createDirectLine(fetch: typeof globalThis.fetch): DirectLineCalls {
  async function ask(
    grant: Grant,
    path: string,
    init: RequestInit,
    timeoutMs: number,
  ): Promise<Record<string, unknown>> {
    const { headers, ...rest } = init;
    const response = await call(
      fetch,
      grant.domain + path,
      { ...rest, headers: { ...(headers as object), authorization: `Bearer ${grant.token}` } },
      timeoutMs,
    );
    if (!response.ok) throw troubleOf(response);
    return readJson(response);
  }

  const pathOf = ({ conversationId }: Grant) => `/conversations/${encodeURIComponent(conversationId)}`;
  const json = (body: unknown) => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

  return {
    async start(grant, locale) {
      return streamOf(await ask(grant, '/conversations', json({ locale }), callMs));
    },
    async resume(grant, watermark) {
      return streamOf(
        await ask(grant, `${pathOf(grant)}?watermark=${encodeURIComponent(watermark)}`, { method: 'GET' }, callMs),
      );
    },
    async read(grant, watermark) {
      const { activities, watermark: next } = await ask(
        grant,
        `${pathOf(grant)}/activities?watermark=${encodeURIComponent(watermark)}`,
        { method: 'GET' },
        callMs,
      );
      return {
        activities: Array.isArray(activities) ? activities : [],
        watermark: typeof next === 'string' ? next : undefined,
      };
    },
    async post(grant, activity) {
      const init = activity.attachments?.length ? await form(fetch, activity) : json(activity);
      const path = activity.attachments?.length ? `/upload?userId=${encodeURIComponent(grant.userId)}` : '/activities';
      const { id } = await ask(grant, pathOf(grant) + path, init, activity.attachments?.length ? uploadMs : postMs);
      return String(id);
    },
  };
}

function streamOf({ streamUrl }: Record<string, unknown>): string {
  if (typeof streamUrl !== 'string') throw new Trouble('unreachable', 'Direct Line names no stream');
  return streamUrl;
}

function troubleOf(response: Response): Trouble {
  const message = `Direct Line answered ${response.status}`;
  if (response.status === 401 || response.status === 403) return new Trouble('refused', message);
  if (response.status === 404) return new Trouble('gone', message);
  if (response.status === 408 || response.status === 429 || response.status === 503)
    return new Trouble('busy', message, retryAfterOf(response));
  return new Trouble('rejected', message);
}

/** Files go as they are; the activity beside them names each without its place in this browser. */
async function form(fetch: typeof globalThis.fetch, activity: Activity): Promise<RequestInit> {
  const files = activity.attachments ?? [];
  const described = { ...activity, attachments: files.map(({ contentUrl: _contentUrl, ...rest }) => rest) };
  const body = new FormData();
  body.append('activity', new Blob([JSON.stringify(described)], { type: 'application/vnd.microsoft.activity' }));
  for (const { contentType, contentUrl = '', name = 'file' } of files) {
    const bytes = await (await fetch(contentUrl)).arrayBuffer();
    body.append('file', new Blob([bytes], { type: contentType }), name);
  }
  return { method: 'POST', body };
}
