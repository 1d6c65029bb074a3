import { createHash, timingSafeEqual } from 'node:crypto';
import { bots } from '../seed.ts';
import type { Bot, Tenant } from '../seed.ts';
import type { ConnectorTokens } from './connector-tokens.ts';
import { entraError } from './entra-errors.ts';
import { accessTokenLifetime } from './identity.ts';
import type { Identity } from './identity.ts';

/** A client-credentials request, already parsed. */
export interface BotSignIn {
  readonly form: URLSearchParams;
  readonly authorization: string | undefined;
  /** The tenant whose endpoint was asked; without one, the Bot Framework's own. */
  readonly tenant?: Tenant;
}

const connectorScope = 'https://api.botframework.com/.default';

/**
 * Answers a bot that signs in with its secret: a token for the desk API of its tenant, or for the Connector.
 * @returns HTTP status and JSON body, in Entra's words.
 */
export async function signInBot(
  { form, authorization, tenant }: BotSignIn,
  { identity, connectorKeys }: { identity: Identity; connectorKeys: ConnectorTokens },
): Promise<{ status: number; body: object }> {
  const correlationId = form.get('client-request-id') ?? undefined;
  const refuse = (status: number, error: string, code: number, text: string) => ({
    status,
    body: entraError(error, code, text, correlationId),
  });

  const { appId, secret } = credentials(form, authorization);
  if (!appId)
    return refuse(
      400,
      'invalid_request',
      900144,
      `The request body must contain the following parameter: 'client_id'.`,
    );
  const bot = bots.find((candidate) => candidate.appId === appId && (!tenant || candidate.tenant === tenant));
  if (!bot)
    return refuse(
      400,
      'unauthorized_client',
      700016,
      `Application with identifier '${appId}' was not found in the directory '${tenant?.name ?? 'Bot Framework'}'.`,
    );
  if (!secret)
    return refuse(
      401,
      'invalid_client',
      7000218,
      `The request body must contain the following parameter: 'client_assertion' or 'client_secret'.`,
    );
  if (!sameSecret(secret, bot))
    return refuse(
      401,
      'invalid_client',
      7000215,
      `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${appId}'.`,
    );

  const scope = form.get('scope') ?? '';
  const lifetimeSeconds = accessTokenLifetime();
  if (scope === connectorScope) {
    const token = await connectorKeys.mintBotToken({ appId, lifetimeSeconds, ...(tenant && { tid: tenant.tid }) });
    return granted(token, lifetimeSeconds);
  }
  if (!scope.endsWith('/.default'))
    return refuse(
      400,
      'invalid_scope',
      1002012,
      `The provided value for scope '${scope}' is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`,
    );
  if (!tenant || !apiScopes(tenant).includes(scope))
    return refuse(
      400,
      'invalid_resource',
      500011,
      `The resource principal named '${scope.slice(0, -'/.default'.length)}' was not found in the tenant.`,
    );
  return granted(await identity.mint({ tid: tenant.tid, subject: { bot: appId }, lifetimeSeconds }), lifetimeSeconds);
}

function granted(token: string, lifetimeSeconds: number): { status: number; body: object } {
  return {
    status: 200,
    body: { token_type: 'Bearer', expires_in: lifetimeSeconds, ext_expires_in: lifetimeSeconds, access_token: token },
  };
}

function apiScopes({ apiAppId }: Tenant): string[] {
  return [`api://${apiAppId}/.default`, `${apiAppId}/.default`];
}

/** From the body, or from Basic authorization, whose halves are form-encoded (RFC 6749, section 2.3.1). */
function credentials(form: URLSearchParams, authorization = ''): { appId: string | null; secret: string | null } {
  const basic = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(authorization)?.[1];
  if (!basic) return { appId: form.get('client_id'), secret: form.get('client_secret') };
  const [appId = '', secret = ''] = Buffer.from(basic, 'base64').toString('utf8').split(/:(.*)/s, 2).map(formDecode);
  return { appId, secret };
}

function formDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

function sameSecret(given: string, { clientSecret }: Bot): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(clientSecret));
}
