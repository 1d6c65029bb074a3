// `pnpm check [name …]`: types, lint, format, walls, dead code, docs, words, rules. All run; each says one line.
import { requireNode20 } from './lib/node-version.mjs';

requireNode20();
void import('./lib/checks.mjs').then(async ({ runChecks }) => {
  const { failed } = await runChecks(process.argv.slice(2));
  process.exitCode = failed === 0 ? 0 : 1;
});
