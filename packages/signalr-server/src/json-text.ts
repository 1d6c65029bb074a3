/**
 * An argument of an event whose JSON the application has at hand, or can make cheaper than the hub. It is asked for
 * when the first connection is to get it, so an event for nobody costs nothing.
 */
export class JsonText {
  readonly #make: () => string;
  #text: string | undefined;

  /** @param make returns one complete JSON value; it goes out as it is */
  constructor(make: () => string) {
    this.#make = make;
  }

  toString(): string {
    return (this.#text ??= this.#make());
  }
}
