import { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { findTenant, tenants } from '../seed.ts';
import type { Tenant } from '../seed.ts';
import { signInBot } from './bot-sign-in.ts';
import type { ConnectorTokens } from './connector-tokens.ts';
import { entraError } from './entra-errors.ts';
import { findPerson } from './identity.ts';
import type { Identity } from './identity.ts';
import { openIdMetadata } from './msal-config.ts';
import { accountPage, homePage, messagePage, pageHeaders } from './pages.ts';
import { createTenantProvider } from './provider.ts';
import type { SignInStore } from './sign-in-store.ts';

export interface SignInOptions {
  readonly identity: Identity;
  readonly connectorKeys: ConnectorTokens;
  readonly store: SignInStore;
  readonly publicUrl: () => string;
  /** Where a console may be sent back to, exactly. May grow while the server runs. */
  readonly redirectUris: ReadonlySet<string>;
}

type TenantRequest = FastifyRequest<{ Params: { tid: string; uid?: string }; Body: string | undefined }>;

/** Routes of the sign-in: Entra's paths per tenant, and the Bot Framework's token service and keys. */
export async function registerSignIn(app: FastifyInstance, options: SignInOptions): Promise<void> {
  const { identity, connectorKeys, publicUrl } = options;
  const askedScopes = new WeakMap<IncomingMessage, string>();
  const providerOf = providers(options, askedScopes);

  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: 64 * 1024 },
    (_request, body, done) => done(null, body),
  );

  app.get('/', async (_request, reply) => reply.headers(pageHeaders).send(homePage(tenants)));

  app.get('/v1/.well-known/openidconfiguration', async (_request, reply) =>
    open(reply).send(connectorKeys.metadata(publicUrl())),
  );
  app.get('/v1/.well-known/keys', async (_request, reply) => open(reply).send(await connectorKeys.jwks()));
  app.post('/botframework.com/oauth2/v2.0/token', async (request, reply) => {
    const form = new URLSearchParams(request.body as string | undefined);
    const { status, body } = await signInBot({ form, authorization: request.headers.authorization }, options);
    return reply.code(status).header('cache-control', 'no-store').send(body);
  });

  app.get('/:tid/v2.0/.well-known/openid-configuration', async (request: TenantRequest, reply) => {
    const tenant = tenantOf(request);
    if (!tenant) return unknownTenant(request, reply);
    return open(reply).send(openIdMetadata(tenant.tid, publicUrl(), identity.issuerBase));
  });
  app.get('/:tid/discovery/v2.0/keys', async (request: TenantRequest, reply) => {
    const tenant = tenantOf(request);
    return tenant ? open(reply).send(await identity.jwks(tenant.tid)) : unknownTenant(request, reply);
  });

  app.post('/:tid/oauth2/v2.0/token', async (request: TenantRequest, reply) => {
    const tenant = tenantOf(request);
    if (!tenant) return unknownTenant(request, reply);
    const form = new URLSearchParams(request.body);
    if (form.get('grant_type') === 'client_credentials') {
      const { status, body } = await signInBot({ form, authorization: request.headers.authorization, tenant }, options);
      return reply.code(status).header('cache-control', 'no-store').send(body);
    }
    // Entra reads the scope of a refresh as a fresh wish; the provider would compare it with the first one.
    const scope = form.get('scope');
    if (form.get('grant_type') === 'refresh_token') form.delete('scope');
    const forwarded = copyRequest(request.raw, publicUrl(), form.toString());
    if (scope !== null) askedScopes.set(forwarded, scope);
    return handOver(await providerOf(tenant), forwarded, reply);
  });

  const handToProvider = async (request: TenantRequest, reply: FastifyReply) => {
    const tenant = tenantOf(request);
    if (!tenant) return unknownTenant(request, reply);
    return handOver(await providerOf(tenant), copyRequest(request.raw, publicUrl(), request.body), reply);
  };
  app.options('/:tid/oauth2/v2.0/token', handToProvider);
  app.get('/:tid/oauth2/v2.0/authorize', handToProvider);
  app.get('/:tid/oauth2/v2.0/authorize/:uid', handToProvider);
  app.get('/:tid/oauth2/v2.0/logout/success', handToProvider);
  app.post('/:tid/oauth2/v2.0/logout/confirm', handToProvider);

  app.get('/:tid/oauth2/v2.0/logout', async (request: TenantRequest, reply) => {
    const tenant = tenantOf(request);
    if (!tenant) return unknownTenant(request, reply);
    const forwarded = copyRequest(request.raw, publicUrl());
    forwarded.url = withClient(request.url, tenant);
    return handOver(await providerOf(tenant), forwarded, reply);
  });

  app.get('/:tid/interaction/:uid', async (request: TenantRequest, reply) => {
    const tenant = tenantOf(request);
    if (!tenant) return unknownTenant(request, reply);
    const interaction = await interactionOf(await providerOf(tenant), request, reply);
    if (!interaction) return expired(reply);
    const hint = interaction.params['login_hint'];
    return reply.headers(pageHeaders).send(
      accountPage(tenant, {
        hint: typeof hint === 'string' ? findPerson(tenant, hint) : undefined,
        current: findPerson(tenant, interaction.session?.accountId ?? ''),
      }),
    );
  });

  app.post('/:tid/interaction/:uid', async (request: TenantRequest, reply) => {
    const tenant = tenantOf(request);
    if (!tenant) return unknownTenant(request, reply);
    const provider = await providerOf(tenant);
    if (!(await interactionOf(provider, request, reply))) return expired(reply);
    const form = new URLSearchParams(request.body);
    const person = findPerson(tenant, form.get('oid') ?? '');
    if (!person && !form.has('cancel')) {
      return reply
        .code(400)
        .headers(pageHeaders)
        .send(
          messagePage(
            'Sign-in failed',
            'Sign-in failed',
            `AADSTS50020: The account does not exist in tenant '${tenant.name}'.`,
          ),
        );
    }
    const result = person
      ? { login: { accountId: person.oid }, select_account: {}, consent: {} }
      : { error: 'access_denied', error_description: 'AADSTS65004: User declined to sign in.' };
    return reply.redirect(
      await provider.interactionResult(request.raw, reply.raw, result, { mergeWithLastSubmission: false }),
      303,
    );
  });
}

