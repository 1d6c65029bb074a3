import { randomUUID } from 'node:crypto';

/** Body of an error of Entra's token endpoint. */
export interface EntraError {
  readonly error: string;
  readonly error_description: string;
  readonly error_codes: readonly number[];
  readonly timestamp: string;
  readonly trace_id: string;
  readonly correlation_id: string;
}

/**
 * Dresses an OAuth error as Entra does: clients, MSAL among them, read the AADSTS number.
 * Source: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
export function entraError(
  error: string,
  code: number,
  text: string,
  correlationId: string = randomUUID(),
): EntraError {
  const traceId = randomUUID();
  const timestamp = new Date().toISOString().replace(/T(.*)\..*/, ' $1Z');
  const trail = `Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`;
  return {
    error,
    error_description: `AADSTS${code}: ${text} ${trail}`,
    error_codes: [code],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
  };
}

/** The AADSTS form of an error of the OpenID provider, told apart by its own words where one code has several causes. */
export function entraErrorOf(error: string, description: string, correlationId?: string): EntraError {
  const [code, text] = known.find(([code, , pattern]) => code === error && pattern.test(description))?.[1] ?? [
    900144,
    description,
  ];
  return entraError(error, code, text || description, correlationId);
}

const known: readonly (readonly [error: string, entra: readonly [code: number, text: string], description: RegExp])[] =
  [
    [
      'invalid_grant',
      [
        700084,
        'The refresh token was issued to a single page app (SPA), and therefore has a fixed, limited lifetime of 1.00:00:00, which cannot be extended. It is now expired and a new sign in request must be sent by the SPA to the sign in page.',
      ],
      /refresh token is expired/,
    ],
    ['invalid_grant', [9002313, 'Invalid request. The refresh token is malformed or unknown.'], /refresh token/],
    [
      'invalid_grant',
      [501481, 'The Code_Verifier does not match the code_challenge supplied in the authorization request.'],
      /code_(verifier|challenge)/,
    ],
    [
      'invalid_grant',
      [54005, 'OAuth2 Authorization code was already redeemed or is not known, please retry with a new valid code.'],
      /./,
    ],
    ['invalid_client', [700016, 'The application was not found in the directory.'], /./],
    ['unsupported_grant_type', [70003, 'The app requested an unsupported grant type.'], /./],
    ['invalid_scope', [70011, 'The provided value for the input parameter scope is not valid.'], /./],
  ];
