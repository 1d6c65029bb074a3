import { createPublicKey, createSecretKey, generateKeyPairSync, sign as signRsa, type KeyObject } from 'node:crypto';
import { contoso, fabrikam, signCompact, type Tenant } from '@parley/sandbox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEdgeDesk, type EdgeDesk } from './edges-desk.ts';

/** The rows that concern a person's token on a REST route; each is tried at two clients. */

const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const attacker = rsa();
const consumer = rsa();
const sovereign = rsa();
const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const edwards = generateKeyPairSync('ed25519').privateKey;
const consumerTenant = '9188040d-6c67-4c5b-b112-36a304b66dad';

let desk: EdgeDesk;

beforeAll(async () => {
  desk = await startEdgeDesk();
  const published = (key: KeyObject, kid: string, more: object) => ({
    ...createPublicKey(key).export({ format: 'jwk' }),
    kid,
    use: 'sig',
    ...more,
  });
  desk.endpoint.answer = async (tid) => {
    const { keys } = await desk.identity.jwks(tid);
    const issuer = desk.identity.issuer(tid);
    return {
      keys: [
        ...keys,
        published(consumer, 'consumer-key', { issuer: desk.identity.issuer(consumerTenant) }),
        published(sovereign, 'sovereign-key', { issuer, cloud_instance_name: 'microsoftonline.us' }),
        published(sovereign, 'ownerless-key', {}),
        published(elliptic, 'elliptic-key', { issuer, alg: 'ES256' }),
        published(edwards, 'edwards-key', { issuer, alg: 'EdDSA' }),
      ],
    };
  };
});
afterAll(() => desk.close());

type Claims = Record<string, unknown>;
type Row = [name: string, status: number, make: (home: Home) => string | Promise<string>];

const now = () => Math.floor(desk.clock.now / 1000);
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const get = (headers: Record<string, string>, url = '/v1/who') => desk.app.inject({ url, headers });

/** A tenant, and the ways to make tokens at it. */
type Home = ReturnType<typeof homeOf>;
function homeOf(tenant: Tenant) {
  const [person] = tenant.people;
  const other: Tenant = tenant.tid === contoso.tid ? fabrikam : contoso;
  const mint = (claims: Claims = {}, header: Claims = {}, key?: KeyObject) =>
    desk.identity.mint({ tid: tenant.tid, subject: person!.oid, claims, header, ...(key && { key }) });
  const parts = async (claims: Claims = {}) => {
    const [header = '', payload = ''] = (await mint(claims)).split('.');
    const text = (part: string) => Buffer.from(part, 'base64url').toString();
    return { header: JSON.parse(text(header)) as Claims, payload: JSON.parse(text(payload)) as Claims };
  };
  const ownKey = async () => (await desk.identity.keyRing.keys(tenant.tid))[0]!;
  /** The tenant's own signature under exactly this text. */
  const sign = async (edit: (payload: string) => string, header?: (text: string) => string) => {
    const { header: head, payload } = await parts();
    const text = JSON.stringify(head);
    return signCompact(header ? header(text) : text, edit(JSON.stringify(payload)), (await ownKey()).privateKey);
  };
  return { tenant, person: person!, other, mint, parts, ownKey, sign };
}

/** Puts members in front of or behind the others, as text. */
const before = (members: string) => (json: string) => `{${members},${json.slice(1)}`;
const behind = (members: string) => (json: string) => `${json.slice(0, -1)},${members}}`;
const endpointOfAttacker = 'https://attacker.example/keys';

