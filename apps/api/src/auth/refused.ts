import type { ErrorCode } from '@parley/contracts';

/** Why a token was refused: `reason` goes to the log, `code` to the caller. */
export class Refused extends Error {
  override name = 'Refused';
  readonly code: Extract<ErrorCode, 'unauthenticated' | 'forbidden' | 'client-suspended' | 'keys-unavailable'>;
  readonly reason: string;
  /** Claims request for the identity provider, where the token says that its owner understands one. */
  readonly claims: string | undefined;

  constructor(code: Refused['code'], reason: string, claims?: string) {
    super(reason);
    this.code = code;
    this.reason = reason;
    this.claims = claims;
  }
}

/** Not authenticated: 401. */
export function deny(reason: string, claims?: string): never {
  throw new Refused('unauthenticated', reason, claims);
}

/** Authenticated, but not allowed: 403. */
export function forbid(reason: string): never {
  throw new Refused('forbidden', reason);
}
