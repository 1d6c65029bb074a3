/**
 * Takes real time and real chance away while a simulation runs: whoever asks for them past the host fails at once
 * instead of making a seed that cannot be replayed.
 * @returns what gives them back
 */
export function forbidRealTime(): () => void {
  const holders: [object, string][] = [
    [globalThis, 'setTimeout'],
    [globalThis, 'setInterval'],
    [globalThis, 'setImmediate'],
    [Date, 'now'],
    [Math, 'random'],
    [performance, 'now'],
    [crypto, 'randomUUID'],
    [crypto, 'getRandomValues'],
    [AbortSignal, 'timeout'],
  ];
  const before = holders.map(([holder, name]) => Object.getOwnPropertyDescriptor(holder, name));
  for (const [holder, name] of holders) {
    Object.defineProperty(holder, name, {
      configurable: true,
      writable: true,
      value: () => {
        throw new Error(`${name} was called in a simulation: take it from the host`);
      },
    });
  }
  return () => {
    for (const [i, [holder, name]] of holders.entries()) {
      const own = before[i];
      if (own === undefined) Reflect.deleteProperty(holder, name);
      else Object.defineProperty(holder, name, own);
    }
  };
}
