/** Chance that comes out the same for the same seed. */
export class Rng {
  #a: number;
  #b: number;
  #c: number;
  #d = 1;

  /** Streams with different salts are independent of each other. */
  constructor(seed: number, salt = 0) {
    this.#a = seed | 0;
    this.#b = Math.floor(seed / 0x1_0000_0000) | 0;
    this.#c = Math.imul(salt + 1, 0x9e37_79b9);
    for (let i = 0; i < 12; i++) this.next();
  }

  /** At least 0, below 1. Source: sfc32 of PractRand. */
  next(): number {
    const t = (((this.#a + this.#b) | 0) + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (this.#c << 21) | (this.#c >>> 11);
    this.#c = (this.#c + t) | 0;
    return (t >>> 0) / 0x1_0000_0000;
  }

  /** A whole number of at least 0, below `n`. */
  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(p: number): boolean {
    return this.next() < p;
  }

  /** @throws TypeError for an empty list */
  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new TypeError('There is nothing to pick from.');
    return list[this.below(list.length)] as T;
  }

  shuffled<T>(list: readonly T[]): T[] {
    const made = [...list];
    for (let i = made.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [made[i], made[j]] = [made[j] as T, made[i] as T];
    }
    return made;
  }
}
