import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow } from './files.mjs';
import { node24, root, rooms } from './paths.mjs';
import { lastLines, run } from './run.mjs';

/** @typedef {{ ok: boolean, summary?: string, output: string }} Outcome */

/** @type {{ name: string, work: () => Promise<Outcome> }[]} */
const checks = [
  { name: 'types', work: checkTypes },
  { name: 'lint', work: () => tool('oxlint', ['--type-aware', '--deny-warnings']) },
  { name: 'format', work: () => tool('oxfmt', ['--check'], 'run "pnpm format" to put it right') },
  { name: 'walls', work: () => script('check-walls.mjs') },
  { name: 'dead code', work: () => tool('knip', ['--no-progress', '--no-config-hints']) },
  { name: 'docs', work: () => script('check-docs.mjs') },
  { name: 'words', work: () => script('check-words.mjs') },
  { name: 'rules', work: () => script('rules.mjs') },
];

/**
 * Runs the static checks, all of them even after a failure. Each prints one line. The first that fails
 * shows its output; in CI, where nobody can ask again, all do.
 * @param {string[]} [only] names; all by default
 * @returns {Promise<{ passed: number, failed: number }>}
 */
export async function runChecks(only = []) {
  const sum = { passed: 0, failed: 0 };
  for (const { name, work } of checks) {
    if (only.length > 0 && !only.includes(name.replace(' ', '-')) && !only.includes(name)) continue;
    const began = Date.now();
    const { ok, output, summary } = await work();
    const seconds = ((Date.now() - began) / 1000).toFixed(1);
    console.log(`${ok ? '✓' : '✗'} ${name}${summary ? `: ${summary}` : ''} (${seconds} s)`);
    const inFull = sum.failed === 0 || only.length > 0 || process.env.CI !== undefined;
    if (!ok) console.log(inFull ? lastLines(output, 200) : `  see it with: pnpm check ${name.replace(' ', '-')}`);
    sum[ok ? 'passed' : 'failed'] += 1;
  }
  if (sum.passed + sum.failed === 0) {
    console.log(`There is no such check; there are: ${checks.map(({ name }) => name.replace(' ', '-')).join(', ')}.`);
    sum.failed = 1;
  }
  return sum;
}

/** @returns {Promise<Outcome>} */
async function checkTypes() {
  const projects = [...rooms().map(({ folder }) => folder), 'scripts'].filter(
    (folder) =>
      existsSync(join(root, folder, 'tsconfig.json')) &&
      filesBelow(folder).some((path) => /\.(ts|tsx|mjs)$/.test(path)),
  );
  const queue = [...projects];
  /** @type {string[]} */
  const failures = [];
  const lane = async () => {
    for (let folder = queue.shift(); folder !== undefined; folder = queue.shift()) {
      const { code, output } = await run(node24, [
        join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
        '--project',
        folder,
      ]);
      if (code !== 0) failures.push(`${folder}:\n${output}`);
    }
  };
  await Promise.all([lane(), lane()]);
  const summary =
    failures.length > 0 ? `${failures.length} of ${projects.length} projects fail` : `${projects.length} projects`;
  return { ok: failures.length === 0, summary, output: failures.join('\n') };
}

/**
 * @param {string} name a command of the root's dependencies
 * @param {string[]} args
 * @param {string} [advice]
 * @returns {Promise<Outcome>}
 */
async function tool(name, args, advice) {
  const { code, output } = await run(node24, [commandPath(name), ...args]);
  return { ok: code === 0, output, ...(code !== 0 && advice ? { summary: advice } : {}) };
}

/**
 * @param {string} name
 * @returns {string} the script behind a command, since the shims in .bin are not for Node
 */
function commandPath(name) {
  const folder = join(root, 'node_modules', name);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof bin === 'string' ? bin : bin[name]);
}

/**
 * @param {string} name a file of this folder's parent; its last line is the summary
 * @returns {Promise<Outcome>}
 */
async function script(name) {
  const { code, output } = await run(node24, [join(root, 'scripts', name)]);
  return code === 0 ? { ok: true, summary: lastLines(output, 1), output } : { ok: false, output };
}
