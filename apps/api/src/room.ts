/** Room for requests that are being served. */
export interface Room {
  /** Takes a place. @returns false when there is none */
  enter(): boolean;
  /** Gives the place back. */
  leave(): void;
}

/**
 * So many at once as are answered within half a second at the present pace. A fixed number would be too many where each
 * costs much, and those who wait longest would be answered when nobody waits for them any more.
 *
 * @param options.max places, whatever the pace
 * @param options.least places that there always are, for what comes at once after a silence
 * @param options.monotonic milliseconds of a clock that never jumps
 */
export function createRoom({
  max,
  least = 256,
  monotonic = () => performance.now(),
}: {
  max: number;
  least?: number;
  monotonic?: () => number;
}): Room {
  let taken = 0;
  let left = 0;
  let since = monotonic();
  /** Answers within half a second: of the last stretch and of the one before, since a commit answers many at once. */
  let pace = 0;
  let paceBefore = 0;

  function places(): number {
    const elapsed = monotonic() - since;
    if (elapsed >= soonMs) {
      paceBefore = elapsed >= 2 * soonMs ? 0 : pace;
      pace = (left / elapsed) * soonMs;
      left = 0;
      since += elapsed;
    }
    return Math.min(max, Math.max(least, pace, paceBefore));
  }

  return {
    enter() {
      if (taken >= places()) return false;
      taken += 1;
      return true;
    },
    leave() {
      taken -= 1;
      left += 1;
    },
  };
}

const soonMs = 500;
