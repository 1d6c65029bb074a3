import type { HolderState } from '@parley/contracts';

/** What of the live conversations is shown, as the address has it. */
export interface LiveSearch {
  /** The conversation that is open. */
  c?: string;
  state?: LiveState;
  queue?: string;
  /** Object id of the consultant who holds it. */
  consultant?: string;
}

export type LiveState = Exclude<HolderState, 'closed'>;

export const liveStates: readonly LiveState[] = ['queued', 'assigned', 'with-bot'];

/** Takes what it knows from an address that anybody may have typed, and drops the rest. */
export function liveSearchOf(search: Record<string, unknown>): LiveSearch {
  const { c, state, queue, consultant } = search;
  return {
    ...(typeof c === 'string' && /^c_[0-9a-z]{26}$/.test(c) ? { c } : {}),
    ...(liveStates.includes(state as LiveState) ? { state: state as LiveState } : {}),
    ...(typeof queue === 'string' && /^[a-z][a-z0-9-]{0,40}$/.test(queue) ? { queue } : {}),
    ...(typeof consultant === 'string' && /^[0-9a-f-]{36}$/.test(consultant) ? { consultant } : {}),
  };
}

/** The same search with a filter set, or taken off where it was set like that before. */
export function toggled<K extends 'state' | 'queue' | 'consultant'>(
  search: LiveSearch,
  name: K,
  value: NonNullable<LiveSearch[K]> | undefined,
): LiveSearch {
  const { [name]: before, ...rest } = search;
  return value === undefined || before === value ? rest : { ...rest, [name]: value };
}
