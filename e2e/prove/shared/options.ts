import { parseArgs } from 'node:util';

/**
 * Reads the options of a proof: whole numbers that all have a default.
 *
 * @param name of the proof, for the message
 * @param defaults what each option is unless it is given; `seed: undefined` draws one
 * @throws {UsageError} for an unknown option and for what is no number
 */
export function readNumbers<K extends string>(
  name: string,
  args: readonly string[],
  defaults: Readonly<Record<K, number>>,
): Record<K | 'seed', number> {
  const names = [...Object.keys(defaults), 'seed'];
  const usage = `Usage: pnpm prove ${name} ${names.map((each) => `[--${each} N]`).join(' ')}`;
  let values: Record<string, unknown>;
  try {
    values = parseArgs({
      args: args[0] === '--' ? args.slice(1) : [...args],
      options: Object.fromEntries(names.map((each) => [each, { type: 'string' as const }])),
    }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n${usage}`);
  }
  const read: Record<string, number> = { seed: Math.floor(Math.random() * 1_000_000_000), ...defaults };
  for (const [each, value] of Object.entries(values)) {
    if (typeof value !== 'string' || !/^\d+$/.test(value))
      throw new UsageError(`--${each} takes a whole number, not "${String(value)}".\n${usage}`);
    read[each] = Number(value);
  }
  return read;
}

/** Wrong usage: the message says what to do instead. */
export class UsageError extends Error {
  override name = 'UsageError';
}
