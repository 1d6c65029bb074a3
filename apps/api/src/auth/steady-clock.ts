/**
 * A wall clock for judging tokens, in milliseconds since 1970. It follows the host's clock forwards, but a step back
 * does not bring expired tokens to life again: it never runs behind what the monotonic clock says has passed.
 */
export function createSteadyClock(now: () => number, monotonic: () => number = () => performance.now()): () => number {
  let wall = now();
  let mark = monotonic();
  return () => {
    const passed = monotonic() - mark;
    mark += passed;
    wall = Math.max(now(), wall + passed);
    return wall;
  };
}
