/** Who has a conversation, as far as claims and releases are concerned. `last` took it last in this episode. */
export type Register =
  | { with: 'bot'; last: string }
  /** `for`: the only person who may take it; empty for everybody. */
  | { with: 'queue'; for: string; last: string }
  | { with: 'person'; last: string };

/** One call, from before it was made to after its answer, in nanoseconds of a clock that all processes share. */
export type Call = {
  who: string;
  op: 'claim' | 'transfer' | 'return' | 'handoff' | 'reply';
  /** Of a transfer to a person: who. */
  to?: string;
  from: number;
  until: number;
  /** What was answered: that it was done, that there was nothing to do, or a code. */
  answer: 'done' | 'nothing' | (string & {});
  /** Number of the entry it wrote, and the epoch of that; where it wrote one. */
  seq?: number;
  epoch?: number;
  /** The epoch that the answer showed. */
  saw: number;
};

export const initial: Register = { with: 'queue', for: '', last: '' };

/**
 * What a conversation is after a call that was answered so, or undefined where it cannot have been answered so.
 * It knows nothing of epochs, numbers and stores.
 */
export function step(state: Register, call: Call): Register | undefined {
  const { who, op, answer } = call;
  const held = state.with === 'person';
  const mine = held && state.last === who;
  const others = held && !mine;
  const given = state.with === 'bot';
  /** Whether it exists for them: what colleagues hold, and what the bot has, does not. */
  const reads = mine || state.with === 'queue' || (given && state.last === who);
  const when = (possible: boolean, next: Register = state) => (possible ? next : undefined);

  if (answer === 'contention') return state;
  if (op === 'handoff') {
    if (answer === 'done') return when(given, { with: 'queue', for: '', last: '' });
    return when(answer === 'nothing' && !given);
  }
  switch (answer) {
    case 'done':
      return done(state, call);
    case 'with-bot':
      return when(given && reads);
    case 'not-found':
      return when(!reads && (op !== 'claim' || given));
    case 'already-held':
      return when(op === 'claim' && others);
    case 'already-yours':
      return when(op === 'claim' && mine);
    case 'reserved':
      return when(op === 'claim' && state.with === 'queue' && state.for !== '' && state.for !== who);
    case 'not-holder':
      return when(op === 'reply' && !mine);
    case 'stale-epoch':
      return when(op === 'reply' && mine);
    default:
      return undefined;
  }
}

function done(state: Register, { who, op, to = '' }: Call): Register | undefined {
  const { last } = state;
  const mine = state.with === 'person' && last === who;
  const may = mine || state.with === 'queue';
  switch (op) {
    case 'claim':
      return state.with === 'queue' && (state.for === '' || state.for === who)
        ? { with: 'person', last: who }
        : undefined;
    case 'transfer':
      return may ? { with: 'queue', for: to, last } : undefined;
    case 'return':
      return may ? { with: 'bot', last } : undefined;
    default:
      return mine ? state : undefined;
  }
}
