import { deskScope, findTenant } from '../seed.ts';
import { cloudInstanceName, defaultIssuerBase } from './identity.ts';

/** What a browser needs to sign in with MSAL. Plain data: a server can hand it to its console as JSON. */
export interface MsalConfig {
  readonly clientId: string;
  readonly authority: string;
  readonly knownAuthorities: readonly string[];
  /** JSON text, as `auth.authorityMetadata` of MSAL wants it. */
  readonly authorityMetadata: string;
  /** Scopes of the desk API for `loginRequest` and `acquireTokenSilent`. */
  readonly scopes: readonly string[];
}

/**
 * MSAL refuses an http authority, but takes the endpoints of a known authority from `authorityMetadata`:
 * so the authority is an https name that nobody resolves and the endpoints are the sandbox's.
 * @param publicUrl address of the sandbox as the browser sees it.
 * @throws for a tenant that the seed does not have.
 */
export function msalConfig(tid: string, publicUrl: string, issuerBase: string = defaultIssuerBase): MsalConfig {
  const tenant = findTenant(tid);
  if (!tenant) throw new Error(`The sandbox has no tenant ${tid}`);
  return {
    clientId: tenant.spaAppId,
    authority: `${issuerBase}/${tid}`,
    knownAuthorities: [new URL(issuerBase).host],
    authorityMetadata: JSON.stringify(openIdMetadata(tid, publicUrl, issuerBase)),
    scopes: [`api://${tenant.apiAppId}/${deskScope}`],
  };
}

/** Body of `/{tid}/v2.0/.well-known/openid-configuration`. */
export function openIdMetadata(tid: string, publicUrl: string, issuerBase: string): Record<string, unknown> {
  const base = `${publicUrl.replace(/\/$/, '')}/${tid}`;
  return {
    issuer: `${issuerBase}/${tid}/v2.0`,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    token_endpoint: `${base}/oauth2/v2.0/token`,
    end_session_endpoint: `${base}/oauth2/v2.0/logout`,
    jwks_uri: `${base}/discovery/v2.0/keys`,
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'fragment', 'form_post'],
    grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic', 'none'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    claims_supported: [
      'sub',
      'iss',
      'aud',
      'exp',
      'iat',
      'nbf',
      'auth_time',
      'nonce',
      'oid',
      'tid',
      'name',
      'preferred_username',
      'ver',
      'uti',
    ],
    request_uri_parameter_supported: false,
    http_logout_supported: false,
    cloud_instance_name: cloudInstanceName,
    tenant_region_scope: null,
  };
}
