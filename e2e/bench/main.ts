import { roundtrip } from './roundtrip.ts';

/** `pnpm bench roundtrip [--rounds 12] [--slice 1000] [--in-flight 64] [--prefill 2000] [--latency 4000] [--cipher sqlcipher|aegis]` */
const [scenario, ...rest] = process.argv.slice(2);
const options = { rounds: 12, slice: 1_000, 'in-flight': 64, prefill: 2_000, latency: 4_000 };
let cipher: 'sqlcipher' | 'aegis' = 'sqlcipher';
const complaint = readOptions();
if (scenario !== 'roundtrip' || complaint) {
  process.stderr.write(
    `${complaint ?? `There is no benchmark called ${scenario ?? 'nothing'}.`}\nUsage: pnpm bench roundtrip [--rounds N] [--slice MS] [--in-flight N] [--prefill CONVERSATIONS] [--latency MS] [--cipher sqlcipher|aegis]\n`,
  );
  process.exit(2);
}
process.exit(
  await roundtrip({
    rounds: options.rounds,
    sliceMs: options.slice,
    inFlight: options['in-flight'],
    prefill: options.prefill,
    latencyMs: options.latency,
    cipher,
  }),
);

function readOptions(): string | undefined {
  for (let n = 0; n < rest.length; n += 2) {
    if (rest[n] === '--cipher') {
      const named = rest[n + 1];
      if (named !== 'sqlcipher' && named !== 'aegis') return '--cipher is sqlcipher or aegis.';
      cipher = named;
      continue;
    }
    const name = rest[n]!.replace(/^--/, '') as keyof typeof options;
    const value = Number(rest[n + 1]);
    if (!(name in options)) return `${rest[n]} is not an option.`;
    if (!Number.isInteger(value) || value < 0) return `--${name} needs a whole number.`;
    options[name] = value;
  }
  return options.rounds < 3 ? '--rounds must be at least 3: the first two are dropped.' : undefined;
}
