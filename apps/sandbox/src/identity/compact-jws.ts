import { constants, createHmac, KeyObject, sign } from 'node:crypto';

/**
 * A compact JWS over any header and payload. It refuses nothing, so that tests can make the tokens that a
 * library rightly declines to make; tokens of the sandbox itself pass through the same lines.
 * @param header an object, or the exact text. `alg` chooses the signature; `none` leaves it empty.
 * @param payload an object, or the exact text (to repeat a member, say).
 * @param key a private key, or a secret for HS256 to HS512.
 */
export function signCompact(
  header: Record<string, unknown> | string,
  payload: Record<string, unknown> | string,
  key: KeyObject | Uint8Array,
): string {
  const input = `${segment(header)}.${segment(payload)}`;
  const { alg } = (typeof header === 'string' ? JSON.parse(header) : header) as { alg?: unknown };
  return `${input}.${signature(String(alg), input, key)}`;
}

function segment(part: Record<string, unknown> | string): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
}

function signature(alg: string, input: string, key: KeyObject | Uint8Array): string {
  if (/^none$/i.test(alg)) return '';
  const hash = `sha${alg.slice(2)}`;
  if (alg.startsWith('HS')) return createHmac(hash, key).update(input).digest('base64url');
  if (!(key instanceof KeyObject)) throw new TypeError(`${alg} needs a private key`);
  const data = Buffer.from(input);
  if (alg.startsWith('PS')) {
    const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
    return sign(hash, data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }).toString('base64url');
  }
  if (alg.startsWith('RS')) return sign(hash, data, key).toString('base64url');
  if (alg.startsWith('ES')) return sign(hash, data, { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
  return sign(null, data, key).toString('base64url');
}
