import {
  InteractionRequiredAuthError,
  PublicClientApplication,
  type AccountInfo,
  type IPublicClientApplication,
} from '@azure/msal-browser';
import { createStore, DeskError, problemOf, type Readable, type TokenSource } from '@parley/client';
import { paths, type SignIn } from '@parley/contracts';

/** What MSAL needs for a client organisation; answered before anybody is signed in. @throws DeskError */
export async function fetchSignIn(client: string, signal?: AbortSignal): Promise<SignIn> {
  let response: Response;
  try {
    response = await fetch(paths.signIn(encodeURIComponent(client)), {
      headers: { accept: 'application/json' },
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (cause) {
    throw new DeskError('network', { cause });
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw problemOf(response.status, body);
  return body as SignIn;
}

/** A signed-in person, or the reason why there is none yet. */
export type Entrance =
  | { state: 'in'; app: IPublicClientApplication; account: AccountInfo }
  | { state: 'leaving' }
  | { state: 'refused'; app: IPublicClientApplication; why: string };

/** Takes up the answer of a redirect or a kept session; without either, sends the browser to the sign-in page. */
export async function enter(signIn: SignIn): Promise<Entrance> {
  const app = new PublicClientApplication({
    auth: {
      clientId: signIn.appId,
      authority: signIn.authority,
      redirectUri: `${window.location.origin}/auth.html`,
      postLogoutRedirectUri: `${window.location.origin}/signed-out`,
      ...(signIn.knownAuthorities === undefined ? {} : { knownAuthorities: signIn.knownAuthorities }),
      ...(signIn.authorityMetadata === undefined ? {} : { authorityMetadata: signIn.authorityMetadata }),
    },
    cache: { cacheLocation: 'sessionStorage' },
  });
  await app.initialize();
  try {
    const answer = await app.handleRedirectPromise();
    const account = answer?.account ?? accountOf(app, signIn.authority);
    if (account !== null) {
      app.setActiveAccount(account);
      return { state: 'in', app, account };
    }
  } catch (thrown) {
    return { state: 'refused', app, why: reasonOf(thrown) };
  }
  await app.loginRedirect({ scopes: signIn.scopes });
  return { state: 'leaving' };
}

/** Accounts of other organisations may be in the same tab's storage; only this authority's will do. */
function accountOf(app: IPublicClientApplication, authority: string): AccountInfo | null {
  const tenant = authority
    .replace(/\/(v2\.0\/?)?$/, '')
    .split('/')
    .at(-1);
  const accounts = app.getAllAccounts();
  return accounts.find((account) => account.tenantId === tenant) ?? (isGuid(tenant) ? null : (accounts[0] ?? null));
}

function isGuid(text: string | undefined): boolean {
  return /^[0-9a-f-]{36}$/i.test(text ?? '');
}

/** Access tokens without ever leaving the page. When only the person can help, `needed` says so and calls fail until they do. */
export interface Tokens {
  readonly source: TokenSource;
  readonly needed: Readable<boolean>;
  /** Opens the sign-in window; call from a click. @throws OtherPerson when somebody else has signed in there */
  renew(): Promise<void>;
  /** Leaves for the sign-in page, which comes back to this very place. */
  renewHere(): Promise<void>;
}

/** The desk on screen is one person's: what waits to be sent goes out in nobody else's name. */
export class OtherPerson extends Error {
  override name = 'OtherPerson';
  readonly other: string;
  readonly expected: string;

  constructor(other: AccountInfo, expected: AccountInfo) {
    super('Somebody else has signed in');
    this.other = other.name ?? other.username;
    this.expected = expected.name ?? expected.username;
  }
}

export function createTokens(app: IPublicClientApplication, account: AccountInfo, scopes: string[]): Tokens {
  const needed = createStore(false);
  let refusedAt = -Infinity;
  return {
    needed,
    async source(options) {
      // While only the person can help, asking again would but open one hidden frame after the other.
      if (needed.getSnapshot() && performance.now() - refusedAt < 60_000) throw new DeskError('unauthenticated');
      try {
        const answer = await app.acquireTokenSilent({ scopes, account, forceRefresh: options?.renew === true });
        needed.set(false);
        return answer.accessToken;
      } catch (thrown) {
        if (!(thrown instanceof InteractionRequiredAuthError) && !isBlockedFrame(thrown))
          throw new DeskError('network', { cause: thrown });
        refusedAt = performance.now();
        needed.set(true);
        throw new DeskError('unauthenticated', { cause: thrown });
      }
    },
    async renew() {
      const { account: signedIn } = await app.acquireTokenPopup({ scopes, account, loginHint: account.username });
      if (signedIn.homeAccountId !== account.homeAccountId) {
        await app.clearCache({ account: signedIn });
        app.setActiveAccount(account);
        throw new OtherPerson(signedIn, account);
      }
      refusedAt = -Infinity;
      needed.set(false);
    },
    async renewHere() {
      const redirectStartPage = window.location.href;
      await app.acquireTokenRedirect({ scopes, account, loginHint: account.username, redirectStartPage });
    },
  };
}

/** Browsers that keep third-party cookies from the hidden frame let it time out: then only a window helps. */
function isBlockedFrame(thrown: unknown): boolean {
  const code = (thrown as { errorCode?: string }).errorCode;
  return code === 'monitor_window_timeout' || code === 'timed_out' || code === 'block_iframe_reload';
}

function reasonOf(thrown: unknown): string {
  const code = (thrown as { errorCode?: string }).errorCode;
  if (code === 'access_denied' || code === 'user_cancelled') return 'The sign-in was cancelled.';
  return 'The sign-in did not succeed. Try again; ask your administrator if it stays so.';
}