const rows: Row[] = [
  ['T5 one segment', 401, async ({ mint }) => (await mint()).replaceAll('.', '')],
  ['T5 two segments', 401, async ({ mint }) => (await mint()).split('.').slice(0, 2).join('.')],
  ['T5 four segments', 401, async ({ mint }) => `${await mint()}.AAAA`],
  ['T5 five segments', 401, async ({ mint }) => `${await mint()}.AAAA.AAAA`],
  ['T6 a token of 17 KiB', 401, ({ mint }) => mint({ filler: 'x'.repeat(17 * 1024) })],
  ['T7 padding', 401, async ({ mint }) => `${await mint()}==`],
  ['T7 base64 of the other alphabet', 401, async ({ mint }) => (await mint()).replace(/^(.{20})./, '$1+')],
  ['T7 bits beyond the last byte', 401, async ({ mint }) => otherSpelling(await mint())],
  ['T8 payload is an array', 401, ({ sign }) => sign((json) => `[${json}]`)],
  ['T8 payload is text', 401, ({ sign }) => sign((json) => JSON.stringify(json))],
  ['T8 payload is null', 401, ({ sign }) => sign(() => 'null')],
  ['T8 payload is deep', 401, ({ sign }) => sign(behind(`"deep":${'['.repeat(5_000)}${']'.repeat(5_000)}`))],
  ['T8 payload is one level too deep', 401, ({ sign }) => sign(behind(`"deep":${'['.repeat(8)}${']'.repeat(8)}`))],
  ['T8 something after the payload', 401, ({ sign }) => sign((json) => `${json}{}`)],
  ...['tid', 'aud', 'iss', 'exp'].flatMap((name): Row[] => [
    [
      `T9 ${name} twice, the other first`,
      401,
      async (home) => home.sign(before(`"${name}":${JSON.stringify(await foreign(home, name))}`)),
    ],
    [
      `T9 ${name} twice, the other last`,
      401,
      async (home) => home.sign(behind(`"${name}":${JSON.stringify(await foreign(home, name))}`)),
    ],
  ]),
  ['T10 tid and TID', 401, ({ sign, other }) => sign(behind(`"TID":"${other.tid}"`))],
  ['T10 tid and Tid', 401, ({ sign, other }) => sign(before(`"Tid":"${other.tid}"`))],
  ['T11 __proto__', 401, ({ sign }) => sign(behind('"__proto__":{"roles":["Supervisor"]}'))],
  [
    'T11 constructor.prototype',
    401,
    ({ sign }) => sign(behind('"constructor":{"prototype":{"roles":["Supervisor"]}}')),
  ],
  ['T12 an escaped second tid', 401, ({ sign, other }) => sign(behind(`"\\u0074id":"${other.tid}"`))],
  [
    'T12 invalid UTF-8',
    401,
    async ({ parts, ownKey }) =>
      signBytes(await parts(), Buffer.from([0x22, 0x78, 0x22, 0x3a, 0x22, 0xff, 0x22]), await ownKey()),
  ],
  ['T12 NUL in a claim', 401, ({ mint }) => mint({ name: 'Ana\u0000' })],
  ['T12 a lone surrogate', 401, ({ sign }) => sign(behind('"x":"\\ud800"'))],
  ...['none', 'None', 'NONE'].map((alg): Row => [`T13 alg ${alg}`, 401, ({ mint }) => mint({}, { alg })]),
  ['T13 an empty signature', 401, async ({ mint }) => (await mint()).replace(/[^.]+$/, '')],
  [
    'T14 HS256 keyed with the public key in PEM',
    401,
    async (home) => confused(home, (key) => Buffer.from(key.export({ type: 'spki', format: 'pem' }))),
  ],
  [
    'T14 HS256 keyed with the public key in DER',
    401,
    async (home) => confused(home, (key) => key.export({ type: 'spki', format: 'der' })),
  ],
  [
    'T14 HS256 keyed with the modulus',
    401,
    async (home) => confused(home, (key) => Buffer.from(key.export({ format: 'jwk' }).n ?? '', 'base64url')),
  ],
  ...['RS384', 'RS512', 'PS256'].map((alg): Row => [
    `T15 ${alg} with the published key`,
    401,
    ({ mint }) => mint({}, { alg }),
  ]),
  ['T15 ES256 with a published key', 401, ({ mint }) => mint({}, { alg: 'ES256', kid: 'elliptic-key' }, elliptic)],
  ['T15 EdDSA with a published key', 401, ({ mint }) => mint({}, { alg: 'EdDSA', kid: 'edwards-key' }, edwards)],
  ['T16 another key under the same kid', 401, ({ mint }) => mint({}, {}, attacker)],
  [
    'T17 an embedded jwk',
    401,
    ({ mint }) => mint({}, { jwk: createPublicKey(attacker).export({ format: 'jwk' }) }, attacker),
  ],
  ['T18 jku', 401, ({ mint }) => mint({}, { jku: endpointOfAttacker }, attacker)],
  ['T18 x5u', 401, ({ mint }) => mint({}, { x5u: endpointOfAttacker }, attacker)],
  ['T18 jku under a valid signature', 401, ({ mint }) => mint({}, { jku: endpointOfAttacker })],
  ['T19 x5c', 401, ({ mint }) => mint({}, { x5c: ['MIIB'] }, attacker)],
  ['T20 no kid', 401, ({ mint }) => mint({}, { kid: undefined })],
  ...[
    '../../etc/passwd',
    "' OR 1=1--",
    'http://attacker.example',
    '__proto__',
    'constructor',
    7,
    ['x'],
    '',
    'x'.repeat(129),
    'x'.repeat(10_000),
  ].map((kid): Row => [`T22 kid ${JSON.stringify(kid).slice(0, 30)}`, 401, ({ mint }) => mint({}, { kid })]),
  [
    'T23 the kid and key of another tenant',
    401,
    async ({ mint, other }) => {
      const [key] = await desk.identity.keyRing.keys(other.tid);
      return mint({}, { kid: key!.kid }, key!.privateKey);
    },
  ],
  ['T24 unknown crit', 401, ({ mint }) => mint({}, { crit: ['x'], x: 1 })],
  ['T24 b64', 401, ({ mint }) => mint({}, { b64: false })],
  ...['logout+jwt', 'dpop+jwt', 'secevent+jwt', 'id_token', 7].map((typ): Row => [
    `T25 typ ${typ}`,
    401,
    ({ mint }) => mint({}, { typ }),
  ]),
  ['T26 zip', 401, ({ mint }) => mint({}, { zip: 'DEF' })],
  ['T27 a truncated signature', 401, async ({ mint }) => (await mint()).slice(0, -8)],
  [
    'T27 the signature of another token',
    401,
    async ({ mint }) => [...(await mint()).split('.').slice(0, 2), (await mint({ name: 'X' })).split('.')[2]].join('.'),
  ],
  ['T29 the issuer of the other client', 401, ({ mint, other }) => mint({ iss: desk.identity.issuer(other.tid) })],
  [
    'T30 a tenant nobody onboarded',
    401,
    ({ mint }) =>
      mint({
        tid: '11111111-0000-4000-8000-000000000001',
        iss: desk.identity.issuer('11111111-0000-4000-8000-000000000001'),
      }),
  ],
  ['T31 the templated issuer', 401, ({ mint }) => mint({ iss: desk.identity.issuer('{tenantid}') })],
  ...[
    (iss: string) => iss.replace(/[\da-f-]{36}/, (tid) => tid.toUpperCase()),
    (iss: string) => `${iss}/`,
    (iss: string) => iss.replace('https:', 'http:'),
    (iss: string) => iss.replace('sandbox.test', 'sandbox.test.evil.example'),
    (iss: string) => iss.replace('https://', 'https://login.sandbox.test@evil.example/'),
    (iss: string) => `${iss}/extra`,
  ].map((edit, position): Row => [
    `T32 near-miss issuer ${position + 1}`,
    401,
    ({ mint, tenant }) => mint({ iss: edit(desk.identity.issuer(tenant.tid)) }),
  ]),
  ['T33 the v1 issuer', 401, ({ mint, tenant }) => mint({ iss: `https://sts.windows.net/${tenant.tid}/` })],
  ...[undefined, '1.0', '3.0', 2].map((ver): Row => [`T34 ver ${ver}`, 401, ({ mint }) => mint({ ver })]),
  ...[undefined, 'contoso.onmicrosoft.com', 'not-a-guid', 7, null].map((tid): Row => [
    `T35 tid ${tid}`,
    401,
    ({ mint }) => mint({ tid }),
  ]),
  ['T36 tid is not the tenant of the issuer', 401, ({ mint, other }) => mint({ tid: other.tid })],
  [
    'T37 the tenant of personal accounts',
    401,
    ({ mint }) => mint({ tid: consumerTenant, iss: desk.identity.issuer(consumerTenant) }),
  ],
  [
    'T38 a published key that belongs to another issuer',
    401,
    ({ mint }) => mint({}, { kid: 'consumer-key' }, consumer),
  ],
  ['T38 a published key that names no issuer', 401, ({ mint }) => mint({}, { kid: 'ownerless-key' }, sovereign)],
  ['T39 a key of another cloud', 401, ({ mint }) => mint({}, { kid: 'sovereign-key' }, sovereign)],
  ...['contoso.b2clogin.com', 'contoso.ciamlogin.com', 'login.microsoftonline.us'].map((host): Row => [
    `T40 issuer at ${host}`,
    401,
    ({ mint, tenant }) => mint({ iss: `https://${host}/${tenant.tid}/v2.0` }),
  ]),
  ['T41 the audience of the other client', 401, ({ mint, other }) => mint({ aud: other.apiAppId })],
  ['T44 Microsoft Graph', 401, ({ mint }) => mint({ aud: '00000003-0000-0000-c000-000000000000' })],
  ['T44 Microsoft Graph by address', 401, ({ mint }) => mint({ aud: 'https://graph.microsoft.com' })],
  ['T45 the audience of the console', 401, ({ mint, tenant }) => mint({ aud: tenant.spaAppId })],
  ['T46 api:// audience', 401, ({ mint, tenant }) => mint({ aud: `api://${tenant.apiAppId}` })],
  ['T46 audience with a slash', 401, ({ mint, tenant }) => mint({ aud: `${tenant.apiAppId}/` })],
  ['T46 audience in upper case', 401, ({ mint, tenant }) => mint({ aud: tenant.apiAppId.toUpperCase() })],
  ['T47 a list of audiences', 401, ({ mint, tenant, other }) => mint({ aud: [tenant.apiAppId, other.apiAppId] })],
  ['T47 a list of one audience', 401, ({ mint, tenant }) => mint({ aud: [tenant.apiAppId] })],
  [
    'T48 a Bot Connector token',
    401,
    ({ mint, tenant }) => mint({ iss: 'https://api.botframework.com', aud: tenant.bot!.appId }),
  ],
  ['T48 a token for the bot', 401, ({ mint, tenant }) => mint({ aud: tenant.bot!.appId })],
  ['T49 an app that is not on the list', 403, ({ mint }) => mint({ azp: '11111111-0000-4000-8000-0000000000b1' })],
  ['T50 appid instead of azp', 401, ({ mint, tenant }) => mint({ azp: undefined, appid: tenant.spaAppId })],
  ['T51 a confidential app', 403, ({ mint }) => mint({ azpacr: '1' })],
  ['T51 an app with a certificate', 403, ({ mint }) => mint({ azpacr: '2' })],
  [
    'T52 an ID token',
    401,
    ({ mint, tenant }) => mint({ aud: tenant.spaAppId, nonce: 'n', scp: undefined, azp: undefined }),
  ],
  ['T52 an ID token for the API', 401, ({ mint }) => mint({ nonce: 'n', scp: undefined })],
  ['T53 an opaque token', 401, () => '0.AXoAopaque-refresh-token'],
  ['T53 random', 401, () => 'dGhpcyBpcyBubyB0b2tlbg'],
  ['T54 app-only', 403, ({ mint }) => mint({ idtyp: 'app', scp: undefined, azpacr: undefined })],
  ['T55 app-only with a desk role', 403, ({ mint }) => mint({ idtyp: 'app', scp: undefined, roles: ['Supervisor'] })],
  [
    'T55 the bot itself',
    403,
    ({ tenant }) => desk.identity.mint({ tid: tenant.tid, subject: { bot: tenant.bot!.appId } }),
  ],
  ['T56 neither idtyp nor scp', 403, ({ mint }) => mint({ idtyp: undefined, scp: undefined })],
  ['T56 no idtyp', 403, ({ mint }) => mint({ idtyp: undefined })],
  ['T57 a device', 403, ({ mint }) => mint({ idtyp: 'device' })],
  [
    'T58 on behalf of a person, by another middle tier',
    403,
    ({ mint, tenant }) => mint({ azp: tenant.bot!.appId, azpacr: '1' }),
  ],
  ['T59 no scope', 403, ({ mint }) => mint({ scp: undefined })],
  ['T59 an empty scope', 403, ({ mint }) => mint({ scp: '' })],
  ...[
    'desk.access',
    'Desk.AccessX',
    'XDesk.Access',
    'Desk',
    'User.Read,Desk.Access',
    'api://x/Desk.Access',
    'Desk.Access\t',
  ].map((scp): Row => [`T60 near-miss scope ${JSON.stringify(scp)}`, 403, ({ mint }) => mint({ scp })]),
  ['T61 a list of scopes', 401, ({ mint }) => mint({ scp: ['Desk.Access'] })],
  ['T62 roles as text', 403, ({ mint }) => mint({ roles: 'Consultant' })],
  ['T62 roles with something else among them', 403, ({ mint }) => mint({ roles: ['Consultant', 7] })],
  ...['consultant', 'CONSULTANT', 'Consultant ', 'Bot', 'Operator', 'Desk.Consultant'].map((role): Row => [
    `T63 role ${JSON.stringify(role)}`,
    403,
    ({ mint }) => mint({ roles: [role] }),
  ]),
  [
    'T65 groups overage without a role',
    403,
    ({ mint }) =>
      mint({
        roles: undefined,
        _claim_names: { groups: 'src1' },
        _claim_sources: { src1: { endpoint: 'http://169.254.169.254/' } },
      }),
  ],
  [
    'T66 a directory role without a desk role',
    403,
    ({ mint }) => mint({ roles: undefined, wids: ['62e90394-69f5-4237-9190-012177145e10'] }),
  ],
  ...[undefined, 'not-a-guid', '00000000-0000-0000-0000-000000000000', 7].map((oid): Row => [
    `T67 oid ${oid}`,
    401,
    ({ mint }) => mint({ oid }),
  ]),
  ['T70 a guest by acct', 403, ({ mint }) => mint({ acct: 1 })],
  ['T70 a guest by acct as text', 403, ({ mint }) => mint({ acct: '1' })],
  ['T70 a guest by idp', 403, ({ mint }) => mint({ idp: `https://sts.windows.net/${consumerTenant}/` })],
  ['T72 no exp', 401, ({ mint }) => mint({ exp: undefined })],
  [
    'T73 expired by more than the tolerance',
    401,
    ({ mint }) => mint({ iat: now() - 4_000, nbf: now() - 4_000, exp: now() - 61 }),
  ],
  ['T74 nbf in the future', 401, ({ mint }) => mint({ nbf: now() + 62 })],
  ['T75 iat in the future', 401, ({ mint }) => mint({ iat: now() + 62 })],
  ['T75 no iat', 401, ({ mint }) => mint({ iat: undefined })],
  ['T75 no nbf', 401, ({ mint }) => mint({ nbf: undefined })],
  ['T76 a lifetime over 28 hours', 401, ({ mint }) => mint({ exp: now() + 28 * 3_600 + 62 })],
  ...['"9999999999"', '2000000000.5', '-1', '1e308', 'NaN', '99999999999999999999', 'null', 'true', '[9999999999]'].map(
    (exp): Row => [`T77 exp ${exp}`, 401, ({ sign }) => sign((json) => json.replace(/"exp":\d+/, `"exp":${exp}`))],
  ),
];

