// Proves that nothing in the repository names a package registry's host or a path of somebody's machine.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryFiles } from './lib/files.mjs';
import { root } from './lib/paths.mjs';

const everywhere = [
  {
    pattern:
      /registry\.(npmjs|yarnpkg|npmmirror)\.\w+|npm\.pkg\.github\.com|\bdeb\.debian\.org|api\.nuget\.org|\bpypi\.org/i,
    what: 'names a package registry',
  },
  { pattern: /^\s*(tarball|resolved|registry)\b["']?\s*[:=]\s*["']?https?:/im, what: 'names a package registry' },
  {
    pattern: /\/work\/(main|shared)\b|\/root\/|\/home\/(?!runner\b)[a-z]\w*\/|\/Users\/[A-Za-z]\w*\//,
    what: 'holds a path of one machine',
  },
];
const inDocs = [{ pattern: /(^|[\s`"'(])\/(work|tmp|home|root|Users)\/\w/, what: 'holds a path of one machine' }];
const binary = /\.(png|jpe?g|gif|ico|woff2?|gz|zip|db|sqlite|wav|mp3|pdf)$/i;

const files = repositoryFiles().filter((path) => !binary.test(path) && statSync(join(root, path)).isFile());
/** @type {string[]} */
const problems = [];
for (const path of files) {
  const rules = path.endsWith('.md') ? [...everywhere, ...inDocs] : everywhere;
  const lines = readFileSync(join(root, path), 'utf8').split('\n');
  for (const [index, line] of lines.entries()) {
    for (const { pattern, what } of rules) {
      if (pattern.test(line)) problems.push(`${path}:${index + 1}: ${what}: ${line.trim().slice(0, 120)}`);
    }
  }
}

if (problems.length > 0) {
  console.log(problems.join('\n'));
  process.exitCode = 1;
} else console.log(`${files.length} files`);
