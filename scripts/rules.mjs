// `pnpm rules [id …]`: proves that each rule of docs/spec has a test, and that each test names a rule there is.
// With ids, lists the tests of those rules. The last line is the summary.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryFiles } from './lib/files.mjs';
import { root } from './lib/paths.mjs';
import { disagreements, rulesOf, testsOf } from './lib/rules.mjs';

const wanted = process.argv.slice(2);
const files = repositoryFiles();
const read = (/** @type {string} */ path) => readFileSync(join(root, path), 'utf8');

const pages = files
  .filter((path) => /^docs\/spec\/(?!README)[\w-]+\.md$/.test(path))
  .map((path) => rulesOf(path, read(path)));
const rules = pages.flatMap((page) => page.rules);
const promises = [...read('docs/spec/README.md').matchAll(/^\| (P\d+) \|/gm)].map(([, id = '']) => id);
// The suite that every store must pass holds tests too, for the files that call it.
const tests = files
  .filter((path) => !path.startsWith('scripts/'))
  .filter((path) => /\.test\.tsx?$/.test(path) || /\/src\/suite\/[\w-]+\.ts$/.test(path))
  .flatMap((path) => testsOf(path, read(path)));

if (wanted.length > 0) {
  for (const id of wanted) {
    console.log(`${id} ${rules.find((rule) => rule.id === id)?.sentence ?? 'is no rule'}`);
    for (const test of tests.filter(({ ids }) => ids.includes(id)))
      console.log(`  ${test.file}:${test.line}  ${test.title}`);
  }
} else {
  const problems = [...pages.flatMap((page) => page.problems), ...disagreements(rules, tests, promises)];
  if (problems.length > 0) {
    console.log(problems.join('\n'));
    process.exitCode = 1;
  }
  console.log(
    `${rules.length} rules, ${tests.length} tests of them${problems.length > 0 ? `, ${problems.length} problems` : ''}`,
  );
}
