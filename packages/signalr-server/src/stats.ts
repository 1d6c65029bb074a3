import { closeRules, type CloseReason } from './close-reasons.ts';

/** Numbers for metrics. Counters only grow; gauges are the present. */
export interface HubStats {
  /** Gauge: connections that completed the handshake. */
  readonly connections: number;
  /** Gauge: sockets, including those in handshake and in closing. */
  readonly sockets: number;
  /** Gauge: negotiated connections that have not arrived. */
  readonly negotiations: number;
  /** Gauge: users with at least one connection. */
  readonly users: number;
  /** Gauge: groups with at least one member. */
  readonly groups: number;
  /** Counter: hub messages received, pings included. */
  readonly messagesIn: number;
  /** Counter: events sent by the application, each once however many got it. */
  readonly messagesOut: number;
  /** Counter: copies of events handed to connections. */
  readonly deliveries: number;
  /** Counter: bytes written, framing included, TLS and TCP not. */
  readonly bytesOut: number;
  /** Counter: ended connections by reason, those that never completed the handshake included. */
  readonly closed: Readonly<Record<CloseReason, number>>;
}

export class Counters {
  messagesIn = 0;
  messagesOut = 0;
  deliveries = 0;
  bytesOut = 0;
  readonly closed = Object.fromEntries(Object.keys(closeRules).map((reason) => [reason, 0])) as Record<
    CloseReason,
    number
  >;
}
