/** A bucket per key that refills steadily. */
export interface TokenBuckets {
  /** Takes one. @returns 0 when there was one, else the seconds until there is */
  take(key: string): number;
  /** Seconds until there is one; takes none. */
  wait(key: string): number;
}

/**
 * @param options.perSecond refill; a bucket holds `burst` at most, by default two seconds' worth
 * @param options.maxKeys the buckets kept; the longest unused gives way
 * @param options.monotonic milliseconds of a clock that never jumps
 */
export function createTokenBuckets({
  perSecond,
  burst = perSecond * 2,
  maxKeys = 50_000,
  monotonic = () => performance.now(),
}: {
  perSecond: number;
  burst?: number;
  maxKeys?: number;
  monotonic?: () => number;
}): TokenBuckets {
  const buckets = new Map<string, { level: number; at: number }>();

  function refilled(key: string): { level: number; at: number } {
    const now = monotonic();
    const bucket = buckets.get(key) ?? { level: burst, at: now };
    bucket.level = Math.min(burst, bucket.level + ((now - bucket.at) / 1000) * perSecond);
    bucket.at = now;
    return bucket;
  }
  const waitOf = (level: number) => (level >= 1 ? 0 : (1 - level) / perSecond);

  return {
    take(key) {
      const bucket = refilled(key);
      buckets.delete(key);
      buckets.set(key, bucket);
      if (buckets.size > maxKeys) buckets.delete(buckets.keys().next().value as string);
      const wait = waitOf(bucket.level);
      if (wait === 0) bucket.level -= 1;
      return wait;
    },
    wait: (key) => waitOf(refilled(key).level),
  };
}
