import { isUtf8 } from 'node:buffer';
import { webhookHeaders } from '@parley/contracts';
import { Webhook } from 'standardwebhooks';

/** Header names are matched in any case. */
export type Headers_ = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

/** `reason` is for a log: who calls is told only that the signature is wrong. */
export type Verification = { readonly ok: true; readonly id: string } | { readonly ok: false; readonly reason: string };

/**
 * Verifies a callback of the desk by Standard Webhooks: HMAC-SHA256 over id, timestamp and raw body, at most 5 minutes old or early.
 * Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 * @param rawBody the bytes as they arrived; a body parsed and serialised again does not verify.
 * @param secrets `whsec_…`; two while one is being replaced.
 */
export function verifyCallback(
  headers: Headers_,
  rawBody: Uint8Array | string,
  secrets: readonly string[],
): Verification {
  const id = header(headers, webhookHeaders.id);
  const timestamp = header(headers, webhookHeaders.timestamp);
  const signature = header(headers, webhookHeaders.signature);
  if (!id || !timestamp || !signature)
    return { ok: false, reason: 'A Standard Webhooks header is missing or given twice' };
  // The library reads numbers leniently and decodes broken UTF-8 to equal text; a signature must cover every byte.
  if (!/^[1-9]\d{0,14}$/.test(timestamp)) return { ok: false, reason: 'The timestamp is no number of seconds' };
  if (typeof rawBody !== 'string' && !isUtf8(rawBody)) return { ok: false, reason: 'The body is not UTF-8' };
  const body = typeof rawBody === 'string' ? rawBody : Buffer.from(rawBody).toString('utf8');
  const signed = {
    [webhookHeaders.id]: id,
    [webhookHeaders.timestamp]: timestamp,
    [webhookHeaders.signature]: signature,
  };
  let reason = 'No secret is configured';
  for (const secret of secrets) {
    try {
      new Webhook(secret).verify(body, signed, { jsonParse: false });
      return { ok: true, id };
    } catch (error) {
      reason = (error as Error).message;
    }
  }
  return { ok: false, reason };
}

/** @throws when a secret is none: better at start than at the first callback. */
export function checkSecrets(secrets: readonly string[]): void {
  if (secrets.length === 0)
    throw new Error('Parley: callbackSecret is missing. The desk shows it where the bot is registered.');
  for (const secret of secrets) {
    if (!/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/.test(secret)) {
      throw new Error(
        'Parley: a callbackSecret must be "whsec_" and at least 24 random bytes in base64, as the desk shows it.',
      );
    }
  }
}

function header(headers: Headers_, name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined;
  const values = Object.entries(headers).flatMap(([key, value]) => (key.toLowerCase() === name ? [value].flat() : []));
  return values.length === 1 ? values[0] : undefined;
}
