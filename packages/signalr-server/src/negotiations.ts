/** A connection that was promised by negotiate and has not arrived yet. */
export interface Negotiation {
  readonly connectionId: string;
  /** The upgrade must come from the same user. */
  readonly userId: string;
}

interface Entry extends Negotiation {
  readonly forgetAt: number;
}

/**
 * Promised connections by their secret token. All live equally long, so the map's insertion order is their order of
 * expiry. When full, the oldest gives way: a flood then shortens the wait for latecomers but locks nobody out.
 */
export class Negotiations {
  readonly #byToken = new Map<string, Entry>();
  readonly #lifetime: number;
  readonly #limit: number;

  /** @param lifetime in ms */
  constructor(lifetime: number, limit: number) {
    this.#lifetime = lifetime;
    this.#limit = limit;
  }

  get size(): number {
    return this.#byToken.size;
  }

  /** @param now monotonic ms, as in the other methods */
  promise(token: string, negotiation: Negotiation, now: number): void {
    for (const oldest of this.#byToken.keys()) {
      if (this.#byToken.size < this.#limit) break;
      this.#byToken.delete(oldest);
    }
    this.#byToken.set(token, { ...negotiation, forgetAt: now + this.#lifetime });
  }

  find(token: string, now: number): Negotiation | undefined {
    const entry = this.#byToken.get(token);
    return entry !== undefined && entry.forgetAt > now ? entry : undefined;
  }

  /** Takes the promise: a token opens one connection. */
  redeem(token: string): boolean {
    return this.#byToken.delete(token);
  }

  forgetExpired(now: number): void {
    for (const [token, entry] of this.#byToken) {
      if (entry.forgetAt > now) return;
      this.#byToken.delete(token);
    }
  }

  clear(): void {
    this.#byToken.clear();
  }
}