/** One provider a tenant, made when first asked for, and again after a key rollover. */
function providers(
  options: SignInOptions,
  askedScopes: WeakMap<IncomingMessage, string>,
): (tenant: Tenant) => Promise<Provider> {
  const { identity, redirectUris, store } = options;
  const made = new Map<string, { keys: string; provider: Provider }>();
  return async (tenant) => {
    const keys = await identity.keyRing.keys(tenant.tid);
    const fingerprint = keys.map((key) => key.kid).join();
    const existing = made.get(tenant.tid);
    if (existing?.keys === fingerprint) return existing.provider;
    const provider = createTenantProvider({
      tenant,
      identity,
      store,
      keys,
      isRedirectUri: (uri) => redirectUris.has(uri),
      isConsoleOrigin: (origin) => [...redirectUris].some((uri) => URL.parse(uri)?.origin === origin),
      requestedScope: (ctx: KoaContextWithOIDC) =>
        askedScopes.get(ctx.req) ?? ctx.oidc.entities.AuthorizationCode?.scope ?? ctx.oidc.entities.RefreshToken?.scope,
    });
    made.set(tenant.tid, { keys: fingerprint, provider });
    return provider;
  };
}

function handOver(provider: Provider, request: IncomingMessage, reply: FastifyReply): FastifyReply {
  reply.hijack();
  void provider.callback()(request, reply.raw);
  return reply;
}

/**
 * The same request with its body unread, since the provider reads the stream itself, and with the public address
 * as its host, since the provider builds its redirects from it.
 */
function copyRequest(source: IncomingMessage, publicUrl: string, body = ''): IncomingMessage {
  const { host, protocol } = new URL(publicUrl);
  const copy = new IncomingMessage(source.socket);
  copy.method = source.method ?? 'GET';
  copy.url = source.url ?? '/';
  copy.httpVersion = source.httpVersion;
  copy.httpVersionMajor = source.httpVersionMajor;
  copy.httpVersionMinor = source.httpVersionMinor;
  copy.headers = { ...source.headers, host, 'x-forwarded-host': host, 'x-forwarded-proto': protocol.slice(0, -1) };
  delete copy.headers['transfer-encoding'];
  if (body) copy.headers['content-length'] = String(Buffer.byteLength(body));
  if (body) copy.push(body);
  copy.push(null);
  copy.complete = true;
  return copy;
}

/** MSAL names no client when it signs out; a tenant of the sandbox has one console. */
function withClient(url: string, tenant: Tenant): string {
  const parsed = new URL(url, 'http://localhost');
  if (!parsed.searchParams.has('id_token_hint') && !parsed.searchParams.has('client_id')) {
    parsed.searchParams.set('client_id', tenant.spaAppId);
  }
  return parsed.pathname + parsed.search;
}

async function interactionOf(provider: Provider, { raw }: FastifyRequest, reply: FastifyReply) {
  try {
    return await provider.interactionDetails(raw, reply.raw);
  } catch {
    return undefined;
  }
}

function expired(reply: FastifyReply): FastifyReply {
  return reply
    .code(400)
    .headers(pageHeaders)
    .send(messagePage('Sign-in expired', 'This sign-in has expired', 'Go back to the app and sign in again.'));
}

function tenantOf(request: TenantRequest): Tenant | undefined {
  return findTenant(request.params.tid);
}

function unknownTenant(request: TenantRequest, reply: FastifyReply): FastifyReply {
  return open(reply)
    .code(400)
    .send(
      entraError(
        'invalid_tenant',
        90002,
        `Tenant '${request.params.tid}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.`,
      ),
    );
}

/** Metadata and keys are for every page of the web. */
function open(reply: FastifyReply): FastifyReply {
  return reply.header('access-control-allow-origin', '*').header('cache-control', 'no-store');
}
