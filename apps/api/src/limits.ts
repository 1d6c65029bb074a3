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
  const buckets = new Map<string, Bucket>();
  const waitOf = (level: number) => (level >= 1 ? 0 : (1 - level) / perSecond);

  function refill(bucket: Bucket, now: number): void {
    bucket.level = Math.min(burst, bucket.level + ((now - bucket.at) / 1000) * perSecond);
    bucket.at = now;
  }

  return {
    take(key) {
      const now = monotonic();
      let bucket = buckets.get(key);
      if (!bucket || now - bucket.moved > moveAfterMs) {
        buckets.delete(key);
        bucket ??= { level: burst, at: now, moved: now };
        bucket.moved = now;
        buckets.set(key, bucket);
        if (buckets.size > maxKeys) buckets.delete(buckets.keys().next().value as string);
      }
      refill(bucket, now);
      const wait = waitOf(bucket.level);
      if (wait === 0) bucket.level -= 1;
      return wait;
    },
    wait(key) {
      const bucket = buckets.get(key);
      if (!bucket) return waitOf(burst);
      refill(bucket, monotonic());
      return waitOf(bucket.level);
    },
  };
}

/** How long a bucket keeps its place among the unused ones: moving it with every request would cost more than the rest. */
const moveAfterMs = 1_000;

type Bucket = { level: number; at: number; moved: number };
