import { Type, type Static } from 'typebox';
import { PersonId, Time } from './ids.ts';

export const Role = Type.Union([
  Type.Literal('Consultant'),
  Type.Literal('Supervisor'),
  Type.Literal('Admin'),
  Type.Literal('Operator'),
]);
export type Role = Static<typeof Role>;

/** A member of the client's staff, as others see them. */
export const PersonRef = Type.Object(
  { id: PersonId, name: Type.String({ maxLength: 200 }) },
  { additionalProperties: false },
);
export type PersonRef = Static<typeof PersonRef>;

/** Who made an entry. `desk` is Parley itself: routing, deadlines, delivery. */
export const Actor = Type.Union([
  Type.Object({ type: Type.Literal('user'), name: Type.Optional(Type.String()) }, { additionalProperties: false }),
  Type.Object({ type: Type.Literal('bot'), name: Type.Optional(Type.String()) }, { additionalProperties: false }),
  Type.Object({ type: Type.Literal('person'), id: PersonId, name: Type.String() }, { additionalProperties: false }),
  Type.Object({ type: Type.Literal('desk') }, { additionalProperties: false }),
]);
export type Actor = Static<typeof Actor>;

/** The end user, as far as the channel and the bot know them. */
export const User = Type.Object(
  {
    id: Type.String({ minLength: 1, maxLength: 256 }),
    name: Type.Optional(Type.String({ maxLength: 200 })),
    language: Type.Optional(Type.String({ maxLength: 35, description: 'BCP 47' })),
    verified: Type.Optional(
      Type.Object(
        {
          as: Type.String({ maxLength: 200 }),
          by: Type.String({ maxLength: 200, description: 'who vouches: an app, a login page' }),
          at: Time,
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);
export type User = Static<typeof User>;

export const PresenceState = Type.Union([Type.Literal('available'), Type.Literal('away'), Type.Literal('offline')]);
export type PresenceState = Static<typeof PresenceState>;

/** One state for all tabs and devices of a person. */
export const Presence = Type.Object(
  {
    person: PersonRef,
    state: PresenceState,
    since: Time,
    /** Why the desk changed it by itself; absent when the person chose it. */
    reason: Type.Optional(Type.String({ maxLength: 200 })),
    /** The person was without a connection for too long: when, and how many conversations went back to the queue. */
    requeued: Type.Optional(
      Type.Object({ at: Time, count: Type.Integer({ minimum: 1 }) }, { additionalProperties: false }),
    ),
    /** Conversations held now, and how many the person takes at once. */
    load: Type.Integer({ minimum: 0 }),
    capacity: Type.Integer({ minimum: 0 }),
    queues: Type.Array(Type.String()),
  },
  { additionalProperties: false },
);
export type Presence = Static<typeof Presence>;