describe.each([contoso, fabrikam])('a token of $name', (tenant) => {
  test.each(rows)('%s is answered with %i', async (name, status, make) => {
    const fetchesBefore = new Map(desk.fetches);
    const answer = await get(bearer(await make(homeOf(tenant))));
    expect(answer.statusCode).toBe(status);
    reasons.set(name, refusalReason());
    expect(answer.headers['content-type']).toBe('application/problem+json');
    // Every refusal looks the same: which check failed is for the log alone.
    if (status === 401) {
      expect(answer.json()).toEqual({
        type: 'urn:parley:problem:unauthenticated',
        title: 'Sign-in is required',
        status: 401,
        code: 'unauthenticated',
      });
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    } else expect(answer.json()).toMatchObject({ code: 'forbidden' });
    expect(({} as { roles?: unknown }).roles).toBeUndefined();
    // Nothing in a token decides where keys come from: only registered tenants' documents are ever asked for.
    for (const tid of desk.fetches.keys()) expect([contoso.tid, fabrikam.tid]).toContain(tid);
    expect(
      [...desk.fetches.values()].reduce((sum, n) => sum + n, 0) -
        [...fetchesBefore.values()].reduce((sum, n) => sum + n, 0),
    ).toBeLessThanOrEqual(2);
  });

  test('PC1 a member is let in, as who the token says', async () => {
    const { mint, person } = homeOf(tenant);
    const answer = await get(bearer(await mint()));
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ client: tenant.slug, id: person.oid, name: person.name, roles: [person.role] });
  });

  test.each([
    ['PC2 190 roles', { roles: [...Array.from({ length: 189 }, (_, n) => `Other.Role.${n}`), 'Consultant'] }],
    ['PC4 expired within the tolerance', () => ({ iat: now() - 4_000, nbf: now() - 4_000, exp: now() - 58 })],
    ['PC4 nbf and iat within the tolerance', () => ({ nbf: now() + 58, iat: now() + 58 })],
    ['PC5 a token of 24 hours for continuous access evaluation', () => ({ exp: now() + 28 * 3_600, xms_cc: ['cp1'] })],
    ['T60 the scope among others', { scp: 'User.Read Desk.Access Mail.Read' }],
    ['T65 groups overage beside a role', { _claim_names: { groups: 'src1' } }],
    ['T70 a member whose idp is the issuer', () => ({ acct: 0, idp: desk.identity.issuer(tenant.tid) })],
  ])('%s is let in', async (_name, claims) => {
    const { mint } = homeOf(tenant);
    const answer = await get(bearer(await mint(typeof claims === 'function' ? claims() : claims)));
    expect(answer.statusCode).toBe(200);
  });

  test('T27 a signature with one bit flipped is refused, whichever bit', async () => {
    const token = await homeOf(tenant).mint();
    const start = token.lastIndexOf('.') + 1;
    const signature = Buffer.from(token.slice(start), 'base64url');
    expect(signature.length * 8).toBe(2_048);
    for (let bit = 0; bit < 2_048; bit += 1) {
      const flipped = Buffer.from(signature);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const verdict = await desk.verifier.verifyPerson(token.slice(0, start) + flipped.toString('base64url'));
      expect(verdict).toMatchObject({ ok: false, status: 401 });
    }
  });

  test('T68 an e-mail address of a supervisor gives no right of theirs', async () => {
    const { mint, person } = homeOf(tenant);
    const supervisor = tenant.people.find(({ role }) => role === 'Supervisor')!;
    const answer = await get(
      bearer(await mint({ email: supervisor.email, upn: supervisor.email, preferred_username: supervisor.email })),
    );
    expect(answer.json()).toMatchObject({ id: person.oid, roles: ['Consultant'] });
  });

  test('T69 the same oid in another tenant is somebody else', async () => {
    const { mint, person, other } = homeOf(tenant);
    const elsewhere = await desk.identity.mint({
      tid: other.tid,
      subject: other.people[0]!.oid,
      claims: { oid: person.oid },
    });
    const [here, there] = [await get(bearer(await mint())), await get(bearer(elsewhere))];
    expect(here.json()).toMatchObject({ id: person.oid, client: tenant.slug });
    expect(there.json()).toMatchObject({ id: person.oid, client: other.slug });
  });
});

