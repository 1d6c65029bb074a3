import { Type, type Static } from 'typebox';
import { Holder } from './conversation.ts';

/**
 * Every error code of Parley with its HTTP status and title. The code is stable; texts may change.
 * One table maps code to status, one function in the console turns a problem into a sentence.
 */
export const problems = {
  unauthenticated: [401, 'Sign-in is required'],
  forbidden: [403, 'This is not allowed for you'],
  'client-suspended': [403, 'This client is suspended'],
  'not-found': [404, 'There is no such thing here'],
  'method-not-allowed': [405, 'This method is not supported here'],
  validation: [400, 'The request does not have the expected shape'],
  'payload-too-large': [413, 'The request is too large'],
  'unsupported-media-type': [415, 'This content type is not supported'],
  'rate-limited': [429, 'Too many requests'],
  overloaded: [503, 'The desk is at its limit; try again shortly'],
  'storage-unavailable': [503, 'The store cannot take writes now; nothing was changed'],
  'keys-unavailable': [503, 'The signing keys cannot be fetched now'],
  internal: [500, 'Something broke here'],

  'already-held': [409, 'Another consultant holds this conversation'],
  'already-yours': [409, 'You hold this conversation already'],
  'not-holder': [409, 'You do not hold this conversation'],
  'stale-epoch': [409, 'The floor has changed since this was written'],
  'with-bot': [409, 'The bot holds this conversation'],
  'not-queued': [409, 'The conversation is not waiting'],
  'not-assigned': [409, 'No consultant holds this conversation'],
  closed: [409, 'The conversation is closed'],
  'human-holds': [409, 'A human holds the floor'],
  reserved: [409, 'The conversation waits for somebody else'],
  'no-offer': [409, 'There is no offer to you'],
  'not-served': [403, 'You do not serve this queue'],
  'at-capacity': [409, 'You hold as many conversations as you can take'],
  'id-reused': [409, 'This id was used for something else'],
  'unknown-queue': [422, 'There is no such queue'],
  'unknown-person': [422, 'There is no such consultant'],
  'unknown-outcome': [422, 'There is no such outcome'],
  'stale-lane': [409, 'Another process delivers this conversation'],
  contention: [409, 'Too many changes at once; try again'],
} as const satisfies Record<string, readonly [number, string]>;

export type ErrorCode = keyof typeof problems;

/** HTTP status of an error code. */
export function statusOf(code: ErrorCode): number {
  return problems[code][0];
}

/** RFC 9457 problem details, as every refusal of the desk has them. */
export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String(),
    detail: Type.Optional(Type.String()),
    /** Who holds the conversation, where that is why. */
    holder: Type.Optional(Holder),
    /** Which fields are wrong, where that is why. */
    fields: Type.Optional(
      Type.Array(Type.Object({ path: Type.String(), message: Type.String() }, { additionalProperties: false })),
    ),
  },
  { additionalProperties: false },
);
export type Problem = Static<typeof Problem>;
