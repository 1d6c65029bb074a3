import type { Role } from '@parley/contracts';

/** A person whose token was verified. Frozen, without a prototype; nothing else of the token travels on. */
export type PersonPrincipal = Readonly<{
  type: 'person';
  /** Slug of the client organisation. */
  client: string;
  tenant: string;
  /** Entra object id; unique together with the tenant. */
  id: string;
  /** For display only. */
  name: string;
  roles: readonly Role[];
  scopes: readonly string[];
  /** When the token ends, in seconds since 1970. */
  exp: number;
  /** Entra's id of the token, for the log. */
  uti: string | undefined;
}>;

/** A bot whose app-only token was verified. */
export type BotPrincipal = Readonly<{
  type: 'bot';
  client: string;
  tenant: string;
  /** The bot's id in the clients file. */
  id: string;
  appId: string;
  name: string;
  exp: number;
  uti: string | undefined;
}>;

/** Makes the only thing that leaves the verifier. */
export function principal<P extends object>(members: P): Readonly<P> {
  for (const value of Object.values(members)) if (Array.isArray(value)) Object.freeze(value);
  return Object.freeze(Object.assign(Object.create(null) as P, members));
}

/** Without controls, and without marks that turn the direction of text or take no room: a name must not pose as another. */
export function displayName(value: unknown, fallback: string): string {
  if (typeof value !== 'string') return fallback;
  const name = value
    .normalize('NFC')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
    .trim()
    .slice(0, 200);
  return name === '' ? fallback : name;
}
