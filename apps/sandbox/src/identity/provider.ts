import { randomUUID } from 'node:crypto';
import Provider, { interactionPolicy } from 'oidc-provider';
import type { Account, Configuration, JWTStructured, KoaContextWithOIDC } from 'oidc-provider';
import { deskScope } from '../seed.ts';
import type { Tenant } from '../seed.ts';
import { clientInfo, graphClaims, idTokenClaims, pairwiseSubject, personClaims } from './claims.ts';
import { entraErrorOf } from './entra-errors.ts';
import { accessTokenLifetime, findPerson } from './identity.ts';
import type { Identity } from './identity.ts';
import type { SigningKey } from './keys.ts';
import { errorPage, signedOutPage, signOutPage } from './pages.ts';
import type { SignInStore } from './sign-in-store.ts';

/** Lifetime of a refresh token of a single-page app, counted from the sign-in; rotation keeps the end. Seconds. */
export const refreshTokenSeconds = 24 * 3600;

export interface ProviderOptions {
  readonly tenant: Tenant;
  readonly identity: Identity;
  readonly store: SignInStore;
  /** Newest first; the first signs. */
  readonly keys: readonly SigningKey[];
  /** Exact match, as in an app registration. */
  readonly isRedirectUri: (uri: string) => boolean;
  readonly isConsoleOrigin: (origin: string) => boolean;
  /** The scope a request asked for: Entra reads it anew at every refresh, the provider does not. */
  readonly requestedScope: (ctx: KoaContextWithOIDC) => string | undefined;
}

/** The OpenID provider of one tenant, under Entra's paths and with Entra's claims. */
export function createTenantProvider(options: ProviderOptions): Provider {
  const { tenant, identity, isRedirectUri } = options;
  const provider = new Provider(identity.issuer(tenant.tid), configuration(options));
  provider.proxy = true;
  provider.Client.prototype.redirectUriAllowed = isRedirectUri;
  provider.Client.prototype.postLogoutRedirectUriAllowed = isRedirectUri;
  const reasons = new WeakMap<object, string>();
  provider.on('grant.error', (ctx, error) =>
    reasons.set(ctx.req, error.error_detail ?? (error.cause instanceof Error ? error.cause.message : '')),
  );
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.path.endsWith('/oauth2/v2.0/token'))
      dressTokenResponse(options, ctx as KoaContextWithOIDC, reasons.get(ctx.req));
  });
  return provider;
}

function configuration(options: ProviderOptions): Configuration {
  const { tenant, store, keys } = options;
  const base = `/${tenant.tid}/oauth2/v2.0`;
  const cookie = { httpOnly: true, sameSite: 'lax', signed: true } as const;

  return {
    adapter: store.adapter(tenant.tid),
    jwks: { keys: keys.map(privateJwk) },
    routes: {
      authorization: `${base}/authorize`,
      token: `${base}/token`,
      end_session: `${base}/logout`,
      jwks: `/${tenant.tid}/discovery/keys`,
    },
    cookies: {
      keys: [store.cookieSecret],
      // One browser signs in to several tenants of one host: neither name nor path may collide.
      names: {
        session: `signin_${tenant.slug}`,
        interaction: `interaction_${tenant.slug}`,
        resume: `resume_${tenant.slug}`,
      },
      long: { ...cookie, path: `/${tenant.tid}/` },
      short: cookie,
    },
    clients: [
      {
        client_id: tenant.spaAppId,
        client_name: `${tenant.name} desk`,
        application_type: 'web',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        // The real list is asked through redirectUriAllowed; the provider only wants one to start with.
        redirect_uris: ['http://localhost/'],
        subject_type: 'pairwise',
        token_endpoint_auth_method: 'none',
      },
    ],
    subjectTypes: ['pairwise'],
    pairwiseIdentifier: (_ctx, oid, client) => pairwiseSubject(client.clientId, oid),
    responseTypes: ['code'],
    scopes: ['openid', 'profile', 'email', 'offline_access', ...apiScopes(tenant)],
    claims: {
      openid: ['sub', 'oid', 'tid', 'ver', 'uti', 'name', 'preferred_username'],
      profile: ['name', 'preferred_username'],
    },
    conformIdTokenClaims: false,
    clientBasedCORS: (_ctx, origin) => options.isConsoleOrigin(origin),
    allowOmittingSingleRegisteredRedirectUri: false,
    enableHttpPostMethods: false,
    pkce: { required: () => true },
    interactions: {
      policy: policy(tenant),
      url: (_ctx, interaction) => `/${tenant.tid}/interaction/${interaction.uid}`,
    },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => signOutPage(ctx, form),
        postLogoutSuccessSource: (ctx) => signedOutPage(ctx, tenant),
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => apiResource(tenant),
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: apiScopes(tenant).join(' '),
          audience: tenant.apiAppId,
          accessTokenFormat: 'jwt',
          accessTokenTTL: accessTokenLifetime(),
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    findAccount: (_ctx, oid) => account(tenant, oid),
    loadExistingGrant: (ctx) => tenantWideGrant(tenant, ctx),
    // Without prompt=consent the provider drops offline_access; an administrator has consented for everybody here.
    issueRefreshToken: () => true,
    expiresWithSession: () => false,
    rotateRefreshToken: true,
    ttl: {
      AccessToken: 3600,
      AuthorizationCode: 600,
      Grant: 90 * 24 * 3600,
      IdToken: 3600,
      Interaction: 3600,
      RefreshToken: (ctx) => ctx.oidc.entities.RotatedRefreshToken?.remainingTTL ?? refreshTokenSeconds,
      Session: 24 * 3600,
    },
    formats: { customizers: { jwt: (ctx, _token, jwt) => shapeAccessToken(options, ctx, jwt) } },
    renderError: (ctx, out) => errorPage(ctx, tenant, out),
  };
}

