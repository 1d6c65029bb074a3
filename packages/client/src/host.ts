/** What the machine gives: time, waiting and chance. Injected, so that a whole console can run in a simulation. */
export interface ClientHost {
  /** Wall clock in ms since the epoch; for display, and never for order. */
  now(): number;
  /** Ms that only ever grow, at the pace of real time; for pauses and watchdogs. */
  steady(): number;
  /** Calls `run` once after `ms`. @returns what cancels it */
  after(ms: number, run: () => void): () => void;
  /** At least 0, below 1. */
  random(): number;
  /** A fresh id, unique everywhere. */
  newId(): string;
}

/** The browser, or the Node process, that this runs in. */
export const browserHost: ClientHost = {
  now: () => Date.now(),
  steady: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
  // Not randomUUID: it is missing on pages without TLS, such as a trial on the local network.
  newId: () =>
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(''),
};
