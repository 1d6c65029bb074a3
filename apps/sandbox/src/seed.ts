/** The people, apps and bots of the sandbox world. The desk's sandbox configuration names the same ids. */

export type Role = 'Consultant' | 'Supervisor' | 'Admin' | 'Operator';

export interface Person {
  readonly oid: string;
  readonly name: string;
  readonly email: string;
  readonly role: Role;
}

export interface Bot {
  readonly appId: string;
  readonly name: string;
  /** Object id of the bot's service principal: the `oid` of its tokens. */
  readonly oid: string;
  readonly clientSecret: string;
  /** Secret a web page exchanges for a Direct Line token. */
  readonly directLineSecret: string;
  /** Where the channels deliver activities. */
  readonly messagingEndpoint: string;
}

export interface Tenant {
  readonly slug: string;
  readonly name: string;
  readonly tid: string;
  /** App registration of the desk API: the `aud` of access tokens. */
  readonly apiAppId: string;
  /** App registration of the console. */
  readonly spaAppId: string;
  readonly people: readonly Person[];
  readonly bot?: Bot;
}

/** Delegated scope of the desk API, and the app role of bots. */
export const deskScope = 'Desk.Access';
export const botRole = 'Bot';

export const contoso = {
  slug: 'contoso',
  name: 'Contoso Bank',
  tid: 'c0170500-0000-4000-8000-000000000001',
  apiAppId: 'c0170500-0000-4000-8000-0000000000a1',
  spaAppId: 'c0170500-0000-4000-8000-0000000000b1',
  people: [
    { oid: 'c0170500-0000-4000-8000-000000000101', name: 'Ana Ruiz', email: 'ana@contoso.example', role: 'Consultant' },
    {
      oid: 'c0170500-0000-4000-8000-000000000102',
      name: 'Lukas Meyer',
      email: 'lukas@contoso.example',
      role: 'Consultant',
    },
    {
      oid: 'c0170500-0000-4000-8000-000000000103',
      name: 'Mei-Lin Wu',
      email: 'mei-lin@contoso.example',
      role: 'Consultant',
    },
    {
      oid: 'c0170500-0000-4000-8000-000000000104',
      name: 'Marta Silva',
      email: 'marta@contoso.example',
      role: 'Supervisor',
    },
    { oid: 'c0170500-0000-4000-8000-000000000105', name: 'Tom Becker', email: 'tom@contoso.example', role: 'Admin' },
  ],
  bot: {
    appId: 'c0170500-0000-4000-8000-0000000000c1',
    name: 'Contoso assistant',
    oid: 'c0170500-0000-4000-8000-0000000000d1',
    clientSecret: 'contoso-bot-client-secret-for-the-sandbox-only',
    directLineSecret: 'contoso-direct-line-secret-for-the-sandbox-only',
    messagingEndpoint: 'http://localhost:4500/contoso/api/messages',
  },
} as const satisfies Tenant;

export const fabrikam = {
  slug: 'fabrikam',
  name: 'Fabrikam Insurance',
  tid: 'fab71ca0-0000-4000-8000-000000000001',
  apiAppId: 'fab71ca0-0000-4000-8000-0000000000a1',
  spaAppId: 'fab71ca0-0000-4000-8000-0000000000b1',
  people: [
    {
      oid: 'fab71ca0-0000-4000-8000-000000000201',
      name: 'Noor Haddad',
      email: 'noor@fabrikam.example',
      role: 'Consultant',
    },
    {
      oid: 'fab71ca0-0000-4000-8000-000000000202',
      name: 'Felix Brandt',
      email: 'felix@fabrikam.example',
      role: 'Consultant',
    },
    {
      oid: 'fab71ca0-0000-4000-8000-000000000203',
      name: 'Ines Costa',
      email: 'ines@fabrikam.example',
      role: 'Supervisor',
    },
  ],
  bot: {
    appId: 'fab71ca0-0000-4000-8000-0000000000c1',
    name: 'Fabrikam assistant',
    oid: 'fab71ca0-0000-4000-8000-0000000000d1',
    clientSecret: 'fabrikam-bot-client-secret-for-the-sandbox-only',
    directLineSecret: 'fabrikam-direct-line-secret-for-the-sandbox-only',
    messagingEndpoint: 'http://localhost:4500/fabrikam/api/messages',
  },
} as const satisfies Tenant;

export const operator = {
  slug: 'operator',
  name: 'Parley Operations',
  tid: '0be7a704-0000-4000-8000-000000000001',
  apiAppId: '0be7a704-0000-4000-8000-0000000000a1',
  spaAppId: '0be7a704-0000-4000-8000-0000000000b1',
  people: [
    {
      oid: '0be7a704-0000-4000-8000-000000000301',
      name: 'Olga Petrov',
      email: 'olga@operator.example',
      role: 'Operator',
    },
  ],
} as const satisfies Tenant;

export const tenants: readonly Tenant[] = [contoso, fabrikam, operator];

/** The bots of every tenant that has one. */
export const bots: readonly (Bot & { readonly tenant: Tenant })[] = tenants.flatMap((tenant) =>
  tenant.bot ? [{ ...tenant.bot, tenant }] : [],
);

export function findTenant(tid: string): Tenant | undefined {
  return tenants.find((tenant) => tenant.tid === tid);
}
