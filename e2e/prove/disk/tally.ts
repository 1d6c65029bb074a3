/** Counts of one part of a proof, and what was found wrong. */
export class Part {
  readonly name: string;
  readonly violations: string[] = [];
  readonly #counts = new Map<string, number>();

  constructor(name: string) {
    this.name = name;
  }

  add(what: string, n = 1): void {
    this.#counts.set(what, this.count(what) + n);
  }

  count(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  violation(what: string): void {
    this.violations.push(`${this.name}: ${what}`);
  }

  async expect(what: string, answer: Promise<string>, wanted: string): Promise<void> {
    const got = await answer;
    if (got !== wanted) this.violation(`${what}: ${got} instead of ${wanted}`);
  }

  /** Says that something must have happened, so that an empty run fails. */
  mustHave(...whats: string[]): void {
    for (const what of whats) if (this.count(what) === 0) this.violation(`an empty run: no ${what}`);
  }

  get line(): string {
    return `${this.name}(${[...this.#counts].map(([what, n]) => `${what}=${n}`).join(' ')})`;
  }
}
