/** Lets others wait until something has become true, without looking at it over and over. */
export class Waiters {
  readonly #looking = new Set<() => void>();

  /** Something changed: everybody who waits looks again. */
  wake(): void {
    for (const look of this.#looking) look();
  }

  /**
   * @param ms how long to wait at most
   * @param signal stops the waiting
   * @returns whether the condition came true in time
   * @throws the reason of the signal, once it has fired
   */
  async until(condition: () => boolean, ms: number, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    if (condition()) return true;
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const look = () => condition() && resolve(true);
    const stop = () => reject(signal.reason as Error);
    const timer = setTimeout(() => resolve(false), ms);
    this.#looking.add(look);
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#looking.delete(look);
      signal.removeEventListener('abort', stop);
    }
  }
}
