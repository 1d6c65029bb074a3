import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** `pnpm prove NAME [options]`: one proof in its long form. Each folder here is one; its `prove.ts` says what it takes. */
const [name = '', ...args] = process.argv.slice(2);
const proofs = readdirSync(import.meta.dirname).filter((one) => existsSync(join(import.meta.dirname, one, 'prove.ts')));
if (!proofs.includes(name)) {
  process.stderr.write(
    `${name === '' ? 'Say what to prove' : `There is no proof called ${name}`}: ${proofs.join(', ')}.\n`,
  );
  process.exit(2);
}
const { prove } = (await import(`./${name}/prove.ts`)) as {
  /** @returns the exit code: 0 proven, 1 violated, 2 wrong options */
  prove: (args: string[]) => Promise<number>;
};
process.exit(await prove(args));
