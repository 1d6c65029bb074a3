import { initial, step, type Call, type Register } from './register.ts';

/**
 * Whether there is an order of the calls, each between its beginning and its end, in which one register answers all of
 * them as they were answered: Wing and Gong's question, asked just in time as by Lowe ("Testing for linearizability", 2017).
 * It looks at answers and times only.
 *
 * @param calls of one conversation, in any order
 * @returns the first call that no order explains
 */
export function unexplained(calls: readonly Call[]): Call | undefined {
  const moments = calls
    .flatMap((call, n) => [
      { at: call.from, n, ends: false },
      { at: call.until, n, ends: true },
    ])
    // Of the same moment, beginnings first: then these two calls overlap, which allows more orders.
    .toSorted((a, b) => a.at - b.at || Number(a.ends) - Number(b.ends));
  const open = new Set<number>();
  let worlds = new Map<string, World>();
  add(worlds, { state: initial, done: [] });

  for (const { n, ends } of moments) {
    if (!ends) {
      open.add(n);
      worlds = greedy(worlds, calls, open);
      continue;
    }
    const explained = new Map<string, World>();
    const seen = new Map(worlds);
    const ahead = [...worlds.values()];
    for (let world = ahead.pop(); world; world = ahead.pop()) {
      if (world.done.includes(n)) {
        add(explained, { ...world, done: world.done.filter((one) => one !== n) });
        continue;
      }
      for (const next of open) {
        if (world.done.includes(next)) continue;
        const state = step(world.state, calls[next]!);
        if (!state) continue;
        const then = readable({ state, done: [...world.done, next] }, calls, open);
        if (add(seen, then)) ahead.push(then);
      }
    }
    if (explained.size === 0) return calls[n];
    open.delete(n);
    worlds = explained;
  }
  return undefined;
}

/** One way in which it may have been: what the register is, and which of the open calls have taken effect. */
type World = { state: Register; done: readonly number[] };

function greedy(
  worlds: ReadonlyMap<string, World>,
  calls: readonly Call[],
  open: ReadonlySet<number>,
): Map<string, World> {
  const next = new Map<string, World>();
  for (const world of worlds.values()) add(next, readable(world, calls, open));
  return next;
}

/** An open call that changes nothing and fits now may as well be now: no order is lost by that. */
function readable({ state, done }: World, calls: readonly Call[], open: ReadonlySet<number>): World {
  const fits = [...open].filter((n) => !done.includes(n) && step(state, calls[n]!) === state);
  return { state, done: [...done, ...fits] };
}

/** @returns whether it is new */
function add(worlds: Map<string, World>, world: World): boolean {
  const key = JSON.stringify([world.state, world.done.toSorted((a, b) => a - b)]);
  if (worlds.has(key)) return false;
  worlds.set(key, world);
  return true;
}
