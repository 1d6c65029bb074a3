import { deny } from './refused.ts';
import { parseStrictObject, StrictJsonError, type StrictObject } from './strict-json.ts';

/** A token taken apart, nothing of it verified yet. */
export type TokenText = Readonly<{ kid: string; payload: StrictObject }>;

const longestToken = 16 * 1024;
const headerNames = ['alg', 'kid', 'typ', 'crit', 'jku', 'jwk', 'x5u', 'x5c', 'b64', 'zip'];
const claimNames = [
  'iss',
  'sub',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti',
  'tid',
  'oid',
  'ver',
  'azp',
  'azpacr',
  'appid',
  'appidacr',
  'scp',
  'roles',
  'wids',
  'groups',
  'idtyp',
  'idp',
  'acct',
  'nonce',
  'xms_cc',
  'acrs',
  'name',
  'email',
  'upn',
  'preferred_username',
  'unique_name',
  'uti',
];

/**
 * Looks at the text of a token before any key is involved: three canonical base64url segments, and a header and
 * payload that every reader understands alike.
 * @throws {Refused}
 */
export function readTokenText(token: string): TokenText {
  if (token.length > longestToken) deny('too-long');
  const segments = token.split('.');
  if (segments.length !== 3) deny('segments');
  const [header, payload] = segments.map(decode) as [Buffer, Buffer, Buffer];
  return { kid: checkHeader(readObject(header, headerNames)), payload: readObject(payload, claimNames) };
}

function checkHeader(header: StrictObject): string {
  const { alg, kid, typ } = header;
  if (alg !== 'RS256') deny('alg');
  if (typ !== undefined && !(typeof typ === 'string' && /^(JWT|at\+jwt)$/i.test(typ))) deny('typ');
  for (const name of ['crit', 'jku', 'jwk', 'x5u', 'x5c', 'b64', 'zip']) if (name in header) deny(`header-${name}`);
  if (typeof kid !== 'string' || kid.length < 1 || kid.length > 128) deny('kid');
  return kid;
}

/** Text that decodes to the same bytes in two ways would make two tokens of one. */
function decode(segment: string): Buffer {
  if (!/^[\w-]+$/.test(segment)) deny('characters');
  const bytes = Buffer.from(segment, 'base64url');
  if (bytes.toString('base64url') !== segment) deny('encoding');
  return bytes;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readObject(bytes: Buffer, names: readonly string[]): StrictObject {
  let object: StrictObject;
  try {
    object = parseStrictObject(utf8.decode(bytes));
  } catch (error) {
    deny(error instanceof StrictJsonError ? `json-${error.message}` : 'utf-8');
  }
  for (const name of Object.keys(object)) {
    if (!names.includes(name) && names.includes(name.toLowerCase())) deny('claim-case');
  }
  return object;
}