test('every row is refused for its own reason, not for another fault of the token', async () => {
  const table = [...reasons].map(([name, reason]) => `${name} -> ${reason}\n`).join('');
  await expect(table).toMatchFileSnapshot('./auth-reasons.txt');
});

const reasons = new Map<string, string>();

function refusalReason(): string {
  const line = desk.lines.findLast((each) => each.includes('auth_refused')) ?? '{}';
  return (JSON.parse(line) as { reason: string }).reason;
}

function otherSpelling(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return token.slice(0, -1) + alphabet[alphabet.indexOf(token.at(-1)!) ^ 1];
}

async function foreign({ tenant, other }: Home, claim: string): Promise<unknown> {
  const values: Claims = {
    tid: other.tid,
    aud: other.apiAppId,
    iss: desk.identity.issuer(other.tid),
    exp: now() + 9_999,
  };
  expect(tenant.tid).not.toBe(other.tid);
  return values[claim];
}

async function confused({ mint, ownKey }: Home, secret: (key: KeyObject) => Buffer): Promise<string> {
  const { publicKey } = await ownKey();
  return mint({}, { alg: 'HS256' }, createSecretKey(secret(publicKey)).export() as unknown as KeyObject);
}

function signBytes(
  { header, payload }: { header: Claims; payload: Claims },
  member: Buffer,
  key: { privateKey: KeyObject },
): string {
  const bytes = Buffer.concat([Buffer.from(`${JSON.stringify(payload).slice(0, -1)},`), member, Buffer.from('}')]);
  const valid = signCompact(header, payload, key.privateKey).split('.');
  const input = `${valid[0]}.${bytes.toString('base64url')}`;
  return `${input}.${signRsa('sha256', Buffer.from(input), key.privateKey).toString('base64url')}`;
}
