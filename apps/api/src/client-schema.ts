import { CannedReply, ClientId, Outcome, PersonId, Queue, QueueId } from '@parley/contracts';
import { Type, type Static } from 'typebox';

/** The shape of the clients file. Addresses may contain `${SANDBOX_URL}` and `${BOT_URL}`; secrets may be `{"env": "NAME"}`. */

const closed = { additionalProperties: false } as const;
const Guid = Type.String({
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
  description: 'GUID in lower case',
});
const Url = Type.String({
  pattern: '^(https?://|\\$\\{(SANDBOX|BOT)_URL\\})[^\\s]*$',
  maxLength: 2_000,
  description: 'http or https URL',
});
const Origin = Type.String({
  pattern: '^(https?://[^/?#\\s@]+|\\$\\{(SANDBOX|BOT)_URL\\})$',
  maxLength: 300,
  description: 'scheme, host and port only',
});
const Secret = Type.Union([
  Type.String({ minLength: 1, maxLength: 500 }),
  Type.Object({ env: Type.String({ pattern: '^[A-Z][A-Z0-9_]*$' }) }, closed),
]);

const QueueSettings = Type.Object(
  {
    ...Queue.properties,
    deadlineSeconds: Type.Integer({ minimum: 1 }),
    fallback: Type.Union([
      Type.Object({ to: Type.Literal('queue'), queue: QueueId }, closed),
      Type.Object({ to: Type.Literal('bot') }, closed),
      Type.Object({ to: Type.Literal('close'), outcome: Outcome.properties.id }, closed),
    ]),
  },
  closed,
);

const PolicySettings = Type.Object(
  {
    queues: Type.Array(QueueSettings, { minItems: 1, maxItems: 100 }),
    defaultQueue: QueueId,
    outcomes: Type.Array(Outcome, { minItems: 1, maxItems: 100 }),
    offerSeconds: Type.Integer({ minimum: 5, maximum: 3_600 }),
    /** Without any connection for this long, a consultant loses what they hold. */
    goneSeconds: Type.Optional(Type.Integer({ minimum: 30, maximum: 86_400 })),
    /** What the bot has not taken back by then is queued again. */
    takeBackSeconds: Type.Optional(Type.Integer({ minimum: 10, maximum: 86_400 })),
    uninvited: Type.Boolean(),
    capacity: Type.Integer({ minimum: 1, maximum: 100 }),
  },
  closed,
);

const BotSettings = Type.Object(
  {
    appId: Guid,
    id: Type.String({ pattern: '^[a-z][a-z0-9-]{0,40}$' }),
    name: Type.String({ minLength: 1, maxLength: 100 }),
    callbackUrl: Url,
    /** Standard Webhooks secrets; the first signs, all are valid while one replaces another. */
    callbackSecrets: Type.Array(Secret, { minItems: 1, maxItems: 2 }),
  },
  closed,
);

const PersonSettings = Type.Object(
  {
    id: PersonId,
    queues: Type.Optional(Type.Array(QueueId)),
    capacity: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
    /** Refused although the identity provider still lets the person in. */
    disabled: Type.Optional(Type.Boolean()),
    /** Tokens issued before this moment (seconds since 1970) no longer count: signed out everywhere. */
    tokensValidFrom: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  closed,
);

const SignInSettings = Type.Object(
  {
    authority: Url,
    knownAuthorities: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 300 }))),
    /** OpenID metadata for authorities that MSAL cannot discover by itself. */
    authorityMetadata: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    /** Scopes the console asks for; by default `api://{audience}/{scope}` for each of `scopes`. */
    scopes: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 300 }))),
  },
  closed,
);

const identity = {
  id: ClientId,
  name: Type.String({ minLength: 1, maxLength: 100 }),
  /** Entra tenant id. */
  tenant: Guid,
  issuer: Url,
  jwksUrl: Url,
  /** `cloud_instance_name` that the keys must carry, if they carry any: `microsoftonline.com` in the public cloud. */
  cloudInstance: Type.String({ minLength: 1, maxLength: 100 }),
  /** Application id of the desk's API registration in this tenant. */
  audience: Guid,
  consoleAppId: Guid,
  /** Applications that may call for a person (`azp`). */
  allowedApps: Type.Array(Guid, { minItems: 1 }),
  /** Delegated permissions, all of which a person's token must carry. */
  scopes: Type.Array(Type.String({ pattern: '^[\\x21\\x23-\\x5b\\x5d-\\x7e]+$' }), { minItems: 1 }),
  allowGuests: Type.Boolean(),
  suspended: Type.Boolean(),
  signIn: SignInSettings,
};

export const ClientSettings = Type.Union([
  Type.Object(
    {
      kind: Type.Literal('client'),
      ...identity,
      bots: Type.Array(BotSettings, { maxItems: 20 }),
      people: Type.Array(PersonSettings),
      policy: PolicySettings,
      replies: Type.Array(CannedReply),
      /** Sites that may show the web chat in a frame. */
      embedOrigins: Type.Array(Origin),
      /** Origins the web chat page talks to: Direct Line and the site's token endpoint. */
      chatOrigins: Type.Array(Origin),
    },
    closed,
  ),
  /** Runs the desk for all clients: may configure, reads no transcript, has no conversations. */
  Type.Object({ kind: Type.Literal('operator'), ...identity, people: Type.Array(PersonSettings) }, closed),
]);
export type ClientSettings = Static<typeof ClientSettings>;

export const ClientsFile = Type.Object({ clients: Type.Array(Type.Unknown(), { minItems: 1 }) }, closed);