/** Entra's order of questions: who, and is it the person whom the app has in mind? */
function policy(tenant: Tenant): interactionPolicy.DefaultPolicy {
  const { Check, Prompt, base } = interactionPolicy;
  const prompts = base();
  prompts.get('login')!.checks.get('no_session')!.description =
    'AADSTS50058: A silent sign-in request was sent but no user is signed in.';
  prompts.add(new Prompt({ name: 'select_account', requestable: true }), 0);
  prompts.get('login')!.checks.add(
    new Check(
      'login_hint',
      'AADSTS50058: The person signed in is not the one the app asks for.',
      'login_required',
      (ctx) => {
        const { params, result, session } = ctx.oidc;
        const hinted =
          typeof params?.['login_hint'] === 'string' ? findPerson(tenant, params['login_hint']) : undefined;
        return Boolean(hinted && !result?.login && session?.accountId !== hinted.oid);
      },
    ),
  );
  return prompts;
}

async function account(tenant: Tenant, oid: string): Promise<Account | undefined> {
  const person = findPerson(tenant, oid);
  return (
    person && { accountId: person.oid, claims: async () => ({ sub: person.oid, ...idTokenClaims(tenant, person) }) }
  );
}

/** Consent given by the administrator for the whole tenant: no person is ever asked. */
async function tenantWideGrant(tenant: Tenant, ctx: KoaContextWithOIDC) {
  const { client, provider, session } = ctx.oidc;
  if (!client || !session?.accountId) return undefined;
  const grantId = session.grantIdFor(client.clientId);
  const existing = grantId ? await provider.Grant.find(grantId) : undefined;
  if (existing?.accountId === session.accountId) return existing;

  const grant = new provider.Grant({ accountId: session.accountId, clientId: client.clientId });
  grant.addOIDCScope(['openid', 'profile', 'email', 'offline_access', ...apiScopes(tenant)].join(' '));
  grant.addResourceScope(apiResource(tenant), apiScopes(tenant).join(' '));
  await grant.save();
  return grant;
}

/** Replaces the provider's claims by Entra's, for the resource that this very request asked for. */
function shapeAccessToken(
  { tenant, identity, keys, requestedScope }: ProviderOptions,
  ctx: KoaContextWithOIDC,
  jwt: JWTStructured,
): void {
  const person = findPerson(tenant, ctx.oidc.account?.accountId ?? '');
  if (!person) throw new Error('An access token is for a person of the tenant');
  const lifetime = Number(jwt.payload['exp']) - Number(jwt.payload['iat']);
  const iat = Math.floor(identity.now() / 1000);
  const claims = asksForApi(tenant, requestedScope(ctx)) ? personClaims : graphClaims;
  jwt.payload = claims(identity.issuer(tenant.tid), tenant, person, { iat, exp: iat + lifetime });
  jwt.header = { typ: 'JWT', x5t: keys[0]?.kid };
}

/** @param reason why a grant was refused, which the provider keeps from the client and Entra tells by number. */
function dressTokenResponse({ tenant, requestedScope }: ProviderOptions, ctx: KoaContextWithOIDC, reason = ''): void {
  if (typeof ctx.body !== 'object' || ctx.body === null) return;
  const body = ctx.body as Record<string, unknown>;
  if (typeof body['error'] === 'string') {
    const correlationId = ctx.get('client-request-id') || randomUUID();
    ctx.body = entraErrorOf(
      body['error'],
      reason || (typeof body['error_description'] === 'string' ? body['error_description'] : ''),
      correlationId,
    );
  } else if (typeof body['access_token'] === 'string') {
    const scope = asksForApi(tenant, requestedScope(ctx)) ? apiScopes(tenant)[0] : 'openid profile User.Read email';
    const oid = ctx.oidc.account?.accountId ?? '';
    ctx.body = { ...body, scope, ext_expires_in: body['expires_in'], client_info: clientInfo(tenant.tid, oid) };
  }
}

function asksForApi(tenant: Tenant, scope: string | undefined): boolean {
  const asked = new Set(scope?.split(' '));
  return apiScopes(tenant).some((known) => asked.has(known));
}

function apiResource(tenant: Tenant): string {
  return `api://${tenant.apiAppId}`;
}

function apiScopes(tenant: Tenant): string[] {
  return [deskScope, '.default'].map((scope) => `${apiResource(tenant)}/${scope}`);
}

function privateJwk({ kid, privateKey }: SigningKey) {
  return {
    ...privateKey.export({ format: 'jwk' }),
    kty: 'RSA' as const,
    kid,
    use: 'sig' as const,
    alg: 'RS256' as const,
  };
}
